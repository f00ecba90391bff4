"""The names of each user's packs in Redis, and the one that takes new stickers.

    emojich:packs:<user id>     sorted set   names of the user's packs by number
    emojich:begun:<user id>     sorted set   names of packs that wait for their first sticker
    emojich:titles:<user id>    hash         name → title, where the user has chosen one
    emojich:current:<user id>   string       name of the pack that takes new stickers

Telegram stores the stickers of a pack.  A begun pack does not exist in Telegram yet, because
Telegram creates no pack without a sticker.
"""

from typing import Any

import redis.asyncio

from bot.admin.redis_repair import delete, read
from bot.packs.names import is_pack_name, number_of


class PackStore:
    """Stores the names of packs."""

    def __init__(self, connection: redis.asyncio.Redis):
        self._redis = connection

    async def names(self, user_id: int) -> list[str]:
        """The names of a user's packs that exist in Telegram, the oldest first."""
        return await self._range(_packs(user_id))

    async def begun(self, user_id: int) -> list[str]:
        """The names of a user's packs that wait for their first sticker, the oldest first."""
        return await self._range(_begun(user_id))

    async def begin(self, user_id: int, name: str, title: str) -> None:
        """Begin a pack of this title; it becomes the current one."""
        await self.set_title(user_id, name, title)
        await self._redis.zadd(_begun(user_id), {name: number_of(name)})
        await self.choose(user_id, name)

    async def current(self, user_id: int) -> str | None:
        """The name of the pack that takes new stickers; None before the first."""
        current: Any = await self._redis.get(_current(user_id))
        if name := current and read(_current(user_id), current, _name):
            return str(name)
        names = await self.names(user_id) or await self.begun(user_id)
        return names[-1] if names else None

    async def choose(self, user_id: int, name: str) -> None:
        """Let a pack take new stickers from now on."""
        await self._redis.set(_current(user_id), name)

    async def remember(self, user_id: int, name: str) -> None:
        """Store a pack that exists in Telegram now; it becomes the current one."""
        await self._redis.zadd(_packs(user_id), {name: number_of(name)})
        await self._redis.zrem(_begun(user_id), name)
        await self.choose(user_id, name)

    async def discard(self, user_id: int, name: str) -> None:
        """Remove a pack that no longer exists."""
        is_current = await self.current(user_id) == name
        async with self._redis.pipeline() as pipe:
            pipe.zrem(_packs(user_id), name)
            pipe.zrem(_begun(user_id), name)
            pipe.hdel(_titles(user_id), name)
            if is_current:
                pipe.delete(_current(user_id))
            await pipe.execute()

    async def title(self, user_id: int, name: str) -> str | None:
        """The title that the user has chosen for a pack, if any."""
        title: Any = await self._redis.hget(_titles(user_id), name)
        return title.decode(errors="replace") if title else None

    async def set_title(self, user_id: int, name: str, title: str) -> None:
        """Store the title that the user has chosen for a pack."""
        await self._redis.hset(_titles(user_id), name, title)

    async def next_number(self, user_id: int) -> int:
        """A number that none of the user's packs has."""
        names = await self.names(user_id) + await self.begun(user_id)
        return 1 + max(map(number_of, names), default=0)

    async def forget(self, user_id: int) -> None:
        """Delete the names and titles of a user's packs; the packs stay in Telegram."""
        await delete(
            self._redis, _packs(user_id), _begun(user_id), _titles(user_id), _current(user_id)
        )

    async def _range(self, key: str) -> list[str]:
        names: list[Any] = await self._redis.zrange(key, 0, -1)
        return [found for name in names if (found := read(key, name, _name))]


def _name(data: bytes) -> str:
    if not is_pack_name(name := data.decode()):
        raise ValueError("it is no name of a pack")
    return name


def _packs(user_id: int) -> str:
    return f"emojich:packs:{user_id}"


def _begun(user_id: int) -> str:
    return f"emojich:begun:{user_id}"


def _titles(user_id: int) -> str:
    return f"emojich:titles:{user_id}"


def _current(user_id: int) -> str:
    return f"emojich:current:{user_id}"
