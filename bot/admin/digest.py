"""The daily digest: once a day, each admin reads what happened on the day before.

    emojich:digest:<date>   hash   admin's id → when the digest of that day was sent

Days are those of UTC, as in `worker.queue.stats`.  The mark is in Redis, so that a bot that
restarts or takes over sends no digest twice.  A bot that was down at HOUR sends the digest later.
"""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import redis
import redis.asyncio
from telegram.error import TelegramError

from bot.admin.commands import BROKEN
from bot.admin.notices import Notices
from bot.admin.redis_repair import repair
from bot.logs import reason
from bot.requests.record import Failure
from bot.telegram.messages import Screen
from bot.texts import Texts
from worker.queue.stats import ADDED, BANNED, FINISHED, REPORTED, counts_of, today, users_key

HOUR = 6  # of UTC: 9 o'clock in Moscow
INTERVAL = 60.0  # seconds
_TTL = 2 * 24 * 3600  # seconds

log = logging.getLogger(__name__)


class Digest:
    """Sends the digest of yesterday to each admin."""

    def __init__(
        self, notices: Notices, connection: redis.Redis, async_connection: redis.asyncio.Redis
    ):
        self._notices = notices
        self._sync_redis = connection
        self._redis: Any = async_connection  # redis-py types some commands as synchronous

    async def run(self) -> None:
        """Check every INTERVAL whether a digest is due; never returns."""
        while True:
            try:
                if datetime.now(UTC).hour >= HOUR:
                    await self._send(today() - timedelta(days=1))
            except Exception as error:  # the next round tries again
                log.warning("digest: %s", reason(error))
                with suppress(redis.RedisError):
                    await repair(self._sync_redis, error)
            await asyncio.sleep(INTERVAL)

    async def _send(self, day: date) -> None:
        """Send a day's digest to admins who do not have it yet, unless nothing happened."""
        key = f"emojich:digest:{day}"
        done = {int(admin) for admin in await self._redis.hkeys(key) if admin.isdigit()}
        missing = self._notices.admins - done
        if not missing:
            return
        counts, users = await asyncio.to_thread(self._counts, day)
        if not (counts or users):
            return
        for admin in sorted(missing):
            # Marked first: a bot that dies here skips one digest instead of sending it twice.
            if not await self._redis.hsetnx(key, str(admin), int(time.time())):
                continue
            await self._redis.expire(key, _TTL)
            try:
                await self._notices.send(
                    admin, lambda words: Screen(digest(day, counts, users, words))
                )
            except TelegramError as error:  # an outage
                log.warning("digest: %s; trying again", reason(error))
                await self._redis.hdel(key, str(admin))

    def _counts(self, day: date) -> tuple[dict[str, int], int]:
        users: Any = self._sync_redis.pfcount(users_key(day))
        return counts_of(self._sync_redis, day), users


def digest(day: date, counts: dict[str, int], users: int, words: Texts) -> str:
    """The text of a day's digest."""
    failures = {failure: counts[failure] for failure in Failure if failure in counts}
    lines = [
        words("digest-day", day=f"{day:%d.%m.%Y}"),
        words(
            "digest-requests",
            finished=counts.get(FINISHED, 0),
            failed=sum(failures.values()),
            users=users,
        ),
        *[f"· {failure}: {number}" for failure, number in failures.items()],
        words("digest-added", count=counts.get(ADDED, 0)),
        words("digest-reports", reports=counts.get(REPORTED, 0), bans=counts.get(BANNED, 0)),
        words("digest-broken", count=counts.get(BROKEN, 0)),
    ]
    return "\n".join(lines)
