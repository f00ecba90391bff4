"""The stickers that are in somebody's packs, as Telegram has told a moment ago."""

import asyncio
import time

from telegram import Bot, Sticker
from telegram.error import BadRequest

from bot.inline.index import LabelStore
from bot.packs.store import PackStore
from bot.telegram.errors import PACK_IS_MISSING, says

KEPT = 10.0  # seconds in which somebody who types a word asks for each of its letters


class PackCache:
    """Looks into packs, and remembers for a moment what it has seen."""

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
            self._seen[user_id] = now + KEPT, await self._look(user_id)
        return self._seen[user_id][1]

    def forget(self, user_id: int) -> None:
        """Look again next time: the user may have changed a pack."""
        self._seen.pop(user_id, None)

    async def _look(self, user_id: int) -> list[Sticker]:
        packs = await asyncio.gather(*map(self._pack, await self._store.names(user_id)))
        # Custom emoji are no stickers that one could send.
        stickers = [
            sticker for pack in packs for sticker in pack if sticker.type == Sticker.REGULAR
        ]
        found = {sticker.file_unique_id: sticker for sticker in stickers}
        await self._labels.forget_unused(user_id, set(found))
        return list(found.values())[::-1]

    async def _pack(self, name: str) -> tuple[Sticker, ...]:
        try:
            return (await self._bot.get_sticker_set(name)).stickers
        except BadRequest as error:
            if not says(error, PACK_IS_MISSING):
                raise
            return ()
