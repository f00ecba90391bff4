"""What Redis holds in another shape than the bot writes: it is left out, and logged by its key.

Another version may have written it, or a person.  What it says is in no log.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

import redis.asyncio

Value = TypeVar("Value")

log = logging.getLogger(__name__)


def read(key: str, data: bytes, decode: Callable[[bytes], Value]) -> Value | None:
    """What `decode` makes of the data; None where it raises ValueError."""
    try:
        return decode(data)
    except ValueError:
        log.warning("%s: a value of another shape is left out", key)
        return None


async def set_aside(connection: redis.asyncio.Redis, kinds: dict[str, bytes]) -> None:
    """Rename what has another type than `kinds` say: each command on it would fail."""
    for key, kind in kinds.items():
        if await connection.type(key) not in (kind, b"none"):
            log.warning("%s is no %s: it is %s.odd now", key, kind.decode(), key)
            await connection.rename(key, f"{key}.odd")
