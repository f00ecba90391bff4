"""Handles Redis data that the bot cannot read: skips values, renames keys, and logs their names.

Another version of the bot, or a person, may have written it.  The values themselves are not logged.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import redis
import redis.asyncio

# The Redis type of each key, by its name, or by its prefix where a user, request or day follows.
KINDS = {
    "emojich:admins": "hash",
    "emojich:asked:": "zset",
    "emojich:banned": "set",
    "emojich:banned:reasons": "hash",
    "emojich:begun:": "zset",
    "emojich:bot": "string",
    "emojich:codes:": "list",
    "emojich:current:": "string",
    "emojich:digest:": "hash",
    "emojich:ended:": "string",
    "emojich:events": "stream",
    "emojich:history:": "hash",
    "emojich:image:": "string",
    "emojich:labels:": "hash",
    "emojich:message:": "string",
    "emojich:open": "hash",
    "emojich:packs:": "zset",
    "emojich:prompt:": "list",
    "emojich:question:": "string",
    "emojich:replacing:": "string",
    "emojich:report:": "string",
    "emojich:reports:": "zset",
    "emojich:request:": "string",
    "emojich:settings:": "string",
    "emojich:sketch:": "string",
    "emojich:stickers:": "list",
    "emojich:tally:": "hash",
    "emojich:titles:": "hash",
    "emojich:updates": "hash",
    "emojich:updates:seen": "zset",
    "emojich:updates:tries": "hash",
    "emojich:users:": "string",
    "rq:queue:emojich": "list",
    "rq:queues": "set",
    "rq:wip:emojich": "zset",
    "rq:workers": "set",
    "rq:workers:emojich": "set",
}
TYPES = ("string", "list", "set", "zset", "hash", "stream")
SUFFIX = ".odd"  # of the names of keys that were set aside
SET_ASIDE_TTL = 24 * 3600  # seconds for which an operator can look at such a key
RECENT = 60  # seconds

Value = TypeVar("Value")

log = logging.getLogger(__name__)


def read(key: str, data: bytes, decode: Callable[[bytes], Value]) -> Value | None:
    """The decoded value of a key; None, and a line in the log, where `decode` raises ValueError."""
    try:
        return decode(data)
    except ValueError:
        log.warning("%s: a value of another shape is left out", key)
        return None


async def delete(connection: redis.asyncio.Redis, *keys: str) -> None:
    """Delete keys, also those that `set_aside` has renamed."""
    await connection.delete(*keys, *[key + SUFFIX for key in keys])


async def repair(connection: redis.Redis, error: BaseException | None) -> bool:
    """Set keys aside if an error says that a key has the wrong type; returns whether to retry.

    One key may cause several errors at once, and the first repairs it.  So a key that was set aside
    within the last RECENT seconds is a reason to retry, too.
    """
    if not isinstance(error, redis.ResponseError) or "WRONGTYPE" not in str(error):
        return False
    return await asyncio.to_thread(
        lambda: bool(set_aside(connection)) or _was_repaired_recently(connection)
    )


def set_aside(connection: redis.Redis) -> int:
    """Rename the keys whose type differs from KINDS; returns how many there were.

    Every command on such a key would fail, and some keys serve all users.
    """
    wrong = list(_keys_of_wrong_type(connection))
    for key in wrong:
        log.warning("%s is of another type: it is %s%s now", key, key, SUFFIX)
        with suppress(redis.ResponseError):  # another thread has renamed it meanwhile
            connection.rename(key, key + SUFFIX)
        connection.expire(key + SUFFIX, SET_ASIDE_TTL)
    return len(wrong)


def _was_repaired_recently(connection: redis.Redis) -> bool:
    """Whether a key was set aside within the last RECENT seconds."""
    keys: Any = connection.scan_iter(f"*{SUFFIX}", count=1000)
    return any(connection.ttl(key) > SET_ASIDE_TTL - RECENT for key in keys)


def _keys_of_wrong_type(connection: redis.Redis) -> Iterator[str]:
    for kind in TYPES:
        for pattern in ("emojich:*", "rq:[qw]*"):
            keys: Any = connection.scan_iter(pattern, count=1000, _type=kind)
            for key in (key.decode(errors="replace") for key in keys):
                expected = None if key.endswith(SUFFIX) else _expected_type(key)
                if expected and (expected != kind or not _is_counter(connection, key)):
                    yield key


def _expected_type(key: str) -> str | None:
    if key.startswith("rq:"):
        key = re.sub("/[^:]*$", "", key)  # the name of a bundle after that of its queue
    return KINDS.get(key) or KINDS.get(":".join(key.split(":")[:2]) + ":")


def _is_counter(connection: redis.Redis, key: str) -> bool:
    """Whether a key that counts users is a HyperLogLog; True for all other keys."""
    if key.startswith("emojich:users:"):
        try:
            connection.pfcount(key)
        except redis.ResponseError:
            return False
    return True
