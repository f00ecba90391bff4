"""Processes each user's updates in order, and different users' side by side."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from weakref import WeakValueDictionary

from telegram import Update
from telegram.ext import BaseUpdateProcessor

# Updates at a time.  Those that wait for their user's turn count, too: with python-telegram-bot's
# own 256, one user who sends as many while Telegram makes the bot wait would hold up everybody.
_MAX_CONCURRENT = 100_000


class PerUserProcessor(BaseUpdateProcessor):
    """Each user's updates one after another, all users' side by side.

    What is typed in inline mode changes nothing, and so it does not wait for the rest.

    So a user for whom Telegram is slow delays no other user, and no other tap of the same user is
    handled between two steps of a handler.
    """

    def __init__(self) -> None:
        super().__init__(_MAX_CONCURRENT)
        self._locks: WeakValueDictionary[tuple[int, bool], asyncio.Lock] = WeakValueDictionary()

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Handle an update once its user's earlier ones are done."""
        if not (isinstance(update, Update) and update.effective_sender):
            await coroutine
            return
        # Not `effective_user`: users who write on behalf of a chat share one.
        whose = update.effective_sender.id, update.inline_query is not None
        lock = self._locks.setdefault(whose, asyncio.Lock())
        async with lock:
            await coroutine

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""
