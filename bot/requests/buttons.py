"""What happens when somebody taps a button."""

import asyncio
import logging
import re
from collections.abc import Awaitable
from dataclasses import replace

import redis
from telegram import CallbackQuery, Update, User
from telegram.ext import ContextTypes
from telegram.helpers import create_deep_linked_url

from bot.inline.index import Labels
from bot.packs.names import Kind, pack_link
from bot.packs.sticker_menu import Tidy
from bot.packs.sticker_sets import Owner, Packs, input_sticker
from bot.pictures.sticker import sticker_of
from bot.requests.delivery import Delivery
from bot.requests.intake import Intake, next_attempt
from bot.requests.keyboards import Button, Deed, Example, read_tap
from bot.requests.record import Added, Choosing, Record, State, Uploaded
from bot.requests.refusals import Refusal
from bot.requests.store import Store
from bot.russian.emoji import FALLBACK, keywords
from bot.russian.written_emoji import written_emoji
from bot.telegram.callbacks import answer_tap
from bot.telegram.errors import REFUSALS, needs_start
from bot.telegram.messages import topic_of
from bot.texts import Texts, language_for, texts
from worker.queue.results import load_codes

# What /start brings to put a sticker into a pack: add-<request id>-<candidate>
_START = re.compile(r"add-([A-Za-z0-9_-]+)-(\d)")

log = logging.getLogger(__name__)


class NotStarted(Exception):
    """The user has to press Start before Telegram makes them a pack."""

    def __init__(self, parameter: str):
        super().__init__(parameter)
        self.parameter = parameter  # of /start, to go on with


