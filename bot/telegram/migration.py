"""Follows a group that has become a supergroup: sends its messages to the new chat."""

from collections.abc import Callable, Coroutine
from typing import Any

from telegram.error import ChatMigrated

from bot.telegram.rate_limits import Answer, RateLimits


class FollowMigration(RateLimits):
    """Repeats a refused send in the chat that Telegram names.

    https://core.telegram.org/bots/api#responseparameters, migrate_to_chat_id
    """

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answer]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Answer:
        """Call a method.  Raises TelegramError; ChatMigrated only where a message is changed."""
        try:
            return await super().process_request(
                callback, args, kwargs, endpoint, data, rate_limit_args
            )
        except ChatMigrated as error:
            if not endpoint.startswith("send"):  # there the same id is that of another message
                raise
            data["chat_id"] = error.new_chat_id
            for of_the_old_chat in ("reply_parameters", "message_thread_id"):
                data.pop(of_the_old_chat, None)
            return await super().process_request(
                callback, args, kwargs, endpoint, data, rate_limit_args
            )
