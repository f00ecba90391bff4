"""Reports and digests that the bot sends to the admins, each in the admin's language.

    emojich:admins   hash   admin's id → the language in which they last wrote to the bot

Telegram lets a bot write only to users who have pressed Start.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import redis.asyncio
from telegram import Bot
from telegram.error import TelegramError

from bot.telegram.errors import REFUSALS
from bot.telegram.messages import Screen, send
from bot.telegram.retry import with_retries
from bot.texts import ENGLISH, RUSSIAN, Texts, language_for, texts

LANGUAGES = "emojich:admins"

log = logging.getLogger(__name__)


class Notices:
    """Sends messages to the admins, and finds their language."""

    def __init__(self, bot: Bot, connection: redis.asyncio.Redis, admins: frozenset[int]):
        self.admins = admins
        self._bot = bot
        self._redis: Any = connection  # redis-py types some commands as synchronous

    async def words(self, admin: int) -> Texts:
        """The sentences in an admin's language; Russian until they have written to the bot."""
        stored = await self._redis.hget(LANGUAGES, str(admin)) or b""
        language = stored.decode(errors="replace")
        return texts(language if language in (RUSSIAN, ENGLISH) else language_for(None))

    async def send(self, admin: int, screen: Callable[[Texts], Screen]) -> int | None:
        """Send a message, with several attempts; returns its id, None where Telegram refuses it.

        Raises TelegramError for an outage.
        """
        shown = screen(await self.words(admin))
        try:
            return (await with_retries(lambda: send(self._bot, admin, shown))).message_id
        except REFUSALS as error:
            log.warning("admin %d gets no messages, and may have to press Start: %s", admin, error)
            return None

    async def send_all(self, screen: Callable[[Texts], Screen]) -> dict[int, int]:
        """Send a message to each admin; returns its id for each admin whom it reached."""

        async def send_one(admin: int) -> int | None:
            try:
                return await self.send(admin, screen)
            except TelegramError as error:
                log.warning("admin %d gets no message: %s", admin, error)
                return None

        ids = await asyncio.gather(*map(send_one, self.admins))
        return {admin: id_ for admin, id_ in zip(self.admins, ids, strict=True) if id_}
