"""Counts each user's requests in Redis, and refuses those over a limit.

    emojich:asked:<user id>   sorted set   ids of the requests of the last day, by time

Nothing older than a day is kept.
"""

import time
from typing import Any

import redis.asyncio

from bot.requests.limits import DAY, MINUTE, Limit, Limits, OverLimit
from worker.queue.request_ids import RequestId
from worker.queue.stats import COUNTS_TTL, users_key


class Quota:
    """Counts requests by user, and compares them with the limits."""

    def __init__(self, connection: redis.asyncio.Redis, limits: Limits):
        self._redis = connection
        self.limits = limits

    async def asked(self, user_id: int) -> list[RequestId]:
        """The ids of a user's requests of the last day."""
        ids: Any = await self._redis.zrange(_key(user_id), 0, -1)
        return [RequestId(id_.decode(errors="replace")) for id_ in ids]

    async def take(self, user_id: int, request_id: RequestId, active: int) -> None:
        """Count a request of a user who has `active` others that are open.

        Safe to repeat.  Raises OverLimit, and then the request is not counted.
        """
        if active >= self.limits.active:
            raise OverLimit(Limit.ACTIVE, self.limits.active)
        key = _key(user_id)
        times = await self._count(key, request_id, user_id)
        try:
            _check(times, Limit.PER_DAY, self.limits.per_day, DAY)
            _check(times, Limit.PER_MINUTE, self.limits.per_minute, MINUTE)
        except OverLimit:
            await self.give_back(user_id, request_id)
            raise

    async def give_back(self, user_id: int, request_id: RequestId) -> None:
        """Stop counting a request that was not drawn.  Safe to repeat."""
        await self._redis.zrem(_key(user_id), request_id)

    async def _count(self, key: str, request_id: RequestId, user_id: int) -> list[float]:
        """Count a request; returns the times of the last day's requests, this one's included."""
        now = time.time()
        # Counted before it is checked: else two requests at the same moment could pass a limit.
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zremrangebyscore(key, 0, now - DAY)
            pipe.zadd(key, {request_id: now}, nx=True)
            pipe.expire(key, DAY)
            pipe.pfadd(users_key(), user_id)
            pipe.expire(users_key(), COUNTS_TTL)
            pipe.zrange(key, 0, -1, withscores=True)
            reply: Any = await pipe.execute()
        return [asked for _, asked in reply[-1]]


def _key(user_id: int) -> str:
    return f"emojich:asked:{user_id}"


def _check(times: list[float], limit: Limit, allowed: int, seconds: int) -> None:
    """Raise OverLimit where more than `allowed` requests are younger than `seconds`."""
    if len(times) > allowed:
        wait = times[-allowed - 1] + seconds - times[-1]  # until the oldest is older than that
        if wait > 0:
            raise OverLimit(limit, allowed, wait)
