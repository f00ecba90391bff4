"""Questions whose answer is a message: which ones have been asked, kept in Redis.

    emojich:question:<chat>:<message>  string  what the answer is for

Only an answer to the very question counts (Telegram's apps begin one by themselves: ForceReply), so
a user who has lost interest simply goes on, and nothing is taken for what it is not.
"""

from typing import Any

import redis.asyncio
from telegram import Bot, ForceReply, Message

from bot.telegram.callbacks import ButtonPress
from bot.telegram.messages import Screen, reply, send, topic_of
from bot.telegram.retry import insist

TTL = 24 * 3600  # seconds


class Questions:
    """Asks, and knows what an answer is for."""

    def __init__(self, bot: Bot, connection: redis.asyncio.Redis):
        self._bot = bot
        self._redis = connection

    async def ask(self, press: ButtonPress[Any], text: str, purpose: str) -> None:
        """Ask the user who has tapped a button, in their private chat."""
        question, topic = Screen(text, ForceReply()), topic_of(press.query.message)
        message = await insist(lambda: send(self._bot, press.user.id, question, topic=topic))
        await self._remember(message, purpose)

    async def ask_again(self, answer: Message, text: str, purpose: str) -> None:
        """Say why an answer will not do; what comes next answers this."""
        message = await reply(answer, Screen(text, ForceReply()))
        await self._remember(message, purpose)

    async def purpose(self, chat_id: int, message_id: int) -> str | None:
        """What an answer to this message is for, if it is a question."""
        purpose: Any = await self._redis.get(_key(chat_id, message_id))
        return purpose.decode(errors="replace") if purpose else None

    async def close(self, chat_id: int, message_id: int) -> None:
        """The question has its answer."""
        await self._redis.delete(_key(chat_id, message_id))

    async def forget(self, user_id: int) -> None:
        """Delete the questions in a user's private chat."""
        async for key in self._redis.scan_iter(_key(user_id, "*"), count=1000):
            await self._redis.delete(key)

    async def _remember(self, question: Message, purpose: str) -> None:
        await self._redis.set(_key(question.chat_id, question.message_id), purpose, ex=TTL)


def _key(chat_id: int, message_id: int | str) -> str:
    return f"emojich:question:{chat_id}:{message_id}"
