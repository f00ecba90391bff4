"""Pictures: what an uploaded one really is, what Telegram makes of a photo, and two samples."""

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

#: The largest sides of the sizes in which Telegram keeps a photo.
PHOTO_SIDES = (90, 320, 800, 1280)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
#: More pixels than any limit of Telegram allows; never decode beyond it.
MAX_PIXELS = 5000 * 5000


@dataclass(frozen=True)
class ImageInfo:
    """The facts about an image, read from its bytes and not from its name."""

    format: str
    width: int
    height: int
    animated: bool


def inspect(data: bytes) -> ImageInfo | None:
    """Format and size of ``data``; None when Pillow cannot read it as a whole image."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            info = ImageInfo(
                image.format or "", image.width, image.height, getattr(image, "n_frames", 1) > 1
            )
            if image.width * image.height <= MAX_PIXELS:
                image.load()  # the header may be right and the rest missing
            return info
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def photo_sizes(data: bytes) -> list[bytes]:
    """The JPEG files Telegram makes of a photo: smallest first, transparency on white."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as source:
        rgba = source.convert("RGBA")
    image = Image.new("RGB", rgba.size, "white")
    image.paste(rgba, mask=rgba)
    largest = max(image.size)
    sides = [side for side in PHOTO_SIDES if side < largest]
    if len(sides) < len(PHOTO_SIDES):
        sides.append(largest)
    return [_jpeg(image, side) for side in sides]


def sample_sticker() -> bytes:
    """A sticker that a user of the chat page can send: a smile, 512x512 WebP."""
    image = Image.new("RGBA", (512, 512))
    draw = ImageDraw.Draw(image)
    draw.ellipse((24, 24, 488, 488), fill="#ffd54a", outline="#ffffff", width=16)
    for x in (176, 336):
        draw.ellipse((x - 28, 160, x + 28, 240), fill="#5b3a1e")
    draw.chord((136, 208, 376, 408), 0, 180, fill="#5b3a1e")
    return _encode(image, "WEBP")


def sample_photo() -> bytes:
    """A photo that a user of the chat page can send: hills at sunset, JPEG."""
    image = Image.new("RGB", (800, 600), "#ffb877")
    draw = ImageDraw.Draw(image)
    draw.ellipse((300, 170, 500, 370), fill="#fff1c9")
    draw.ellipse((-200, 320, 560, 1000), fill="#6d8f5e")
    draw.ellipse((300, 360, 1100, 1100), fill="#4f7350")
    return _encode(image, "JPEG")


def _jpeg(image: Image.Image, side: int) -> bytes:
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return _encode(small, "JPEG")


def _encode(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=87)
    return buffer.getvalue()
