"""Downloads the pictures of stickers from Telegram, and caches the latest ones."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from telegram import Bot, PhotoSize, Sticker
from telegram.error import BadRequest, InvalidToken

from bot.telegram.retry import insist

_CACHE_SIZE = 500  # files, of some 30 KB each
_AT_ONCE = 6  # downloads


class Pictures:
    """Downloads and caches the pictures of stickers."""

    def __init__(self, bot: Bot):
        self._bot = bot
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def of(self, stickers: Sequence[Sticker | None]) -> list[bytes | None]:
        """The file of each sticker's picture; None where there is none.  Raises TelegramError."""
        return list(await asyncio.gather(*map(self._of, stickers)))

    async def _of(self, sticker: Sticker | None) -> bytes | None:
        file = still(sticker) if sticker else None
        if file is None:
            return None
        async with self._gate:
            return await self._download(file)

    async def _download(self, wanted: Sticker | PhotoSize) -> bytes | None:
        if cached := self._cache.get(wanted.file_unique_id):
            self._cache.move_to_end(wanted.file_unique_id)
            return cached
        try:
            file = await insist(lambda: self._bot.get_file(wanted.file_id))
            picture = bytes(await insist(file.download_as_bytearray))
        except (
            BadRequest,
            InvalidToken,
        ):  # the file is gone: python-telegram-bot turns a 404 into InvalidToken
            return None
        self._cache[wanted.file_unique_id] = picture
        while len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)
        return picture


def still(sticker: Sticker) -> Sticker | PhotoSize | None:
    """A sticker's still picture: itself, or the thumbnail of an animation or video, if any."""
    return sticker.thumbnail if sticker.is_animated or sticker.is_video else sticker
