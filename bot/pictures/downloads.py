"""Downloads files from Telegram: pictures of stickers, and pictures that users send.

The latest pictures of stickers are cached.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from telegram import Bot, PhotoSize, Sticker
from telegram.error import BadRequest, InvalidToken, NetworkError

from bot.telegram.errors import FILE_IS_TOO_BIG, says
from bot.telegram.retry import with_retries
from emojich_core.image_file import MAX_BYTES

_CACHE_SIZE = 500  # files, of some 30 KB each
_AT_ONCE = 6  # downloads
_TIMEOUT = 20.0  # seconds without a byte
_DEADLINE = 45.0  # seconds for a whole file


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
            file = await with_retries(lambda: self._bot.get_file(wanted.file_id))
            picture = bytes(await with_retries(file.download_as_bytearray))
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


class TooLarge(Exception):
    """A file has more bytes than the bot takes."""


class FileGone(Exception):
    """Telegram no longer has a file."""


class Files:
    """Downloads files that users have sent, of at most MAX_BYTES."""

    def __init__(self, bot: Bot, *, trust_env: bool):
        """`trust_env`: whether to use the proxy of the environment."""
        self._bot = bot
        self._options: dict[str, Any] = {
            "trust_env": trust_env,
            "verify": httpx.create_ssl_context(),
            "timeout": _TIMEOUT,
            "headers": {"Accept-Encoding": "identity"},  # else few bytes may become many
        }
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def download(self, file_id: str, size: int) -> bytes:
        """The bytes of a file; `size` is the size that its message gives, 0 if none.

        Raises TooLarge, FileGone, TelegramError.
        """
        if size > MAX_BYTES:
            raise TooLarge
        async with self._gate:
            try:
                file = await with_retries(lambda: self._bot.get_file(file_id))
                return await with_retries(lambda: self._read(file.file_path or ""))
            except BadRequest as error:
                raise TooLarge if says(error, FILE_IS_TOO_BIG) else FileGone from None
            except InvalidToken:
                raise FileGone from None

    async def _read(self, path: str) -> bytes:
        """The bytes at the path of a file: an address, or a file that a local Bot API server has.

        python-telegram-bot would read a file of any size.
        """
        if not path.startswith(("http://", "https://")):
            return await asyncio.to_thread(_read_local, Path(path))
        parts = bytearray()
        try:
            async with (
                asyncio.timeout(_DEADLINE),
                httpx.AsyncClient(**self._options) as client,
                client.stream("GET", path) as response,
            ):
                if response.is_client_error:
                    raise FileGone
                response.raise_for_status()
                async for part in response.aiter_raw():
                    parts += part
                    if len(parts) > MAX_BYTES:
                        raise TooLarge
        except (
            httpx.HTTPError,
            TimeoutError,
        ):  # their messages contain the token
            raise NetworkError("a file cannot be downloaded") from None
        return bytes(parts)


def _read_local(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        raise FileGone from None
    if len(content) > MAX_BYTES:
        raise TooLarge
    return content
