"""What Redis holds in another shape than the bot writes: it is left out, and logged by its key.

Another version may have written it, or a person.  What it says is in no log.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import redis
import redis.asyncio

# By the whole name of a key, or by its beginning where a user, a request or a day follows.
KINDS = {
    "emojich:asked:": "zset",
    "emojich:banned": "set",
    "emojich:begun:": "zset",
    "emojich:bot": "string",
    "emojich:codes:": "list",
    "emojich:current:": "string",
    "emojich:ended:": "string",
    "emojich:events": "stream",
    "emojich:history:": "hash",
    "emojich:labels:": "hash",
    "emojich:message:": "string",
    "emojich:open": "hash",
    "emojich:packs:": "zset",
    "emojich:prompt:": "list",
    "emojich:question:": "string",
    "emojich:replacing:": "string",
    "emojich:request:": "string",
    "emojich:settings:": "string",
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
ODD = ".odd"  # ends the name of a key that has been set aside
ODD_TTL = 24 * 3600  # seconds; a person may look at it meanwhile
LATELY = 60  # seconds

Value = TypeVar("Value")

log = logging.getLogger(__name__)


def read(key: str, data: bytes, decode: Callable[[bytes], Value]) -> Value | None:
    """What `decode` makes of the data; None where it raises ValueError."""
    try:
        return decode(data)
    except ValueError:
        log.warning("%s: a value of another shape is left out", key)
        return None


async def delete(connection: redis.asyncio.Redis, *keys: str) -> None:
    """Delete keys, and what has been set aside of them."""
    await connection.delete(*keys, *[key + ODD for key in keys])


async def heal(connection: redis.Redis, error: BaseException | None) -> bool:
    """Set keys aside if an error says that one has another type; whether any was, here or lately.

    Several errors come of one key, and the first of them to be here mends it for all.
    """
    if not isinstance(error, redis.ResponseError) or "WRONGTYPE" not in str(error):
        return False
    return await asyncio.to_thread(lambda: bool(set_aside(connection)) or _lately(connection))


def set_aside(connection: redis.Redis) -> int:
    """Rename the keys of another type than KINDS says, and return how many.

    Each command on one would fail, and some keys are everybody's.
    """
    odd = list(_odd_keys(connection))
    for key in odd:
        log.warning("%s is of another type: it is %s%s now", key, key, ODD)
        with suppress(redis.ResponseError):  # another thread has renamed it meanwhile
            connection.rename(key, key + ODD)
        connection.expire(key + ODD, ODD_TTL)
    return len(odd)


def _lately(connection: redis.Redis) -> bool:
    """Whether a key was set aside within the last LATELY seconds."""
    keys: Any = connection.scan_iter(f"*{ODD}", count=1000)
    return any(connection.ttl(key) > ODD_TTL - LATELY for key in keys)


def _odd_keys(connection: redis.Redis) -> Iterator[str]:
    for kind in TYPES:
        for pattern in ("emojich:*", "rq:[qw]*"):
            keys: Any = connection.scan_iter(pattern, count=1000, _type=kind)
            for key in (key.decode(errors="replace") for key in keys):
                wanted = None if key.endswith(ODD) else _kind(key)
                if wanted and (wanted != kind or not _counts(connection, key)):
                    yield key


def _kind(key: str) -> str | None:
    if key.startswith("rq:"):
        key = re.sub("/[^:]*$", "", key)  # the name of a bundle after that of its queue
    return KINDS.get(key) or KINDS.get(":".join(key.split(":")[:2]) + ":")


def _counts(connection: redis.Redis, key: str) -> bool:
    """Whether a string that is to count users is a HyperLogLog."""
    if key.startswith("emojich:users:"):
        try:
            connection.pfcount(key)
        except redis.ResponseError:
            return False
    return True
