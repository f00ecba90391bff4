"""/history: the last prompts, each a button that brings it back."""

import asyncio
from dataclasses import dataclass

import redis
from telegram import InlineKeyboardMarkup, Update

from bot.account.history import History
from bot.requests.delivery import Delivery
from bot.requests.intake import Intake
from bot.requests.limits import Refusal
from bot.requests.record import Record, Reopened
from bot.requests.store import Store
from bot.telegram.callbacks import ButtonPress, Callback, OldButton
from bot.telegram.context import Context
from bot.telegram.messages import Screen, reply, topic_of
from bot.texts import shortened
from worker.queue.results import load_stickers


@dataclass(frozen=True)
class HistoryButton(Callback):
    """Brings a prompt back."""

    kind = "past"
    owner: int
    request_id: str


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

    async def show(self, update: Update, context: Context) -> None:
        """Answer /history."""
        user, message = update.effective_user, update.effective_message
        if not (user and message):
            return
        words = context.words
        rows = [
            [HistoryButton(user.id, request_id).button(shortened(past.prompt))]
            for request_id, past in (await self._history.all(user.id)).items()
        ]
        text = words("history", count=len(rows)) if rows else words("history-none")
        keyboard = InlineKeyboardMarkup(rows) if rows else None
        await reply(message, Screen(text, keyboard))

    async def press(self, press: ButtonPress[HistoryButton]) -> str:
        """Show a request again while its stickers are kept, else draw it again."""
        request_id = press.button.request_id
        past = (await self._history.all(press.user.id)).get(request_id)
        if past is None or press.query.message is None:
            raise OldButton
        record = await self._store.load(request_id)
        # What was drawn in a group is drawn again here, and does not come up there once more.
        is_shown_here = record is not None and record.is_private and record.has_stickers
        if is_shown_here and await self._has_stickers(request_id):
            await self._delivery.change(request_id, Reopened())
            return press.words("history-shown")
        again = Record(
            id=f"{press.query.message.chat.id}_u{press.update_id}",
            user_id=press.user.id,
            chat_id=press.query.message.chat.id,
            prompt=past.prompt,
            language=press.words.language,
            wanted=past.count,
            seed=past.seed,
            boldness=past.boldness,
            outline=past.outline,
            emoji=past.emoji,
            thread_id=topic_of(press.query.message),
        )
        try:
            await self._intake.take(again)
        except Refusal as error:
            return error.say(press.words)
        return press.words("history-again")

    async def _has_stickers(self, request_id: str) -> bool:
        return bool(await asyncio.to_thread(load_stickers, self._results, request_id))
