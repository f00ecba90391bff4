"""Handles the button presses of users in the messages of requests."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import redis
from telegram import User
from telegram.ext import CallbackQueryHandler

from bot.packs.add import StickerAdder, StickersGone, candidate_of_start
from bot.packs.names import pack_link
from bot.requests.delivery import Delivery
from bot.requests.image_prompts import HALF, QUARTER, ImagePrompts
from bot.requests.intake import Intake
from bot.requests.limits import Refusal
from bot.requests.record import CandidateRef, Choosing, ChoosingStyle, Record, State
from bot.requests.store import Store
from bot.requests.styles import bundle_of, other_styles
from bot.requests.view import (
    CandidateAction,
    CandidateButton,
    ExampleButton,
    PromptButton,
    RequestAction,
    RequestButton,
    StyleButton,
)
from bot.telegram.callbacks import ButtonPress, NotYours, OldButton, StartNeeded, on_press
from bot.telegram.messages import topic_of
from bot.texts import Texts
from emojich_core.request import ImageRef
from worker.queue.request_ids import id_of_next_attempt, id_of_update
from worker.queue.requests import RequestQueue
from worker.queue.results import load_codes


class RequestButtons:
    """Handles the buttons of requests and of examples."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        delivery: Delivery,
        adder: StickerAdder,
        image_prompts: ImagePrompts,
        queue: RequestQueue,
        results: redis.Redis,
    ):
        self._store = store
        self._intake = intake
        self._delivery = delivery
        self._adder = adder
        self._image_prompts = image_prompts
        self._queue = queue
        self._results = results

    def handlers(self) -> list[CallbackQueryHandler[Any, Any]]:
        """The handlers of the buttons that are about requests."""
        return [
            on_press(ExampleButton, self._draw_example),
            on_press(PromptButton, self._draw_example),
            on_press(CandidateButton, self._press_candidate),
            on_press(RequestButton, self._press),
            on_press(StyleButton, self._press_style),
        ]

    async def start(self, user: User, parameter: str, words: Texts) -> str | None:
        """Add the candidate that the parameter of a start link names; None if it names none.

        Returns a sentence for the user, who had pressed the candidate before starting the bot.
        """
        candidate = candidate_of_start(parameter)
        if candidate is None:
            return None
        record = await self._store.load(candidate.request_id)
        if record is None or candidate.number >= record.count:
            return words("old-button")
        if record.user_id != user.id:
            return words("not-yours")
        try:
            sentence = await self._add(user, record, candidate.number, words)
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
                like = CandidateRef(record.id, number)
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
            case RequestAction.STYLES:
                return await self._offer_styles(record, words)
            case RequestAction.EDIT:
                return words("how-to-edit")
            case RequestAction.CANCEL:
                return None if await self._intake.cancel(record.id) else words("too-late")
            case RequestAction.AGAIN:
                return await self._draw_again(record, words)
            case RequestAction.HALF:
                return await self._keep_share(record, HALF, press.update_id, words)
            case RequestAction.QUARTER:
                return await self._keep_share(record, QUARTER, press.update_id, words)

    async def _offer_styles(self, record: Record, words: Texts) -> str | None:
        """Ask in which of the styles that are served now to draw the prompt."""
        served = await asyncio.to_thread(self._queue.served)
        styles = other_styles(served, record.model, record.language)
        await self._delivery.change(record.id, ChoosingStyle(styles))
        return None if styles else words("no-other-style")

    async def _press_style(self, press: ButtonPress[StyleButton]) -> str | None:
        record, words = await self._record(press), press.words
        model = bundle_of(record.styles, press.button.code)
        if model is None:
            raise OldButton
        if record.state is not State.FINISHED:
            return words("asked-again")
        await self._require_image(record.image)
        return await self._take(self._intake.take_in_style(record, model, press.update_id), words)

    async def _record(
        self,
        press: ButtonPress[CandidateButton] | ButtonPress[RequestButton] | ButtonPress[StyleButton],
    ) -> Record:
        """The record of the user's own request that a button is about."""
        record = await self._store.load(press.button.request_id)
        if record is None:
            raise OldButton
        if record.user_id != press.user.id:
            raise NotYours
        if record.message_id is None and press.query.message:
            # A user may press a button before Telegram's answer tells the bot the message's id.
            record = replace(record, message_id=press.query.message.message_id)
        return record

    async def _draw_more(
        self, record: Record, update_id: int, words: Texts, like: CandidateRef | None = None
    ) -> str | None:
        """Queue the prompt again, for a new message: with other seeds, or similar to `like`."""
        if like and not await self._has_codes(like):
            return await self._draw_same(record, words)
        await self._require_image(None if like else record.image)
        more = record.anew(id_of_update(record.user_id, update_id), str(like) if like else "")
        return await self._take(self._intake.take(more), words) or words("drawing-more")

    async def _draw_same(self, record: Record, words: Texts) -> str:
        """Draw expired stickers again; the old message stays as it is, with its ✓.

        Each press makes the same request id, so several presses queue one request.
        """
        if record.like:  # the codes of that candidate have expired, too
            raise OldButton
        await self._require_image(record.image)
        same = replace(
            record.anew(id_of_next_attempt(record.id)),
            wanted=record.wanted,
            seed=record.seed,
            boldness=record.boldness,
            outline=record.outline,
            longer=record.longer,
        )
        return await self._take(self._intake.take(same), words) or words("drawn-again")

    async def _draw_example(
        self, press: ButtonPress[ExampleButton] | ButtonPress[PromptButton]
    ) -> str | None:
        query = press.query
        if query.message is None:  # of an inline result, which has no such button
            raise OldButton
        example = Record(
            # Not the message's id: a user may press the same button several times.
            id=id_of_update(query.from_user.id, press.update_id),
            user_id=query.from_user.id,
            chat_id=query.message.chat.id,
            prompt=press.button.prompt,
            language=press.words.language,
            thread_id=topic_of(query.message),
        )
        return await self._take(self._intake.take(example), press.words)

    async def _draw_again(self, record: Record, words: Texts) -> str | None:
        if record.state not in (State.FAILED, State.CANCELLED):
            return words("asked-again")
        await self._require_image(record.image)
        return await self._take(self._intake.take_again(record), words)

    async def _keep_share(
        self, record: Record, share: float, update_id: int, words: Texts
    ) -> str | None:
        """Draw again in the same message, keeping another share of the picture."""
        if record.image is None:
            raise OldButton
        if record.state is not State.FINISHED:
            return words("asked-again")
        await self._require_image(record.image)
        other = record.anew(id_of_update(record.user_id, update_id))
        other = replace(other, image=replace(record.image, share=share))
        return await self._take(self._intake.take(other, instead_of=record), words)

    async def _require_image(self, image: ImageRef | None) -> None:
        """Raise OldButton if the image prompt has expired."""
        if image and not await self._image_prompts.is_kept(image.id):
            raise OldButton

    async def _take(self, taking: Awaitable[None], words: Texts) -> str | None:
        try:
            await taking
        except Refusal as error:
            return error.say(words)
        return None

    async def _add(self, user: User, record: Record, number: int, words: Texts) -> str:
        try:
            return await self._adder.add(user, record, number, words)
        except StickersGone:
            return await self._draw_same(record, words)

    async def _has_codes(self, candidate: CandidateRef) -> bool:
        return bool(
            await asyncio.to_thread(
                load_codes, self._results, candidate.request_id, candidate.number
            )
        )
