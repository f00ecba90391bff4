"""The stickers of a request as its user wants them."""

from io import BytesIO

import redis
from PIL import Image

from bot.limits import EMOJI_SIDE
from bot.outline import outlined
from bot.packs.names import Kind
from bot.record import Record
from worker.results import load_stickers


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
    """A sticker's WebP file in the size of custom emoji; an outline gets thinner with it."""
    image = Image.open(BytesIO(sticker)).convert("RGBA")
    small = image.resize((EMOJI_SIDE, EMOJI_SIDE), Image.Resampling.LANCZOS)
    file = BytesIO()
    small.save(file, "WEBP", lossless=True)  # some 15 KB, and nothing left to blur
    return file.getvalue()


def _as_wanted(stickers: list[bytes], record: Record) -> list[bytes]:
    return [outlined(sticker) for sticker in stickers] if record.outline else stickers
