"""The stickers of a request as its user wants them."""

import redis

from bot.outline import outlined
from bot.record import Record
from worker.results import load_stickers


def stickers_of(results: redis.Redis, record: Record) -> list[bytes]:
    """The WebP files of the candidates; empty once they have expired."""
    stickers = load_stickers(results, record.id)
    return [outlined(sticker) for sticker in stickers] if record.outline else stickers
