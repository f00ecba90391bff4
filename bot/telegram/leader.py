"""One bot answers at a time.  Others on the same Redis stand by, and take over when it dies.

    emojich:bot   string   a lock of redis-py's; it expires unless it is renewed

So records and messages have one writer, even if an operator starts two bots.  A bot that was
suspended or cut off from Redis for longer than its lease sends nothing until it knows that no other
bot has taken over.  One bot is enough for many workers, because it does little work.

Docker runs `python -m bot.telegram.leader` to ask whether a bot answers, this one or another.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import redis
import redis.asyncio
from redis.asyncio.lock import Lock
from redis.exceptions import LockNotOwnedError

from bot.logs import reason
from bot.telegram.tasks import unless_cancelled
from emojich_core.errors import SetupError
from worker.queue.connection import exit_unless_healthy

KEY = "emojich:bot"
TTL = 10.0  # seconds from the death of a bot until the next one takes over
RENEWAL = 2.0  # seconds
STANDS_BY = "another bot is answering; this one stands by"  # run.py looks for it in the log

log = logging.getLogger(__name__)


class Lease:
    """The lease of this bot, once `lease` has taken it."""

    def __init__(self, lock: Lock):
        self._lock = lock
        self._end = -math.inf

    @property
    def is_ours(self) -> bool:
        """Whether no other bot can have taken over; False once the lease may have expired."""
        return time.monotonic() < self._end

    async def take(self) -> None:
        """Wait until no other bot has the lease, and take it.  Raises redis.RedisError."""
        now = time.monotonic()
        if not await self._lock.acquire(blocking=False):
            log.info(STANDS_BY)
            while not await self._lock.acquire(blocking=False):
                await asyncio.sleep(RENEWAL)
                now = time.monotonic()
        self._end = now + TTL

    async def keep(self) -> None:
        """Renew the lease until cancelled.  Raises SetupError when another bot has taken over."""
        while True:
            await asyncio.sleep(RENEWAL)
            now = time.monotonic()
            try:
                renewed = await self._renew()
            except redis.ResponseError as error:
                # A Redis that refuses writes cannot give the lease to another bot.
                log.warning("the lease: %s; trying again", reason(error))
                if not isinstance(error, redis.ReadOnlyError):  # a replica: its master may
                    self._end = now + TTL
            except redis.RedisError as error:
                log.warning("the lease: %s; trying again", reason(error))
            else:
                if not renewed:
                    raise SetupError("Another bot has taken over: start this one again.")
                self._end = now + TTL

    async def _renew(self) -> bool:
        try:
            return bool(await self._lock.reacquire())
        except LockNotOwnedError:  # it has expired: this machine slept, or Redis was away
            return await self._lock.acquire(blocking=False)


@asynccontextmanager
async def lease(connection: redis.asyncio.Redis) -> AsyncIterator[Lease]:
    """Wait until no other bot has the lease, and take it; its `keep` renews it."""
    lock = connection.lock(KEY, timeout=TTL)
    taken = Lease(lock)
    try:
        await unless_cancelled(taken.take())
        yield taken
    finally:
        with suppress(redis.RedisError):  # it expires by itself
            await lock.release()


def main() -> None:
    """Exit with 0 if a bot has the lease, else with a sentence."""
    exit_unless_healthy(
        lambda connection: bool(connection.exists(KEY)), "No bot answers: its log says why."
    )


if __name__ == "__main__":
    main()
