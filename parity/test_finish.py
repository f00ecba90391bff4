"""The stages after the decoder: Real-ESRGAN, and cutting out by U-Net or by contours."""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from rudalle.pipelines import classic_convert_emoji_to_rgba, convert_emoji_to_rgba
from torch import Tensor, nn

from emojich_core.bundles.published import CHOICES
from emojich_core.networks.matting import contour_alpha, cut_out, without_specks
from emojich_core.networks.upscale import UpscaleConfig, upscale, upscale_tiles
from parity.compare import Compare, differing, largest, relative
from parity.reference import first_convert_emoji_to_rgba, real_esrganer, unets, upscalers

Pixels = NDArray[np.uint8]
Nets = Callable[[str, float], tuple[nn.Module, nn.Module]]
Edges = Literal["soft", "hard"]

# --- Real-ESRGAN ----------------------------------------------------------------------------------

WIDTHS: dict[str, dict[str, Any]] = {
    "small": {"num_feat": 16, "num_block": 2, "num_grow_ch": 8},
    "published": {},
}


@pytest.mark.parametrize("width", ["small", pytest.param("published", marks=pytest.mark.full)])
@pytest.mark.parametrize("scale", [2, 4, 8])
def test_upscaled_picture_equals_ru_dalle(scale: int, width: str, compare: Compare) -> None:
    config = UpscaleConfig(scale=scale, tile=None, **WIDTHS[width])
    theirs, ours = upscalers(config)
    side = 40 if scale == 8 else 100
    pixels = np.random.default_rng(0).integers(256, size=(side, side, 3), dtype=np.uint8)
    images = _to_tensor(pixels)[None]
    compare(
        "Real-ESRGAN, whole picture",
        f"x{scale}, {width}, {side}×{side}",
        ours=lambda: upscale(ours, config, images, side * scale),
        theirs=lambda: theirs.model(images).clamp(0, 1),
        error=largest,
    )


@pytest.mark.parametrize("width", ["small", pytest.param("published", marks=pytest.mark.full)])
@pytest.mark.parametrize("scale", [2, 4, 8])
def test_tiled_upscaling_equals_ru_dalle(scale: int, width: str, compare: Compare) -> None:
    """`predict` takes a picture in tiles of 192, whose side divides neither of this one's.

    It truncates to 8 bits: where the last bit of a float32 decides about that, they differ by 1.
    """
    config = UpscaleConfig(scale=scale, **WIDTHS[width])
    theirs, ours = upscalers(config)
    height, width_px = (100, 60) if scale == 8 else (203, 149)
    pixels = np.random.default_rng(0).integers(256, size=(height, width_px, 3), dtype=np.uint8)

    def our_pixels() -> Tensor:
        image = upscale_tiles(ours, scale, 192, _to_tensor(pixels)[None]).clamp(0, 1)[0]
        return (image.permute(1, 2, 0).double() * 255).to(torch.uint8)  # it truncates

    def error(ours: Tensor, theirs: Tensor) -> float:
        assert largest(ours.int(), theirs.int()) <= 1
        return differing(ours, theirs)

    compare(
        "Real-ESRGAN, in tiles, 8 bit",
        f"x{scale}, {width}, {height}×{width_px}",
        ours=our_pixels,
        theirs=lambda: torch.from_numpy(np.array(theirs.predict(pixels))),
        error=error,
        limit=1e-3,
    )


