"""One bot answers at a time.  Others on the same Redis stand by, and take over when it dies.

    emojich:bot   string   a lock of redis-py's; it expires unless it is renewed

So records and messages have one writer, whatever is started twice; a bot is thin, and one is enough
for many workers.

`python -m bot.telegram.leader` tells whether a bot answers, be it another one: for Docker to ask.
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
    """The right to answer, as soon as no other bot has it; see that it is kept with `keep`."""
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
    except LockNotOwnedError:  # it has expired: this machine was asleep, or Redis was away
        return await lock.acquire(blocking=False)


def main() -> None:
    """Exit with 0 while some bot has the lease, and with a sentence if none has."""
    exit_unless(
        lambda connection: bool(connection.exists(KEY)), "No bot answers: its log says why."
    )


if __name__ == "__main__":
    main()
