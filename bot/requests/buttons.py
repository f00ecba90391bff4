"""What happens when somebody taps a button."""

import asyncio
import logging
import re
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import redis
from telegram import User
from telegram.ext import CallbackQueryHandler

from bot.inline.index import Labels
from bot.packs.names import Kind, pack_link
from bot.packs.sticker_menu import Tidy
from bot.packs.sticker_sets import Owner, Packs, input_sticker
from bot.pictures.sticker import sticker_of
from bot.requests.delivery import Delivery
from bot.requests.intake import Intake, next_attempt
from bot.requests.keyboards import (
    CandidateAction,
    CandidateButton,
    ExampleButton,
    PromptButton,
    RequestAction,
    RequestButton,
)
from bot.requests.limits import Refusal
from bot.requests.record import Added, Choosing, Record, State, Uploaded
from bot.requests.store import Store
from bot.russian.emoji import FALLBACK, keywords
from bot.russian.written_emoji import written_emoji
from bot.telegram.callbacks import ButtonPress, NotYours, OldButton, StartNeeded, on_press
from bot.telegram.errors import REFUSALS, needs_start
from bot.telegram.messages import topic_of
from bot.texts import Texts
from worker.queue.results import load_codes

# What /start brings to put a sticker into a pack: add-<request id>-<candidate>
_START = re.compile(r"add-([A-Za-z0-9_-]+)-(\d)")

log = logging.getLogger(__name__)


class RequestButtons:
    """Does what the buttons of requests and of examples say."""

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

    def handlers(self) -> list[CallbackQueryHandler[Any, Any]]:
        """The handlers of the buttons that are about requests."""
        return [
            on_press(ExampleButton, self._draw_example),
            on_press(PromptButton, self._draw_example),
            on_press(CandidateButton, self._press_candidate),
            on_press(RequestButton, self._press),
        ]

    async def start(self, user: User, parameter: str, words: Texts) -> str | None:
        """Add the sticker that a link to the bot is about; None when it is about none.

        Returns what to say of it.  The user has tapped before they had started the bot.
        """
        match = _START.fullmatch(parameter)
        if match is None:
            return None
        number = int(match[2])
        record = await self._store.load(match[1])
        if record is None or number >= record.count:
            return words("old-button")
        if record.user_id != user.id:
            return words("not-yours")
        try:
            sentence = await self._add(user, record, number, words)
        except StartNeeded:
            return words("not-added")
        except OldButton:
            return words("old-button")
        record = await self._store.load(record.id) or record
        links = [words("in-pack", link=pack_link(pack)) for pack in record.packs]
        return "\n".join([sentence, *links])

    async def _press_candidate(self, press: ButtonPress[CandidateButton]) -> str | None:
        record, number = await self._record(press), press.button.number
        match press.button.action:
            case CandidateAction.ADD:
                return await self._add(press.user, record, number, press.words)
            case CandidateAction.LIKE:
                await self._delivery.change(record.id, Choosing(False))
                like = f"{record.id}:{number}"
                return await self._draw_more(record, press.update_id, press.words, like)

    async def _press(self, press: ButtonPress[RequestButton]) -> str | None:
        record, action, words = await self._record(press), press.button.action, press.words
        match action:
            case RequestAction.MORE:
                return await self._draw_more(record, press.update_id, words)
            case RequestAction.CHOOSE | RequestAction.BACK:
                choosing = Choosing(action is RequestAction.CHOOSE)
                await self._delivery.change(record.id, choosing)
                return None
            case RequestAction.EDIT:
                return words("how-to-edit")
            case RequestAction.CANCEL:
                return None if await self._intake.cancel(record.id) else words("too-late")
            case RequestAction.AGAIN:
                return await self._draw_again(record, words)

    async def _record(
        self, press: ButtonPress[CandidateButton] | ButtonPress[RequestButton]
    ) -> Record:
        """The record of the user's own request that a button is about."""
        record = await self._store.load(press.button.request_id)
        if record is None:
            raise OldButton
        if record.user_id != press.user.id:
            raise NotYours
        return record

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
            raise OldButton
        same = replace(
            record.anew(next_attempt(record.id)),
            wanted=record.wanted,
            seed=record.seed,
            boldness=record.boldness,
            outline=record.outline,
        )
        return await self._queue(self._intake.take(same), words) or words("drawn-again")

    async def _draw_example(
        self, press: ButtonPress[ExampleButton] | ButtonPress[PromptButton]
    ) -> str | None:
        query = press.query
        if query.message is None:  # of an inline result: they have no such button
            raise OldButton
        example = Record(
            # Not the message's id: the same button may be tapped many times.
            id=f"{query.from_user.id}_u{press.update_id}",
            user_id=query.from_user.id,
            chat_id=query.message.chat.id,
            prompt=press.button.prompt,
            language=press.words.language,
            thread_id=topic_of(query.message),
        )
        return await self._queue(self._intake.take(example), press.words)

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
                raise StartNeeded(f"add-{record.id}-{number}") from error
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
