"""What follows the decoder: Real-ESRGAN, and cutting out by U-Net or by contours."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from rudalle.pipelines import classic_convert_emoji_to_rgba, convert_emoji_to_rgba
from torch import Tensor, nn

from emojich_core.matting import MattingConfig, contour_alpha, cut_out
from emojich_core.upscale import UpscaleConfig, upscale
from parity.compare import Compare, differing, largest
from parity.reference import upscalers

Pixels = NDArray[np.uint8]

# --- Real-ESRGAN ----------------------------------------------------------------------------------

WIDTHS = {
    "small": {"num_feat": 16, "num_block": 2, "num_grow_ch": 8},
    "published": {},
}


@pytest.mark.parametrize("width", ["small", pytest.param("published", marks=pytest.mark.full)])
@pytest.mark.parametrize("scale", [2, 4])
def test_upscale(scale: int, width: str, compare: Compare) -> None:
    theirs, ours = upscalers(UpscaleConfig(scale=scale, **WIDTHS[width]))
    pixels = np.random.default_rng(0).integers(256, size=(100, 100, 3), dtype=np.uint8)
    images = _to_tensor(pixels)[None]
    compare(
        "Real-ESRGAN, whole picture",
        f"x{scale}, {width}, 100×100",
        ours=lambda: upscale(ours, images, 100 * scale),
        theirs=lambda: theirs.model(images).clamp(0, 1),
        error=largest,
    )


@pytest.mark.parametrize("width", ["small", pytest.param("published", marks=pytest.mark.full)])
@pytest.mark.parametrize("scale", [2, 4])
def test_upscale_in_the_tiles_of_ru_dalle(scale: int, width: str, compare: Compare) -> None:
    """`predict` cuts a picture into tiles of 192, overlapping by 24; ours takes it whole.

    So its tiling is run once with either network, on sides that no tile divides.
    """
    theirs, ours = upscalers(UpscaleConfig(scale=scale, **WIDTHS[width]))
    reference = theirs.model
    pixels = np.random.default_rng(0).integers(256, size=(203, 149, 3), dtype=np.uint8)

    def predict(network: nn.Module) -> Tensor:
        theirs.model = network
        return torch.from_numpy(np.array(theirs.predict(pixels)))

    compare(
        "Real-ESRGAN, in tiles, 8 bit",
        f"x{scale}, {width}, 203×149",
        ours=lambda: predict(ours),
        theirs=lambda: predict(reference),
        error=differing,
    )


# --- Matting --------------------------------------------------------------------------------------

SIDE = 512  # ru-dalle's fall-back knows no other


def _canvas(colour: int = 255) -> Pixels:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def _disc() -> Pixels:
    pixels = _canvas()
    cv2.circle(pixels, (256, 240), 180, (230, 40, 20), -1, cv2.LINE_AA)
    return pixels


def _ring() -> Pixels:
    pixels = _canvas()
    cv2.circle(pixels, (256, 256), 150, (30, 90, 200), 60, cv2.LINE_AA)
    return pixels


def _many_holes() -> Pixels:
    """More white areas than are cut out, some of the very same length."""
    pixels = _canvas()
    cv2.rectangle(pixels, (20, 20), (490, 490), (90, 160, 60), -1)
    for i in range(16):
        centre = 80 + i % 4 * 115, 80 + i // 4 * 115
        cv2.circle(pixels, centre, 10 + i // 2 * 4, (255, 255, 255), -1)
    return pixels


def _almost_white() -> Pixels:
    """A ramp through the threshold, with noise."""
    ramp = np.linspace(225, 255, SIDE)[None, :, None] + np.zeros((SIDE, SIDE, 3))
    return (ramp + np.random.default_rng(0).normal(0, 3, ramp.shape)).clip(0, 255).astype(np.uint8)


def _noise() -> Pixels:
    return np.random.default_rng(1).integers(200, 256, size=(SIDE, SIDE, 3), dtype=np.uint8)


PICTURES: dict[str, Callable[[], Pixels]] = {
    "disc": _disc,
    "ring": _ring,
    "many holes": _many_holes,
    "almost white": _almost_white,
    "noise": _noise,
    "white": _canvas,
    "grey": lambda: _canvas(128),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_contour_alpha(picture: str, compare: Compare) -> None:
    pixels = PICTURES[picture]()
    compare(
        "alpha by contours",
        f"{picture}, {SIDE}×{SIDE}",
        ours=lambda: contour_alpha(_to_tensor(pixels)),
        theirs=lambda: _their_alpha(classic_convert_emoji_to_rgba(pixels)),
        error=differing,
    )


class Answer(nn.Module):
    """A U-Net whose answer is given: the logits (2, H, W) of every picture."""

    def __init__(self, logits: Tensor):
        super().__init__()
        self.logits = logits

    def forward(self, images: Tensor) -> Tensor:
        return self.logits.expand(len(images), -1, -1, -1)


@pytest.mark.parametrize(("sureness", "method"), [(40, "unet"), (1, "classic")])
@pytest.mark.parametrize("picture", ["disc", "ring", "many holes"])
def test_unet_alpha_and_when_it_is_believed(
    picture: str, sureness: float, method: str, compare: Compare
) -> None:
    """Ours is soft: the probability of the subject.  Cut at one half it is ru-dalle's, hard."""
    pixels = PICTURES[picture]()
    noise = torch.randn(2, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    subject = torch.from_numpy(pixels.min(axis=2) < 200).float()
    unet = Answer(sureness * torch.stack((0.5 - subject, subject - 0.5)) + noise)
    methods: list[str] = []

    def ours() -> Tensor:
        [(alpha, found)] = cut_out(unet, MattingConfig(), _to_tensor(pixels)[None])
        methods.append({"unet": "unet", "contour": "classic"}[found])
        return (alpha > 0.5).float()

    def theirs() -> Tensor:
        [image], runs = convert_emoji_to_rgba([Image.fromarray(pixels)], unet)
        methods.extend(runs)
        return _their_alpha(np.array(image))

    size = f"{picture}, {SIDE}×{SIDE}, {'sure' if method == 'unet' else 'unsure'}"
    compare("alpha by U-Net", size, ours=ours, theirs=theirs, error=differing)
    assert methods == [method, method]


def _to_tensor(pixels: Pixels) -> Tensor:
    """Pixels (H, W, 3) → image (3, H, W) in [0, 1]."""
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def _their_alpha(rgba: Pixels) -> Tensor:
    """Pixels (H, W, 4) → alpha (H, W) in [0, 1]."""
    return torch.from_numpy(rgba[:, :, 3]).float() / 255
