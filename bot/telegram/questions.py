"""Asks questions that a user answers by a reply, and stores them in Redis.

    emojich:question:<chat>:<message>  string  what the answer is for

Only a reply to the question counts as its answer (Telegram's apps begin the reply: ForceReply).  So
other messages stay prompts, and a user need not answer.
"""

from typing import Any

import redis.asyncio
from telegram import Bot, ForceReply, Message

from bot.telegram.callbacks import ButtonPress
from bot.telegram.messages import Screen, reply, send, topic_of
from bot.telegram.retry import with_retries

TTL = 24 * 3600  # seconds


class Questions:
    """Asks questions, and stores their purposes."""

    def __init__(self, bot: Bot, connection: redis.asyncio.Redis):
        self._bot = bot
        self._redis = connection

    async def ask(self, press: ButtonPress[Any], text: str, purpose: str) -> None:
        """Ask the user who pressed a button, in the private chat."""
        question, topic = Screen(text, ForceReply()), topic_of(press.query.message)
        message = await with_retries(lambda: send(self._bot, press.user.id, question, topic=topic))
        await self._remember(message, purpose)

    async def ask_again(self, answer: Message, text: str, purpose: str) -> None:
        """Tell the user why an answer is not valid; the next reply answers this message."""
        message = await reply(answer, Screen(text, ForceReply()))
        await self._remember(message, purpose)

    async def purpose(self, chat_id: int, message_id: int) -> str | None:
        """The purpose of a question; None if the message is none."""
        purpose: Any = await self._redis.get(_key(chat_id, message_id))
        return purpose.decode(errors="replace") if purpose else None

    async def close(self, chat_id: int, message_id: int) -> None:
        """Forget a question that has been answered."""
        await self._redis.delete(_key(chat_id, message_id))

    async def forget(self, user_id: int) -> None:
        """Delete the questions in a user's private chat."""
        async for key in self._redis.scan_iter(_key(user_id, "*"), count=1000):
            await self._redis.delete(key)

    async def _remember(self, question: Message, purpose: str) -> None:
        await self._redis.set(_key(question.chat_id, question.message_id), purpose, ex=TTL)


def _key(chat_id: int, message_id: int | str) -> str:
    return f"emojich:question:{chat_id}:{message_id}"
