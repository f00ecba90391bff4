"""Which users the bot serves: all, or those on a list; never the banned ones.

    emojich:banned           set    user ids
    emojich:banned:reasons   hash   user id → reason, where an operator gave one

Operators always have access.
"""

from contextlib import suppress
from typing import Any

import redis.asyncio
from telegram import Update
from telegram.error import BadRequest, Forbidden
from telegram.ext import ApplicationHandlerStop

from bot.admin.notices import LANGUAGES
from bot.telegram.callbacks import answer_press
from bot.telegram.context import Context
from bot.telegram.messages import reply
from bot.telegram.retry import with_retries
from bot.texts import Texts

BANNED = "emojich:banned"
REASONS = "emojich:banned:reasons"
MAX_REASON = 120  # characters: the refusal must fit into the answer to a button, 200 characters
LISTED = 50  # bans in one message


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
        if user.id in self._admins:  # the language of reports and digests
            await self._redis.hset(LANGUAGES, str(user.id), context.words.language)
        sentence = await self._refusal(user.id, context.words)
        if sentence:
            with suppress(BadRequest, Forbidden):
                await _answer(update, sentence)
            raise ApplicationHandlerStop

    async def ban(self, user_id: int, reason: str = "") -> bool:
        """Ban a user, who reads the reason; False for operators."""
        if user_id in self._admins:
            return False
        async with self._redis.pipeline() as pipe:
            pipe.sadd(BANNED, user_id)
            if reason:
                pipe.hset(REASONS, str(user_id), reason)
            else:
                pipe.hdel(REASONS, str(user_id))
            await pipe.execute()
        return True

    async def unban(self, user_id: int) -> bool:
        """Lift the ban of a user; False when there was none."""
        async with self._redis.pipeline() as pipe:
            pipe.srem(BANNED, user_id)
            pipe.hdel(REASONS, str(user_id))
            was_banned, _ = await pipe.execute()
        return bool(was_banned)

    async def banned(self) -> list[tuple[str, str]]:
        """Up to LISTED banned users, each with the reason; empty where none was given."""
        ids = sorted(map(_text, await self._redis.srandmember(BANNED, LISTED)))
        reasons = await self._redis.hmget(REASONS, ids) if ids else []
        return [(id_, _text(why or b"")) for id_, why in zip(ids, reasons, strict=True)]

    async def count_banned(self) -> int:
        """How many users are banned."""
        return int(await self._redis.scard(BANNED))

    async def _refusal(self, user_id: int, words: Texts) -> str | None:
        if user_id in self._admins:
            return None
        if self._allowed and user_id not in self._allowed:
            return words("bot-is-private", id=str(user_id))
        if await self._redis.sismember(BANNED, user_id):
            reason = _text(await self._redis.hget(REASONS, str(user_id)) or b"")[:MAX_REASON]
            return words("you-are-banned-for", reason=reason) if reason else words("you-are-banned")
        return None


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


async def _answer(update: Update, sentence: str) -> None:
    """Answer a button press or a private message with the refusal; stay silent in groups."""
    query, message, inline = update.callback_query, update.message, update.inline_query
    if query:
        await answer_press(query, sentence)
    elif inline:  # an inline answer has no place for a sentence
        await with_retries(lambda: inline.answer([], cache_time=0, is_personal=True))
    elif message and message.chat.type == message.chat.PRIVATE:
        await reply(message, sentence)
