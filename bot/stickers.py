"""The stickers of a request as its user wants them."""

import redis

from bot.outline import outlined
from bot.record import Record
from worker.results import load_stickers


def sticker_of(results: redis.Redis, record: Record, number: int) -> bytes | None:
    """The WebP file of a candidate; None when there is none, or no longer."""
    stickers = load_stickers(results, record.id)[number : number + 1]
    return _as_wanted(stickers, record)[0] if stickers else None


def stickers_of(results: redis.Redis, record: Record) -> list[bytes]:
    """The WebP files of the candidates; empty once they have expired."""
    return _as_wanted(load_stickers(results, record.id), record)


def _as_wanted(stickers: list[bytes], record: Record) -> list[bytes]:
    return [outlined(sticker) for sticker in stickers] if record.outline else stickers
