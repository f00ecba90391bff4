"""From pixels to a file that Telegram takes as a static sticker."""

from io import BytesIO

import cv2
import numpy as np
from PIL import Image
from torch import Tensor

SIZE = 512  # pixels; https://core.telegram.org/stickers: one side exactly 512
MAX_BYTES = 512 * 1024  # https://core.telegram.org/stickers

VISIBLE = 0.02  # below this alpha the colour behind cannot be recovered, nor seen
SOLID = 0.97  # above it nothing shines through
FRINGE = 5  # pixels: so deep into a subject that was drawn with soft edges white has run
REACH = 14.0  # pixels from where the subject has its own colour to where that is no longer told
FADE = 4.0  # pixels: over the last of them it fades
DARKER = 0.02  # what is darker than the subject by this, in any channel, is no white on it


def compose(image: Tensor, alpha: Tensor) -> Image.Image:
    """An image (3, H, W) in [0, 1] on white, and its alpha (H, W) → RGBA without white fringes.

    Where the edge runs through a pixel, white shines through: I = a·C + (1 - a)·1.  Solving for the
    subject's own colour C lets the sticker stand on a dark chat as well as on a light one.  But it
    takes an alpha that is right to the pixel, and edges are drawn softer than that: see `_fringe`.
    """
    blended = image.float().permute(1, 2, 0).cpu().numpy()
    a = alpha.float().cpu().numpy()
    shown = a[..., None] > VISIBLE
    solved = (blended - (1 - a[..., None])) / np.maximum(a[..., None], VISIBLE)
    inner, share = _fringe(blended, a)
    colour = solved.clip(0, 1)
    colour += share[..., None] * (inner - colour)
    rgba = np.concatenate((np.where(shown, colour, 1), np.where(shown, a[..., None], 0)), axis=-1)
    return Image.fromarray((rgba * 255).round().astype(np.uint8), "RGBA")


def _fringe(blended: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The colour that the subject has next to each pixel, (H, W, 3), and how much of it to take.

    Along the edges of an image (H, W, 3) on white a pixel takes the colour of the nearest one that
    is well inside of the subject, unless it is darker than that: then it is an outline.
    """
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * FRINGE + 1,) * 2)
    inside = cv2.erode((alpha > SOLID).astype(np.uint8), disc)
    if not inside.any():
        return blended, np.zeros_like(alpha)
    away, nearest = cv2.distanceTransformWithLabels(
        1 - inside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((nearest.max() + 1, 3), np.float32)
    colours[nearest[inside > 0]] = blended[inside > 0]
    inner = cv2.GaussianBlur(colours[nearest], (0, 0), 1.5)  # or every pixel would draw a ray
    lighter = (blended >= inner - DARKER).all(axis=-1) & (inside == 0)
    share = cv2.GaussianBlur(lighter.astype(np.float32), (0, 0), 1)
    return inner, share * ((REACH - away) / FADE).clip(0, 1) * (inside == 0)


def to_webp(image: Image.Image) -> bytes:
    """The image as WebP of at most MAX_BYTES, as good as fits."""
    for quality in (95, 90, 80, 65, 50, 30, 10):
        buffer = BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=4)
        if buffer.tell() <= MAX_BYTES:
            break
    return buffer.getvalue()


def grid(images: list[Image.Image], columns: int | None = None) -> Image.Image:
    """The images side by side on white, in rows of `columns` (default: as square as can be)."""
    columns = columns or int(np.ceil(np.sqrt(len(images))))
    rows = -(-len(images) // columns)
    width, height = images[0].size
    page = Image.new("RGB", (columns * width, rows * height), "white")
    for i, image in enumerate(images):
        place = (i % columns * width, i // columns * height)
        page.paste(image, place, image if image.mode == "RGBA" else None)
    return page
