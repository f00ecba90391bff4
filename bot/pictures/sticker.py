"""The stickers of a request with the user's settings: outline, custom emoji."""

from io import BytesIO
from statistics import NormalDist

import redis
from PIL import Image, ImageFilter

from bot.packs.names import Kind
from bot.requests.limits import EMOJI_SIDE
from bot.requests.record import Record
from worker.queue.results import load_stickers

OUTLINE_WIDTH = 10  # px, of 512
_BLUR = 8.0  # px; rounds corners of about this size
_SOFT = 1.0  # px over which the outer edge fades

# A blurred straight edge has the shape of the normal distribution, so its value gives the distance.
_OUTER = NormalDist().cdf(-(OUTLINE_WIDTH + _SOFT) / _BLUR) * 255
_INNER = NormalDist().cdf(-(OUTLINE_WIDTH - _SOFT) / _BLUR) * 255
_QUALITY = 90

_FAINT = 16  # alpha, of 255, up to which a pixel is hardly seen
_ROOM = 0.02  # margin on each side of an emoji, as a share of the subject's size


def sticker_of(
    results: redis.Redis, record: Record, number: int, kind: Kind = Kind.STICKERS
) -> bytes | None:
    """The WebP file of candidate `number` (from 0); None when there is none, or no longer."""
    stickers = load_stickers(results, record.id)[number : number + 1]
    if not stickers:
        return None
    [sticker] = _as_wanted(stickers, record)
    return as_emoji(sticker) if kind is Kind.EMOJI else sticker


def stickers_of(results: redis.Redis, record: Record) -> list[bytes]:
    """The WebP files of the candidates; empty once they have expired."""
    return _as_wanted(load_stickers(results, record.id), record)


def as_emoji(sticker: bytes) -> bytes:
    """A sticker's WebP file in the size of custom emoji; an outline shrinks with it."""
    image = Image.open(BytesIO(sticker), formats=("WEBP",)).convert("RGBA")
    small = _trimmed(image).resize((EMOJI_SIDE, EMOJI_SIDE), Image.Resampling.LANCZOS)
    file = BytesIO()
    small.save(file, "WEBP", lossless=True)  # about 10 KB, and no artefacts
    return file.getvalue()


def _trimmed(image: Image.Image) -> Image.Image:
    """The square around the subject, because an emoji among letters is too small for a margin."""
    box = image.getchannel("A").point(lambda alpha: 255 if alpha > _FAINT else 0).getbbox()
    if box is None:
        return image
    left, top, right, bottom = box
    side = round(max(right - left, bottom - top) * (1 + 2 * _ROOM))
    corner = ((left + right - side) // 2, (top + bottom - side) // 2)
    return image.crop((*corner, corner[0] + side, corner[1] + side))  # outside: transparent


def _as_wanted(stickers: list[bytes], record: Record) -> list[bytes]:
    return [outlined(sticker) for sticker in stickers] if record.outline else stickers


def outlined(sticker: bytes) -> bytes:
    """A sticker's WebP file with a white outline, so that it stands out on every wallpaper.

    The subject becomes a little smaller, so that the outline fits.
    https://core.telegram.org/stickers: "a white stroke" around the subject.
    """
    image = Image.open(BytesIO(sticker), formats=("WEBP",)).convert("RGBA")
    margin = OUTLINE_WIDTH + 2
    inner = image.resize(
        (image.width - 2 * margin, image.height - 2 * margin), Image.Resampling.LANCZOS
    )
    canvas = Image.new("RGBA", image.size)
    canvas.paste(inner, (margin, margin))
    # Over white, each pixel of a soft edge keeps its own colour and alpha.
    white = Image.new("RGBA", image.size, "#ffffff00")
    white.putalpha(_grown(canvas.getchannel("A")))
    white.alpha_composite(canvas)
    file = BytesIO()
    white.save(file, "WEBP", quality=_QUALITY, method=4)
    return file.getvalue()


def _grown(alpha: Image.Image) -> Image.Image:
    """The alpha channel, wider by the outline's width on every side."""
    blurred = alpha.filter(ImageFilter.GaussianBlur(_BLUR))
    return blurred.point(lambda value: round((value - _OUTER) / (_INNER - _OUTER) * 255))
