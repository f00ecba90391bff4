from io import BytesIO

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from emojich_core.networks.matting import (
    MattingConfig,
    contour_alpha,
    cut_out,
    hard_alpha,
    make_unet,
    without_specks,
)
from emojich_core.sticker import MAX_BYTES, SIZE, compose, grid, to_webp


def disc(size: int = SIZE) -> tuple[torch.Tensor, torch.Tensor]:
    """A soft-edged red disc on white, and its true alpha."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    radius = ((y - size / 2) ** 2 + (x - size / 2) ** 2).sqrt()
    alpha = (size * 0.35 - radius + 0.5).clamp(0, 1)
    red = torch.tensor([0.9, 0.1, 0.1])[:, None, None]
    return red * alpha + (1 - alpha), alpha


def steeper(alpha: torch.Tensor) -> torch.Tensor:
    """From 0 to 1 over half as many pixels, the edge where it was."""
    return (2 * alpha - 0.5).clamp(0, 1)


class Fixed(torch.nn.Module):
    """A network whose answer is given: logits for a wanted probability."""

    def __init__(self, probability: torch.Tensor):
        super().__init__()
        self.probability = probability.clamp(1e-4, 1 - 1e-4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.stack(((1 - self.probability).log(), self.probability.log()))[None]


def test_contours_cut_white_out_and_keep_the_subject() -> None:
    image, alpha = disc()
    found = contour_alpha(image)
    assert found.unique().tolist() == [0, 1]
    assert found[0, 0] == 0
    assert found[SIZE // 2, SIZE // 2] == 1
    assert (found - alpha).abs().mean() < 0.02


def test_contours_of_a_picture_without_white_keep_all() -> None:
    assert contour_alpha(torch.full((3, 64, 64), 0.5)).min() == 1


def test_unet_mask_is_used_when_it_is_confident() -> None:
    image, alpha = disc()
    config = MattingConfig(confidence=0.9)
    [(found, method)] = cut_out(Fixed(alpha), config, image[None])
    assert method == "unet"
    torch.testing.assert_close(found, steeper(alpha), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("encoder", "paddings"),
    [("b5", {13: (0, 1, 0, 1), 27: (1, 2, 1, 2)}), ("b7", {18: (0, 1, 0, 1), 38: (1, 2, 1, 2)})],
)
def test_the_unet_pads_as_the_library_that_trained_the_published_weights(
    encoder: str, paddings: dict[int, tuple[int, ...]]
) -> None:
    with torch.device("meta"):
        unet = make_unet(MattingConfig(f"efficientnet-{encoder}"))
    blocks = unet.encoder._blocks
    found = {i: blocks[i]._depthwise_conv.static_padding.padding for i in paddings}
    assert found == paddings


def test_specks_are_removed_from_the_mask() -> None:
    _, alpha = disc()
    spoilt = alpha.clone()
    spoilt[:8, :8] = 0.3
    torch.testing.assert_close(without_specks(spoilt), alpha)


@pytest.mark.parametrize("probability", [0.6, 0.0])
def test_contours_are_used_when_the_unet_is_unsure_or_finds_nothing(probability: float) -> None:
    image, _ = disc()
    unsure = Fixed(torch.full((SIZE, SIZE), probability))
    [(found, method)] = cut_out(unsure, MattingConfig(confidence=0.9), image[None])
    assert method == "contour"
    assert found[SIZE // 2, SIZE // 2] == 1


def test_unet_with_one_class_equals_unet_with_two() -> None:
    image, alpha = disc()
    alpha = alpha.clamp(1e-4, 1 - 1e-4)

    def unet(images: torch.Tensor) -> torch.Tensor:
        return alpha.logit()[None, None]

    config = MattingConfig(classes=1, confidence=0.9)
    [(found, method)] = cut_out(unet, config, image[None])  # type: ignore[arg-type]
    assert method == "unet"
    torch.testing.assert_close(found, steeper(alpha), atol=1e-3, rtol=0)


def test_hard_edges_are_those_of_ru_dalle() -> None:
    image, alpha = disc()
    config = MattingConfig(confidence=0.9, edges="hard")
    [(found, _)] = cut_out(Fixed(alpha), config, image[None])
    assert found.equal((alpha > 0.5).float())


def test_rim_removes_the_outermost_pixels() -> None:
    subject = torch.zeros(7, 7)
    subject[1:6, 1:6] = 1
    expected = torch.zeros(7, 7)
    expected[2:5, 2:5] = 1
    assert hard_alpha(torch.stack((1 - subject, subject)), rim=1).equal(expected)


def test_edges_keep_the_colour_of_the_subject() -> None:
    image, alpha = disc()
    sticker = compose(image, alpha)
    edge = [
        sticker.getpixel((x, SIZE // 2)) for x in range(SIZE) if 0.3 < alpha[SIZE // 2, x] < 0.7
    ]
    assert edge
    for red, green, blue, _ in edge:  # type: ignore[misc]
        assert abs(red - 230) < 4
        assert abs(green - 26) < 4
        assert abs(blue - 26) < 4


def blurred(picture: torch.Tensor) -> torch.Tensor:
    """(3, H, W), softened over some ten pixels as a small decoder does."""
    pixels = cv2.GaussianBlur(picture.permute(1, 2, 0).numpy(), (0, 0), 3)
    return torch.from_numpy(pixels).permute(2, 0, 1)


def test_white_that_bled_into_the_subject_is_restored() -> None:
    image, alpha = disc()
    sticker = np.asarray(compose(blurred(image), alpha)).astype(int)
    seen = sticker[..., 3] > 5
    assert np.abs(sticker[seen][:, :3] - (230, 26, 26)).max() < 16


def test_dark_outlines_are_kept() -> None:
    image, alpha = disc()
    inner = cv2.erode(alpha.numpy(), np.ones((9, 9)))
    outlined = image * torch.from_numpy(inner) + 0.9 * (1 - alpha)
    outlined += 0.1 * (1 - torch.from_numpy(inner))
    row = np.asarray(compose(outlined, alpha))[SIZE // 2].astype(int)
    [first, *_] = np.flatnonzero(row[:, 3] == 255)
    assert row[first + 1 : first + 3, :3].max() < 60


def test_noise_of_full_size_still_fits_telegram() -> None:
    noise = Image.effect_noise((SIZE, SIZE), 200).convert("RGB")
    noise.putalpha(Image.effect_noise((SIZE, SIZE), 200))
    data = to_webp(noise)
    assert len(data) <= MAX_BYTES
    decoded = Image.open(BytesIO(data))
    assert (decoded.format, decoded.size, decoded.mode) == ("WEBP", (SIZE, SIZE), "RGBA")


def test_grid_lays_images_out_in_rows() -> None:
    tiles = [Image.new("RGBA", (10, 10), colour) for colour in ("red", "blue", "lime")]
    page = grid(tiles)
    assert page.size == (20, 20)
    assert page.getpixel((15, 5)) == (0, 0, 255)
    assert page.getpixel((15, 15)) == (255, 255, 255)
    assert grid(tiles, columns=3).size == (30, 10)
