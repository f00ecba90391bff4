"""White parts that the U-Net took for background: a rocket's body, a ghost's eyes.

`white_parts.tsv` has the captions of things that the art draws with white in them, and without
holes.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from emojich_core.reading.tables import rows

CAPTIONS = Path(__file__).with_name("white_parts.tsv")
SOLID = 247  # alpha of 255 from which on no background shines through


def with_white_parts(picture: Image.Image, caption: str) -> Image.Image:
    """A picture (RGBA) of what a caption shows, without holes if the thing has none in the art."""
    if caption not in captions():
        return picture
    pixels = np.asarray(picture).copy()
    inside = _enclosed(pixels[..., 3])
    alpha = pixels[inside, 3:] / 255
    pixels[inside, :3] = (pixels[inside, :3] * alpha + 255 * (1 - alpha)).round()
    pixels[inside, 3] = 255
    return Image.fromarray(pixels)


def _enclosed(alpha: np.ndarray) -> np.ndarray:
    """Which pixels of alpha (H, W) are transparent, and have no way to the border."""
    clear = np.pad((alpha < SOLID).astype(np.uint8), 1, constant_values=1)
    _, areas = cv2.connectedComponents(clear, connectivity=4)
    areas = areas[1:-1, 1:-1]
    return (alpha < SOLID) & (areas != 1)  # 1: the first area, to which the border belongs


@cache
def captions() -> frozenset[str]:
    """The captions of things with white parts."""
    return frozenset(caption for (caption,) in rows(CAPTIONS))
