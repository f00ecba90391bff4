"""The stickers that inline mode searches: those in a user's packs, with their search words.

    emojich:labels:<user id>   hash   file_unique_id → `Label` as JSON

`getStickerSet` returns one emoji of each sticker and no search words, so the bot stores both when
it uploads a sticker.  The sticker has the same unique id in every pack.
"""

import asyncio
import json
import time
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import redis.asyncio
from telegram import Bot, Sticker
from telegram.error import BadRequest

from bot.admin.redis_repair import delete, read
from bot.packs.store import PackStore
from bot.requests.limits import DAY
from bot.russian.words import searchable
from bot.telegram.errors import PACK_IS_MISSING, says
from worker.queue.decoding import from_json

CACHE_TTL = 10.0  # seconds; while a user types a word, Telegram sends a query for each letter
UNUSED_LABEL_TTL = 3 * DAY  # seconds; an uploaded sticker can be put into a pack for less time


@dataclass(frozen=True)
class Label:
    """The words and emoji by which a sticker is found."""

    words: list[str] = field(default_factory=list)  # of its prompt
    emoji: list[str] = field(default_factory=list)
    at: float = 0.0  # when it was uploaded, seconds since 1970


class LabelStore:
    """The labels of all users' stickers, in Redis."""

    def __init__(self, connection: redis.asyncio.Redis):
        self._redis: Any = connection  # redis-py types some commands as synchronous

    async def add(self, user_id: int, unique_id: str, prompt: str, emoji: list[str]) -> None:
        """Store the label of a sticker that was drawn from this prompt."""
        words = await asyncio.to_thread(searchable, prompt)
        await self._save(user_id, unique_id, Label(words, emoji, time.time()))

    async def relabel(self, user_id: int, unique_id: str, emoji: list[str]) -> None:
        """Replace the emoji in a sticker's label, if it has one."""
        if label := (await self.all(user_id)).get(unique_id):
            await self._save(user_id, unique_id, replace(label, emoji=emoji))

    async def all(self, user_id: int) -> dict[str, Label]:
        """The labels of a user's stickers by unique id."""
        stored: Any = await self._redis.hgetall(_key(user_id))
        return {
            field.decode(errors="replace"): label
            for field, value in stored.items()
            if (label := read(_key(user_id), value, partial(from_json, Label)))
        }

    async def discard_unused(self, user_id: int, unique_ids: set[str]) -> None:
        """Delete the labels of stickers that are not in `unique_ids`, nor uploaded lately."""
        old = [
            unique_id
            for unique_id, label in (await self.all(user_id)).items()
            if unique_id not in unique_ids and label.at < time.time() - UNUSED_LABEL_TTL
        ]
        if old:
            await self._redis.hdel(_key(user_id), *old)

    async def forget(self, user_id: int) -> None:
        """Delete the labels of a user's stickers."""
        await delete(self._redis, _key(user_id))

    async def _save(self, user_id: int, unique_id: str, label: Label) -> None:
        await self._redis.hset(_key(user_id), unique_id, json.dumps(asdict(label)))


def _key(user_id: int) -> str:
    return f"emojich:labels:{user_id}"


class PackCache:
    """Fetches the stickers of users' packs, and caches them for CACHE_TTL."""

    def __init__(self, bot: Bot, store: PackStore, labels: LabelStore):
        self._bot = bot
        self._store = store
        self._labels = labels
        self._seen: dict[int, tuple[float, list[Sticker]]] = {}

    async def stickers(self, user_id: int) -> list[Sticker]:
        """A user's stickers, each once, the last of the last pack first.  Raises TelegramError."""
        now = time.monotonic()
        self._seen = {user: seen for user, seen in self._seen.items() if now < seen[0]}
        if user_id not in self._seen:
            self._seen[user_id] = now + CACHE_TTL, await self._fetch(user_id)
        return self._seen[user_id][1]

    def discard(self, user_id: int) -> None:
        """Drop a user's cached stickers: the user may have changed a pack."""
        self._seen.pop(user_id, None)

    async def _fetch(self, user_id: int) -> list[Sticker]:
        packs = await asyncio.gather(*map(self._pack, await self._store.names(user_id)))
        # Inline mode cannot send custom emoji.
        stickers = [
            sticker for pack in packs for sticker in pack if sticker.type == Sticker.REGULAR
        ]
        found = {sticker.file_unique_id: sticker for sticker in stickers}
        await self._labels.discard_unused(user_id, set(found))
        return list(found.values())[::-1]

    async def _pack(self, name: str) -> tuple[Sticker, ...]:
        try:
            return (await self._bot.get_sticker_set(name)).stickers
        except BadRequest as error:
            if not says(error, PACK_IS_MISSING):
                raise
            return ()
