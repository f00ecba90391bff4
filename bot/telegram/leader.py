"""One bot answers at a time.  Others on the same Redis stand by, and take over when it dies.

    emojich:bot   string   a lock of redis-py's; it expires unless it is renewed

So records and messages have one writer, even if an operator starts two bots.  One bot is enough for
many workers, because it does little work.

Docker runs `python -m bot.telegram.leader` to ask whether a bot answers, this one or another.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import redis
import redis.asyncio
from redis.asyncio.lock import Lock
from redis.exceptions import LockNotOwnedError

from bot.logs import reason
from emojich_core.errors import SetupError
from worker.queue.connection import exit_unless

KEY = "emojich:bot"
TTL = 10.0  # seconds from the death of a bot until the next one takes over
RENEWAL = 2.0  # seconds
STANDS_BY = "another bot is answering; this one stands by"  # run.py looks for it in the log

log = logging.getLogger(__name__)


@asynccontextmanager
async def lease(connection: redis.asyncio.Redis) -> AsyncIterator[Lock]:
    """Wait until no other bot has the lease, and take it; `keep` renews it."""
    lock = connection.lock(KEY, timeout=TTL, sleep=RENEWAL)
    if not await lock.acquire(blocking=False):
        log.info(STANDS_BY)
        await lock.acquire()
    try:
        yield lock
    finally:
        with suppress(redis.RedisError):  # it expires by itself
            await lock.release()


async def keep(lock: Lock) -> None:
    """Renew the lease, for ever; raises SetupError when another bot has taken over."""
    while True:
        await asyncio.sleep(RENEWAL)
        try:
            is_ours = await _renew(lock)
        except redis.RedisError as error:
            log.warning("the lease: %s; trying again", reason(error))
        else:
            if not is_ours:
                raise SetupError("Another bot has taken over: start this one again.")


async def _renew(lock: Lock) -> bool:
    try:
        return bool(await lock.reacquire())
    except LockNotOwnedError:  # it has expired: this machine slept, or Redis was away
        return await lock.acquire(blocking=False)


def main() -> None:
    """Exit with 0 if a bot has the lease, else with a sentence."""
    exit_unless(
        lambda connection: bool(connection.exists(KEY)), "No bot answers: its log says why."
    )


if __name__ == "__main__":
    main()
