"""Opens pictures that users send.  No torch, no numpy: the bot imports this module, too."""

import warnings
from enum import StrEnum
from io import BytesIO

from PIL import Image, ImageOps

# Pillow would try every format that it knows, and start Ghostscript for one of them.
FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 20_000_000  # what a bot may download: https://core.telegram.org/bots/api#getfile
SIDE = 512  # pixels: no published bundle reads more
MAX_PIXELS = 25_000_000  # a phone's 24 megapixels; decoded, they take 100 MB

# Pillow only warns from 89 megapixels on; `_check_header` refuses fewer.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class Problem(StrEnum):
    """Why a picture is not opened."""

    TOO_LARGE = "too-large"
    MOVING = "moving"
    UNREADABLE = "unreadable"


class BadImage(ValueError):
    """A picture that is not opened; the message follows the file's name in an English sentence."""

    def __init__(self, problem: Problem, message: str):
        super().__init__(message)
        self.problem = problem


def open_square(file: bytes, side: int = SIDE) -> Image.Image:
    """The picture of a JPEG, PNG or WebP file in the middle of a white square, (side, side) RGB.

    It stands upright as its EXIF says, and nothing is cut off or distorted.  A file with too many
    pixels is refused by its header, before they take memory.
    Raises BadImage.
    """
    if len(file) > MAX_BYTES:
        raise BadImage(Problem.TOO_LARGE, f"has more than {MAX_BYTES // 10**6} MB: scale it down")
    try:
        with Image.open(BytesIO(file), formats=FORMATS) as opened:
            _check_header(opened)
            opened.draft("RGB", (2 * side, 2 * side))  # a large JPEG is decoded smaller
            opened.load()
            return on_square(in_8_bits(upright(opened)), side)
    except (BadImage, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except Exception as error:  # Pillow's decoders raise whatever happens to them
        message = f"is no picture that can be read ({', '.join(FORMATS)}): name another one"
        raise BadImage(Problem.UNREADABLE, message) from error


def _check_header(image: Image.Image) -> None:
    """Raise BadImage for an animation, and for more pixels than are decoded."""
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()
    # A phone's JPEG may hold a second picture, such as its depth: it does not move.
    if image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
        raise BadImage(Problem.MOVING, "is an animation: name a picture that does not move")


def _too_many_pixels() -> BadImage:
    most = MAX_PIXELS // 10**6
    return BadImage(Problem.TOO_LARGE, f"has more than {most} megapixels: scale it down")


def upright(image: Image.Image) -> Image.Image:
    """The image rotated as its EXIF says; unreadable EXIF is ignored."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Pillow parses EXIF with `struct`, and it may hold any bytes
        return image


def in_8_bits(image: Image.Image) -> Image.Image:
    """The image; grey of 16 bits scaled, where Pillow's `convert` would cut off at 255."""
    if not image.mode.startswith("I"):
        return image
    image.info.pop("transparency", None)  # a value of 16 bits, which would be none of 8
    return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")


def on_square(image: Image.Image, side: int) -> Image.Image:
    """The image in the middle of a white square, (side, side) RGB, as large as fits."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode != "RGB":
        image = image.convert("RGB")
    # Scaled before it is put on the square, which may be much larger than the image.
    scale = side / max(image.size)
    width, height = (max(1, round(edge * scale)) for edge in image.size)
    image = on_white(image.resize((width, height), Image.Resampling.LANCZOS))
    page = Image.new("RGB", (side, side), "white")
    page.paste(image, ((side - width) // 2, (side - height) // 2))
    return page


def on_white(image: Image.Image) -> Image.Image:
    """The image as RGB, on white where it is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image)
    return page.convert("RGB")
