"""Processes each user's updates in order, and different users' side by side."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from weakref import WeakValueDictionary

from telegram import Update
from telegram.ext import BaseUpdateProcessor

# Updates at a time, including those that wait for earlier ones of their user.  With the 256 of
# python-telegram-bot, one user who sends as many while Telegram is slow would delay all others.
_MAX_CONCURRENT = 100_000


class PerUserProcessor(BaseUpdateProcessor):
    """Processes each user's updates one after another, and those of different users side by side.

    So a user for whom Telegram is slow delays no other, and no second button press of a user comes
    between two steps of a handler.  Inline queries change nothing, so they do not wait.
    """

    def __init__(self) -> None:
        super().__init__(_MAX_CONCURRENT)
        self._locks: WeakValueDictionary[tuple[int, bool], asyncio.Lock] = WeakValueDictionary()

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Handle an update once its user's earlier ones are done."""
        if not (isinstance(update, Update) and update.effective_sender):
            await coroutine
            return
        # Not `effective_user`: all users who write on behalf of a chat have the same.
        whose = update.effective_sender.id, update.inline_query is not None
        lock = self._locks.setdefault(whose, asyncio.Lock())
        async with lock:
            await coroutine

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""
