"""Taps, and those on buttons that carry whose they are: `<version>:<kind>:<…>:<owner>:<…>`."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from telegram import CallbackQuery, Update, User
from telegram.constants import InlineKeyboardButtonLimit
from telegram.error import BadRequest
from telegram.ext import CallbackQueryHandler, ContextTypes

from bot.telegram.retry import insist
from bot.texts import Texts, language_for, texts

# Characters that are read in the two or three seconds for which Telegram shows a notification; more
# of them stay until they are put away (`show_alert`).
_AT_A_GLANCE = 80


@dataclass(frozen=True)
class Tap:
    """A tap on somebody's own button."""

    query: CallbackQuery
    data: re.Match[str]
    update_id: int
    words: Texts

    @property
    def user(self) -> User:
        """Who taps."""
        return self.query.from_user


Act = Callable[[Tap], Awaitable[str | None]]  # returns the sentence for the user, if it takes one


async def answer_tap(query: CallbackQuery, sentence: str | None, url: str | None = None) -> None:
    """Have a button stop blinking, with a sentence if there is one to say.

    Or with a link to the bot, which opens by itself; Telegram's apps drop it beside a sentence.
    """
    is_long = len(sentence or "") > _AT_A_GLANCE
    with suppress(BadRequest):  # too late for an answer; the message tells
        await insist(lambda: query.answer(sentence, show_alert=is_long, url=url))


def on_tap(pattern: re.Pattern[str], act: Act) -> CallbackQueryHandler[Any, Any]:
    """A handler of buttons whose data is like the pattern, with a group `owner`: the user's id."""

    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        data = pattern.fullmatch(query.data or "") if query else None
        if query is None or data is None:
            return
        words = texts(language_for(query.from_user.language_code))
        if int(data["owner"]) == query.from_user.id:
            sentence = await act(Tap(query, data, update.update_id, words))
        else:
            sentence = words("not-yours")
        await answer_tap(query, sentence)

    def is_ours(data: object) -> bool:
        # Numbers in longer data, which no button of ours has, could be too long to be read.
        fits = isinstance(data, str) and len(data) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
        return fits and pattern.fullmatch(str(data)) is not None

    return CallbackQueryHandler(answer, is_ours)
