"""Answers to `@bot кот`: https://core.telegram.org/bots/inline."""

import asyncio
import logging
import re

from telegram import (
    InlineQuery,
    InlineQueryResultCachedSticker,
    InlineQueryResultsButton,
    Sticker,
    Update,
)
from telegram.error import TelegramError
from telegram.ext import InlineQueryHandler

from bot.inline.index import LabelStore, PackCache
from bot.inline.search import find
from bot.requests.limits import INLINE_RESULTS
from bot.requests.prompt_links import encode, start_parameter
from bot.russian.request_phrases import asked_for
from bot.telegram.context import Context, Handler
from bot.texts import Texts
from emojich_core.request import MAX_PROMPT_LENGTH

# Seconds for which Telegram caches the answer to a query; a longer cache would offer removed
# stickers.
CACHE_TIME = 10

log = logging.getLogger(__name__)


class InlineHandler:
    """Answers each user's inline queries with the stickers of their own packs."""

    def __init__(self, cache: PackCache, labels: LabelStore):
        self._cache = cache
        self._labels = labels

    def handlers(self) -> list[Handler]:
        """The one handler of inline queries."""
        return [InlineQueryHandler(self._answer)]

    async def discard_cached(self, update: Update, _: Context) -> None:
        """Drop a user's cached stickers after any other update: it may have changed a pack."""
        if update.effective_user and not update.inline_query:
            self._cache.discard(update.effective_user.id)

    async def _answer(self, update: Update, context: Context) -> None:
        if (query := update.inline_query) is None:
            return
        text = query.query[:MAX_PROMPT_LENGTH]
        try:
            found = await self._find(query.from_user.id, text)
            button = None if found else await asyncio.to_thread(_button, text, context.words)
            await _offer(query, found, button)
        except TelegramError as error:  # too late, or an outage: the next letter sends a new query
            log.warning("an inline query is left without an answer: %s", error)

    async def _find(self, user_id: int, text: str) -> list[Sticker]:
        stickers = await self._cache.stickers(user_id)
        labels = await self._labels.all(user_id)
        return await asyncio.to_thread(find, text, stickers, labels)


async def _offer(
    query: InlineQuery, found: list[Sticker], button: InlineQueryResultsButton | None
) -> None:
    """Answer with a page of the stickers, and a button above them."""
    start = int(query.offset) if re.fullmatch(r"[0-9]{1,9}", query.offset) else 0
    end = start + INLINE_RESULTS
    results = [
        InlineQueryResultCachedSticker(sticker.file_unique_id, sticker.file_id)
        for sticker in found[start:end]
    ]
    await query.answer(
        results,
        cache_time=CACHE_TIME,
        is_personal=True,  # else Telegram would repeat the answer to other users
        next_offset=str(end) if end < len(found) else None,
        button=button,
    )


def _button(text: str, words: Texts) -> InlineQueryResultsButton:
    """A button that says that nothing was found; it opens the bot, which offers to draw it."""
    wanted = asked_for(text)
    if not text.strip():
        label = words("inline-none-yet")
    elif encode(wanted):
        label = words("inline-not-found-draw")
    else:  # no link can hold the prompt
        label = words("inline-not-found")
    return InlineQueryResultsButton(label, start_parameter=start_parameter(wanted))
