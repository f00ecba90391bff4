"""How crisp stickers are: how much fine detail they have inside, beside the drawings' own."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from PIL import Image

from emojich_core.training.data.art import Glyph, render
from emojich_core.training.evaluation.figures import Figure

SIDE = 512  # pixels of a sticker
BLUR = 3.0  # sigma in pixels: what a blur takes away is fine
RIM = 10  # pixels at the edge of the subject, where all pictures are sharp
LEAST = 3000  # pixels inside, for a measurement
DRAWINGS = 150  # of the art, in the style that the stickers mostly have
STYLE = "fluent-emoji-flat"


def crisp_figures(stickers: Sequence[Image.Image], glyphs: Sequence[Glyph]) -> list[Figure]:
    """The median energy of fine detail of stickers, as a share of that of the art's drawings.

    No figure where there is nothing to measure.
    """
    mine = [glyph for glyph in glyphs if glyph.style == STYLE]
    order = np.random.default_rng(0).permutation(len(mine))[:DRAWINGS]
    art = _details(Image.fromarray(render(mine[i], SIDE)) for i in order)
    details = _details(stickers)
    if not art or not details:
        return []
    ratio = float(np.median(details) / np.median(art))
    return [Figure("crispness", "fine detail inside, against the art's", ratio, at_least=0.6)]


def detail(sticker: Image.Image) -> float | None:
    """The mean squared difference from a blurred copy, inside the subject; None if it is small."""
    rgba = np.asarray(sticker.convert("RGBA").resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    alpha = rgba[..., 3:].astype(np.float32) / 255
    on_white = rgba[..., :3] / np.float32(255) * alpha + 1 - alpha
    solid = (alpha[..., 0] > 0.9).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inside = cv2.erode(solid, cross, iterations=RIM, borderValue=0).astype(bool)
    if inside.sum() < LEAST:
        return None
    fine = on_white - cv2.GaussianBlur(on_white, (0, 0), BLUR)
    return float((fine[inside] ** 2).mean())


def _details(pictures: Iterable[Image.Image]) -> list[float]:
    return [each for each in map(detail, pictures) if each is not None]
