"""From pixels to a file that Telegram accepts as a static sticker."""

from io import BytesIO

import cv2
import numpy as np
from PIL import Image
from torch import Tensor

SIZE = 512  # pixels; https://core.telegram.org/stickers: one side exactly 512
MAX_BYTES = 512 * 1024  # https://core.telegram.org/stickers

VISIBLE = 0.02  # alpha below which the subject's colour can be neither recovered nor seen
SOLID = 0.97  # alpha above which no background shines through
FRINGE = 5  # pixels: how deep the white background has bled into the soft edges of a subject
REACH = 14.0  # pixels: how far from the subject's interior pixels take its colour
FADE = 4.0  # pixels: the last part of REACH, over which the effect fades out
DARKER = 0.02  # a pixel darker than the subject by this, in any channel, is not whitened


def compose(image: Tensor, alpha: Tensor) -> Image.Image:
    """An image (3, H, W) in [0, 1] on white, and its alpha (H, W) → RGBA without white fringes.

    A pixel on an edge mixes the subject's own colour C with white: I = a·C + (1 - a)·1.  Solving
    for C makes the sticker look right on a dark chat, too.  But that needs an alpha that is exact
    to the pixel, and the model draws softer edges: see `_fringe`.
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
    """The subject's colour next to each pixel (H, W, 3), and the share (H, W) of it to take.

    Along the edges of an image (H, W, 3) on white, a pixel takes the colour of the nearest pixel
    that is well inside the subject, unless it is darker than that one: then it is an outline.
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
    inner = cv2.GaussianBlur(colours[nearest], (0, 0), 1.5)  # else colours form rays
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
    """The images side by side on white, in rows of `columns` (default: nearly a square)."""
    columns = columns or int(np.ceil(np.sqrt(len(images))))
    rows = -(-len(images) // columns)
    width, height = images[0].size
    page = Image.new("RGB", (columns * width, rows * height), "white")
    for i, image in enumerate(images):
        place = (i % columns * width, i // columns * height)
        page.paste(image, place, image if image.mode == "RGBA" else None)
    return page
