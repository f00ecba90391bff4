"""/history: the last prompts, each a button that brings it back."""

import asyncio
import re

import redis
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import ContextTypes

from bot.account.history import History, Past
from bot.requests.delivery import Delivery
from bot.requests.intake import Intake
from bot.requests.record import Record, Reopened
from bot.requests.refusals import Refusal
from bot.requests.store import Store
from bot.telegram.callbacks import Tap
from bot.telegram.messages import Screen, reply, topic_of
from bot.texts import language_for, shortened, texts
from worker.queue.results import load_stickers

# 1:past:<whose>:<request id>
TAP = re.compile(r"1:past:(?P<owner>\d+):(?P<request>[A-Za-z0-9_-]+)")


class HistoryMenu:
    """Shows the last prompts, and brings them back."""

    def __init__(
        self,
        history: History,
        store: Store,
        intake: Intake,
        delivery: Delivery,
        results: redis.Redis,
    ):
        self._history = history
        self._store = store
        self._intake = intake
        self._delivery = delivery
        self._results = results

    async def show(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer /history."""
        user, message = update.effective_user, update.effective_message
        if not (user and message):
            return
        words = texts(language_for(user.language_code))
        rows = [
            [_button(past, user.id, request_id)]
            for request_id, past in (await self._history.all(user.id)).items()
        ]
        text = words("history", count=len(rows)) if rows else words("history-none")
        keyboard = InlineKeyboardMarkup(rows) if rows else None
        await reply(message, Screen(text, keyboard))

    async def tap(self, tap: Tap) -> str:
        """Show a request again while its stickers are kept, else draw it again."""
        request_id = tap.data["request"]
        past = (await self._history.all(tap.user.id)).get(request_id)
        if past is None or tap.query.message is None:
            return tap.words("old-button")
        record = await self._store.load(request_id)
        # What was drawn in a group is drawn again here, and does not come up there once more.
        is_shown_here = record is not None and record.is_private and record.has_stickers
        if is_shown_here and await self._has_stickers(request_id):
            await self._delivery.change(request_id, Reopened())
            return tap.words("history-shown")
        again = Record(
            id=f"{tap.query.message.chat.id}_u{tap.update_id}",
            user_id=tap.user.id,
            chat_id=tap.query.message.chat.id,
            prompt=past.prompt,
            language=language_for(tap.user.language_code),
            wanted=past.count,
            seed=past.seed,
            boldness=past.boldness,
            outline=past.outline,
            emoji=past.emoji,
            thread_id=topic_of(tap.query.message),
        )
        try:
            await self._intake.take(again)
        except Refusal as error:
            return error.say(tap.words)
        return tap.words("history-again")

    async def _has_stickers(self, request_id: str) -> bool:
        return bool(await asyncio.to_thread(load_stickers, self._results, request_id))


def _button(past: Past, user_id: int, request_id: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        shortened(past.prompt), callback_data=f"1:past:{user_id}:{request_id}"
    )