@pytest.mark.parametrize("width", ["small", pytest.param("published", marks=pytest.mark.full)])
@pytest.mark.parametrize("scale", [2, 4])
def test_upscaled_picture_equals_real_esrgan(
    scale: int, width: str, compare: Compare, tmp_path: Path
) -> None:
    """`enhance` takes a picture whole, and rounds to 8 bits."""
    config = UpscaleConfig(scale=scale, tile=None, **WIDTHS[width])
    theirs, ours = real_esrganer(config, tmp_path / "upscale.pth")
    pixels = np.random.default_rng(0).integers(256, size=(100, 100, 3), dtype=np.uint8)

    def our_pixels() -> Tensor:
        [image] = upscale(ours, config, _to_tensor(pixels)[None], 100 * scale)
        return (image.permute(1, 2, 0) * 255).round().to(torch.uint8)

    def their_pixels() -> Tensor:
        enlarged, _ = theirs.enhance(np.ascontiguousarray(pixels[..., ::-1]))  # BGR, as OpenCV's
        return torch.from_numpy(enlarged[..., ::-1].copy())

    compare(
        "Real-ESRGAN's `enhance`, 8 bit",
        f"x{scale}, {width}, 100×100",
        ours=our_pixels,
        theirs=their_pixels,
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
def test_contour_mask_equals_ru_dalle(picture: str, compare: Compare) -> None:
    pixels = PICTURES[picture]()
    compare(
        "alpha by contours",
        f"{picture}, {SIDE}×{SIDE}",
        ours=lambda: contour_alpha(_to_tensor(pixels)),
        theirs=lambda: _their_alpha(classic_convert_emoji_to_rgba(pixels)),
        error=differing,
    )


UNETS = {name: part.config for name, part in CHOICES["matting"].items()}
SEEN = ("disc", "many holes", "noise")
FEW = 1e-4  # share of pixels about which the last bits of a float32 may decide


@pytest.fixture(scope="module")
def nets() -> Nets:
    """The U-Nets of a published name, theirs and ours; `gain` multiplies their logits."""
    images = torch.stack([_to_tensor(PICTURES[picture]()) for picture in SEEN])
    made = cache(lambda name: unets(UNETS[name], images))

    def scaled(name: str, gain: float) -> tuple[nn.Module, nn.Module]:
        theirs, ours = copy.deepcopy(made(name))
        for net in (theirs, ours):
            for parameter in net.get_submodule("segmentation_head").parameters():
                parameter.mul_(gain)
        return theirs, ours

    return scaled


@pytest.mark.parametrize("name", UNETS)
def test_unet_logits_equal_ru_dalle(name: str, nets: Nets, compare: Compare) -> None:
    theirs, ours = (net.double() for net in nets(name, 1))
    images = F.interpolate(_to_tensor(_many_holes())[None], 256, mode="area").double()
    compare(
        "U-Net logits, float64",
        f"{name}, 256×256",
        ours=lambda: ours(images),
        theirs=lambda: theirs(images),
        error=lambda ours, theirs: relative(ours.flatten(), theirs.flatten()),
        limit=1e-12,
    )


@pytest.mark.parametrize(("gain", "method"), [(1e5, "unet"), (1, "classic")])
@pytest.mark.parametrize("picture", ["disc", "many holes"])
def test_mask_and_choice_of_the_second_unet_equal_ru_dalle(
    picture: str, gain: float, method: str, nets: Nets, compare: Compare
) -> None:
    """Two classes: the likelier one at each pixel.

    Ours is soft.  Cut at one half it is the same, but for the islands that it leaves out.
    """
    pixels = PICTURES[picture]()
    their_unet, our_unet = nets("effnetb5", gain)
    methods: list[str] = []

    def ours(edges: Edges) -> Tensor:
        config = replace(UNETS["effnetb5"], edges=edges)
        [(alpha, found)] = cut_out(our_unet, config, _to_tensor(pixels)[None])
        methods.append({"unet": "unet", "contour": "classic"}[found])
        return (alpha > 0.5).float()

    def theirs() -> Tensor:
        [image], runs = convert_emoji_to_rgba([Image.fromarray(pixels)], their_unet)
        methods.extend(runs)
        return _their_alpha(np.array(image))

    size = f"effnetb5, {picture}, {'sure' if method == 'unet' else 'unsure'}"
    compare(
        "hard alpha by U-Net",
        size,
        ours=lambda: ours("hard"),
        theirs=theirs,
        error=differing,
        limit=FEW,
    )
    compare(
        "soft alpha by U-Net, cut at 1/2",
        size,
        ours=lambda: ours("soft"),
        theirs=lambda: without_specks(theirs()) if method == "unet" else theirs(),
        error=differing,
        limit=FEW,
    )
    assert methods == [method] * 4


@pytest.mark.parametrize("picture", SEEN)
def test_mask_of_the_first_unet_equals_ru_dalle(picture: str, nets: Nets, compare: Compare) -> None:
    """One class, as ru-dalle 0.3.0 had it: no fall-back, and a line along the contours is cut."""
    pixels = PICTURES[picture]()
    their_unet, our_unet = nets("effnetb7", 1e5)
    config = replace(UNETS["effnetb7"], edges="hard")

    def theirs() -> Tensor:
        [image] = first_convert_emoji_to_rgba([Image.fromarray(pixels)], their_unet)
        return _their_alpha(np.array(image))

    compare(
        "hard alpha by U-Net",
        f"effnetb7, {picture}",
        ours=lambda: cut_out(our_unet, config, _to_tensor(pixels)[None])[0][0],
        theirs=theirs,
        error=differing,
        limit=FEW,
    )


def _to_tensor(pixels: Pixels) -> Tensor:
    """Pixels (H, W, 3) → image (3, H, W) in [0, 1]."""
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def _their_alpha(rgba: Pixels) -> Tensor:
    """Pixels (H, W, 4) → alpha (H, W) in [0, 1]."""
    return torch.from_numpy(rgba[:, :, 3]).float() / 255
