"""Which users the bot serves: all, or those on a list; never the banned ones.

    emojich:banned   set   user ids

Operators always have access.
"""

from contextlib import suppress
from typing import Any

import redis.asyncio
from telegram import Update
from telegram.error import BadRequest, Forbidden
from telegram.ext import ApplicationHandlerStop

from bot.telegram.callbacks import answer_press
from bot.telegram.context import Context
from bot.telegram.messages import reply
from bot.telegram.retry import insist
from bot.texts import Texts

BANNED = "emojich:banned"


class Access:
    """Decides which users the bot serves."""

    def __init__(
        self, connection: redis.asyncio.Redis, admins: frozenset[int], allowed: frozenset[int]
    ):
        self._redis: Any = connection  # redis-py types some commands as synchronous
        self._admins = admins
        self._allowed = allowed

    async def check(self, update: Update, context: Context) -> None:
        """Refuse an update of a user without access, and hide it from all other handlers."""
        user = update.effective_user
        if user is None:
            return
        sentence = await self._refusal(user.id, context.words)
        if sentence:
            with suppress(BadRequest, Forbidden):
                await _answer(update, sentence)
            raise ApplicationHandlerStop

    async def ban(self, user_id: int) -> bool:
        """Ban a user; False for operators."""
        if user_id in self._admins:
            return False
        await self._redis.sadd(BANNED, user_id)
        return True

    async def unban(self, user_id: int) -> bool:
        """Lift the ban of a user; False when there was none."""
        return bool(await self._redis.srem(BANNED, user_id))

    async def count_banned(self) -> int:
        """How many users are banned."""
        return int(await self._redis.scard(BANNED))

    async def _refusal(self, user_id: int, words: Texts) -> str | None:
        if user_id in self._admins:
            return None
        if self._allowed and user_id not in self._allowed:
            return words("bot-is-private", id=str(user_id))
        if await self._redis.sismember(BANNED, user_id):
            return words("you-are-banned")
        return None


async def _answer(update: Update, sentence: str) -> None:
    """Answer a button press or a private message with the refusal; stay silent in groups."""
    query, message, inline = update.callback_query, update.message, update.inline_query
    if query:
        await answer_press(query, sentence)
    elif inline:  # an inline answer has no place for a sentence
        await insist(lambda: inline.answer([], cache_time=0, is_personal=True))
    elif message and message.chat.type == message.chat.PRIVATE:
        await reply(message, sentence)