class Taps:
    """Answers taps: each with a sentence or silently, or its button would go on blinking."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        delivery: Delivery,
        packs: Packs,
        tidy: Tidy,
        labels: Labels,
        results: redis.Redis,
    ):
        self._store = store
        self._intake = intake
        self._delivery = delivery
        self._packs = packs
        self._tidy = tidy
        self._labels = labels
        self._results = results

    async def answer(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Do what the button says, if it is the user's own and still good."""
        query = update.callback_query
        if query is None:
            return
        try:
            sentence = await self._act(query, update.update_id)
        except NotStarted as error:
            bot = query.get_bot().username
            await answer_tap(query, None, create_deep_linked_url(bot, error.parameter))
        else:
            await answer_tap(query, sentence)

    async def start(self, user: User, parameter: str) -> str | None:
        """Add the sticker that a link to the bot is about; None when it is about none.

        Returns what to say of it.  The user has tapped before they had started the bot.
        """
        match = _START.fullmatch(parameter)
        if match is None:
            return None
        words, number = texts(language_for(user.language_code)), int(match[2])
        record = await self._store.load(match[1])
        if record is None or number >= record.count:
            return words("old-button")
        if record.user_id != user.id:
            return words("not-yours")
        try:
            sentence = await self._add(user, record, number, words)
        except NotStarted:
            return words("not-added")
        record = await self._store.load(record.id) or record
        links = [words("in-pack", link=pack_link(pack)) for pack in record.packs]
        return "\n".join([sentence, *links])

    async def _act(self, query: CallbackQuery, update_id: int) -> str | None:
        """Do what the button says; returns the sentence for the user, if it takes one."""
        words = texts(language_for(query.from_user.language_code))
        tap = read_tap(query.data or "")
        if isinstance(tap, Example):
            return await self._draw_example(query, tap, update_id, words)
        if tap is None:
            return words("old-button")
        record = await self._store.load(tap.request_id)
        if record is None:
            return words("old-button")
        if record.user_id != query.from_user.id:
            return words("not-yours")
        return await self._act_on(record, tap, query.from_user, update_id, words)

    async def _act_on(
        self, record: Record, button: Button, user: User, update_id: int, words: Texts
    ) -> str | None:
        """Do what a button of the user's own request says."""
        number = button.number or 0
        match button.deed:
            case Deed.ADD:
                return await self._add(user, record, number, words)
            case Deed.LIKE:
                await self._delivery.change(record.id, Choosing(False))
                return await self._draw_more(record, update_id, words, f"{record.id}:{number}")
            case Deed.MORE:
                return await self._draw_more(record, update_id, words)
            case Deed.CHOOSE | Deed.BACK:
                await self._delivery.change(record.id, Choosing(button.deed is Deed.CHOOSE))
                return None
            case Deed.EDIT:
                return words("how-to-edit")
            case Deed.CANCEL:
                return None if await self._intake.cancel(record.id) else words("too-late")
            case Deed.AGAIN:
                return await self._draw_again(record, words)

    async def _draw_more(
        self, record: Record, update_id: int, words: Texts, like: str = ""
    ) -> str | None:
        """Draw the prompt once more, beside what is there: other pictures, or some like one."""
        if like and not await self._has_codes(record, int(like[-1])):
            return await self._draw_same(record, words)
        more = record.anew(f"{record.user_id}_u{update_id}", like)
        return await self._queue(self._intake.take(more), words) or words("drawing-more")

    async def _draw_same(self, record: Record, words: Texts) -> str:
        """Draw stickers once more that are no longer kept; the message stays as it is, with its ✓.

        All taps on it ask for the same one request.
        """
        if record.like:  # what they were like is not kept any longer either
            return words("old-button")
        same = replace(
            record.anew(next_attempt(record.id)),
            wanted=record.wanted,
            seed=record.seed,
            boldness=record.boldness,
            outline=record.outline,
        )
        return await self._queue(self._intake.take(same), words) or words("drawn-again")

    async def _draw_example(
        self, query: CallbackQuery, tap: Example, update_id: int, words: Texts
    ) -> str | None:
        if query.message is None:  # of an inline result: they have no such button
            return words("old-button")
        example = Record(
            # Not the message's id: the same button may be tapped many times.
            id=f"{query.from_user.id}_u{update_id}",
            user_id=query.from_user.id,
            chat_id=query.message.chat.id,
            prompt=tap.prompt,
            language=language_for(query.from_user.language_code),
            thread_id=topic_of(query.message),
        )
        return await self._queue(self._intake.take(example), words)

    async def _draw_again(self, record: Record, words: Texts) -> str | None:
        if record.state not in (State.FAILED, State.CANCELLED):
            return words("asked-again")
        return await self._queue(self._intake.take_again(record), words)

    async def _queue(self, taking: Awaitable[None], words: Texts) -> str | None:
        try:
            await taking
        except Refusal as error:
            return error.say(words)
        return None

    async def _add(self, user: User, record: Record, number: int, words: Texts) -> str:
        try:
            return await self._put_into_pack(user, record, number, words)
        except REFUSALS as error:
            if needs_start(error):
                raise NotStarted(f"add-{record.id}-{number}") from error
            log.error("request %s: sticker %d is not added: %s", record.id, number, error)
            return words("not-added")

    async def _put_into_pack(self, user: User, record: Record, number: int, words: Texts) -> str:
        replaced = await self._tidy.replaced(user.id)
        kind = replaced.kind if replaced else await self._packs.kind(user.id)
        file_id = record.uploads_as(kind).get(number) or await self._upload(record, number, kind)
        if file_id is None:
            return await self._draw_same(record, words)
        pack = record.added_as(kind).get(number)
        if pack and await self._packs.find(pack, file_id):
            return words("already-added", number=number + 1, kind=kind.value)
        owner = Owner(user.id, user.first_name)
        words_of_prompt = await asyncio.to_thread(keywords, record.prompt)
        # An older version has kept none, or what only looks like emoji.
        emoji = written_emoji("".join(record.emoji)) or [FALLBACK]
        if replaced:
            sticker = input_sticker(file_id, emoji, words_of_prompt)
            await self._tidy.replace(owner, replaced, sticker)
            await self._delivery.change(record.id, Added(number, replaced.pack))
            return words("sticker-replaced", number=number + 1, kind=kind.value)
        pack, is_new = await self._packs.add(owner, file_id, emoji, words_of_prompt)
        await self._delivery.change(record.id, Added(number, pack))
        # A full pack is followed by one of the same kind.
        added = words("added", number=number + 1, kind=kind.value)
        return f"{added} {words('added-to-new')}" if is_new else added

    async def _has_codes(self, record: Record, number: int) -> bool:
        return bool(await asyncio.to_thread(load_codes, self._results, record.id, number))

    async def _upload(self, record: Record, number: int, kind: Kind) -> str | None:
        """The file id of a candidate; None when the stickers are no longer kept."""
        sticker = await asyncio.to_thread(sticker_of, self._results, record, number, kind)
        if sticker is None:
            return None
        file_id, unique_id = await self._packs.upload(record.user_id, sticker)
        await self._labels.add(record.user_id, unique_id, record.prompt, record.emoji)
        await self._store.change(record.id, Uploaded(number, file_id, kind))
        return file_id
