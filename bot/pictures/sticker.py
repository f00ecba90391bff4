"""The stickers of a request as its user wants them."""

from io import BytesIO

import redis
from PIL import Image

from bot.packs.names import Kind
from bot.pictures.outline import outlined
from bot.requests.limits import EMOJI_SIDE
from bot.requests.record import Record
from worker.queue.results import load_stickers

_FAINT = 16  # alpha, of 255, of what is hardly seen
_ROOM = 0.02  # of the subject's size, left clear on each side of an emoji


def sticker_of(
    results: redis.Redis, record: Record, number: int, kind: Kind = Kind.STICKERS
) -> bytes | None:
    """The WebP file of a candidate; None when there is none, or no longer."""
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
    small.save(file, "WEBP", lossless=True)  # some 10 KB, and nothing left to blur
    return file.getvalue()


def _trimmed(image: Image.Image) -> Image.Image:
    """The square around the subject: among letters, an emoji has no room to spare."""
    box = image.getchannel("A").point(lambda alpha: 255 if alpha > _FAINT else 0).getbbox()
    if box is None:
        return image
    left, top, right, bottom = box
    side = round(max(right - left, bottom - top) * (1 + 2 * _ROOM))
    corner = ((left + right - side) // 2, (top + bottom - side) // 2)
    return image.crop((*corner, corner[0] + side, corner[1] + side))  # what is outside is clear


def _as_wanted(stickers: list[bytes], record: Record) -> list[bytes]:
    return [outlined(sticker) for sticker in stickers] if record.outline else stickers
