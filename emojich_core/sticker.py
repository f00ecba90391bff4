"""From pixels to a file that Telegram takes as a static sticker."""

from io import BytesIO

import numpy as np
from PIL import Image
from torch import Tensor

SIZE = 512  # pixels; https://core.telegram.org/stickers: one side exactly 512
MAX_BYTES = 512 * 1024  # https://core.telegram.org/stickers

VISIBLE = 0.02  # below this alpha the colour behind cannot be recovered, nor seen


def compose(image: Tensor, alpha: Tensor) -> Image.Image:
    """An image (3, H, W) in [0, 1] on white, and its alpha (H, W) → RGBA without white fringes.

    Where the edge runs through a pixel, white shines through: I = a·C + (1 - a)·1.  Solving for the
    subject's own colour C lets the sticker stand on a dark chat as well as on a light one.
    """
    blended = image.float().permute(1, 2, 0).cpu().numpy()
    a = alpha.float().cpu().numpy()[..., None]
    colour = np.where(a > VISIBLE, (blended - (1 - a)) / np.maximum(a, VISIBLE), 1)
    rgba = np.concatenate((colour.clip(0, 1), np.where(a > VISIBLE, a, 0)), axis=-1)
    return Image.fromarray((rgba * 255).round().astype(np.uint8), "RGBA")


def on_white(image: Image.Image) -> Image.Image:
    """The image as RGB, on white where it is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image)
    return page.convert("RGB")


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
