"""The last prompts of everybody, to be shown again or drawn again.

    emojich:history:<user id>  hash  request id → `Past` as JSON

The same request with the same seed gives the same stickers, so a prompt needs no pictures to be
kept.  Those that were to be like another sticker are left out: its codes are forgotten in a day.
"""

import json
import time
from dataclasses import asdict, dataclass
from typing import Any

import redis.asyncio

from bot.admin.redis_repair import read
from bot.requests.limits import HISTORY
from bot.requests.record import Record
from emojich_core.request import MAX_COUNT, MAX_SEED
from worker.queue.decoding import from_json


@dataclass(frozen=True)
class Past:
    """What is needed to draw a request again."""

    prompt: str
    count: int
    seed: int
    boldness: float
    outline: bool
    emoji: list[str]
    at: float  # when it was drawn, seconds since 1970


class History:
    """Everybody's last prompts."""

    def __init__(self, connection: redis.asyncio.Redis):
        self._redis = connection

    async def add(self, record: Record) -> None:
        """Keep a request that has been drawn; safe to repeat."""
        if record.like:
            return
        past = Past(
            prompt=record.prompt,
            count=record.wanted,
            seed=record.seed,
            boldness=record.boldness,
            outline=record.outline,
            emoji=record.emoji,
            at=time.time(),
        )
        await self._redis.hsetnx(_key(record.user_id), record.id, json.dumps(asdict(past)))
        for request_id in list(await self.all(record.user_id))[HISTORY:]:
            await self._redis.hdel(_key(record.user_id), request_id)

    async def all(self, user_id: int) -> dict[str, Past]:
        """The last prompts of a user by request id, the newest first."""
        stored: Any = await self._redis.hgetall(_key(user_id))
        found = {
            field.decode(errors="replace"): past
            for field, value in stored.items()
            if (past := read(_key(user_id), value, _decode))
        }
        return dict(sorted(found.items(), key=lambda item: -item[1].at))


def _decode(data: bytes) -> Past:
    past = from_json(Past, data)
    if not (0 <= past.count <= MAX_COUNT and 0 <= past.seed <= MAX_SEED):
        raise ValueError("it cannot be drawn")
    return past


def _key(user_id: int) -> str:
    return f"emojich:history:{user_id}"
