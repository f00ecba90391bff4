"""Takes prompts in: checks the limits, records the request and queues it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import redis

from bot.account.settings import BOLDNESS, SettingsStore
from bot.requests.delivery import Delivery
from bot.requests.ends import note_refusal
from bot.requests.limits import Blocklist, Limit, OverLimit, Refusal, StyleGone, StyleNotServed
from bot.requests.queue_position import queue_position
from bot.requests.quota import Quota
from bot.requests.record import Cancelled, CandidateRef, Queued, Record, Replaced, State
from bot.requests.store import Store
from bot.requests.styles import other_styles, served_or_default
from bot.russian.emoji import suggest_emoji
from emojich_core.request import Request, clean_prompt
from worker.queue.image_prompts import keep_image
from worker.queue.request_ids import RequestId, id_of_next_attempt, id_of_update, is_next_attempt
from worker.queue.requests import RequestQueue
from worker.queue.results import load_codes

log = logging.getLogger(__name__)


async def _nothing() -> None:
    """The `prepare` of a request without an image prompt."""


class Intake:
    """Checks, records and queues requests."""

    def __init__(
        self,
        store: Store,
        settings: SettingsStore,
        queue: RequestQueue,
        delivery: Delivery,
        quota: Quota,
        blocklist: Blocklist,
        results: redis.Redis,
        has_admins: bool = False,
    ):
        self._store = store
        self._settings = settings
        self._queue = queue
        self._delivery = delivery
        self._quota = quota
        self._blocklist = blocklist
        self._results = results
        self._has_admins = has_admins

    async def take(
        self,
        record: Record,
        instead_of: Record | None = None,
        prepare: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """Queue a new request and show that it waits.

        `instead_of` is a request that the new one stops, and whose message it takes over.
        `prepare` is awaited once the limits allow the request; if it raises, the request does not
        count towards the limits.
        Safe to repeat: the steps that an earlier call did not reach are done.
        Raises InvalidRequest and Refusal; then nothing is queued.
        """
        try:
            await self._take(record, instead_of, prepare)
        except Refusal as refusal:
            note_refusal(record, refusal)
            raise

    async def _take(
        self, record: Record, instead_of: Record | None, prepare: Callable[[], Awaitable[None]]
    ) -> None:
        record = replace(record, prompt=clean_prompt(record.prompt))
        record = await self._store.load(record.id) or await self._begin(record, instead_of, prepare)
        # Recorded first, queued second: if the bot dies in between, the next bot gets the same
        # update, finds the record and queues it.
        queued = None
        if record.state is State.WAITING:
            queued = await asyncio.to_thread(self._enqueue, record)
            if queued is None:
                await self._store.discard(record.id)
                await self._quota.give_back(record.user_id, record.id)
                raise OverLimit(Limit.QUEUE, self._quota.limits.queue)
        if instead_of:
            await asyncio.to_thread(self._queue.cancel, instead_of.id)
            await self._store.change(instead_of.id, Replaced(record.id))
        if queued:
            log.info("request %s: queued", record.id)
            await self._delivery.change(record.id, queued)

    async def _begin(
        self, record: Record, instead_of: Record | None, prepare: Callable[[], Awaitable[None]]
    ) -> Record:
        """Check and record a new request; returns its record."""
        audience = (record.user_id, record.is_private)
        await asyncio.to_thread(self._blocklist.check, record.prompt, *audience)
        record = replace(record, reportable=self._has_admins and not record.is_private)
        record = await self._styled(record)
        await self._check_limits(record, instead_of)
        try:
            await prepare()
        except Exception:
            await self._quota.give_back(record.user_id, record.id)
            raise
        record = await self._completed(record)
        if instead_of:
            record = replace(
                record, message_id=instead_of.message_id, over_photo=instead_of.is_photo
            )
        return await self._store.create(record)

    async def take_again(self, record: Record) -> None:
        """Queue a failed or cancelled request as a new one, which takes its message over.

        Safe to repeat.  Raises Refusal.
        """
        await self.take(record.anew(id_of_next_attempt(record.id), record.like), instead_of=record)

    async def take_in_style(self, record: Record, model: str, update_id: int) -> None:
        """Queue a finished request again for another bundle; it takes the message over.

        The new id comes from `update_id`, the button press; `id_of_next_attempt` is for a retry in
        the same style.  Safe to repeat.
        Raises Refusal.  If no worker serves the bundle any longer, the request is refused and the
        stickers stay, instead of being replaced by stickers of the default bundle.
        """
        served = await asyncio.to_thread(self._queue.served)
        if served and model not in [bundle.name for bundle in served]:
            raise StyleGone
        again = replace(record.anew(id_of_update(record.user_id, update_id)), model=model)
        await self.take(again, instead_of=record)

    async def _styled(self, record: Record) -> Record:
        """The record with the bundle that shall draw it, and the other bundles on offer.

        A bundle that no worker serves is replaced by the default; while no bundle is known at all,
        the request waits for the one that the user has chosen.
        Raises StyleNotServed if `like` is of a bundle that is not served: others cannot decode its
        codes.
        """
        served = await asyncio.to_thread(self._queue.served)
        names = [bundle.name for bundle in served]
        model = record.model
        if record.like:
            if names and model and model not in names:
                raise StyleNotServed
        else:
            # The next attempt is drawn as the one before, which may have named the default.
            if len(names) != 1 and not model and not is_next_attempt(record.id):
                model = (await self._settings.load(record.user_id)).style
            if names and model not in names[1:]:
                model = ""  # the default needs no name
        return replace(record, model=model, styles=other_styles(served, model, record.language))

    async def _completed(self, record: Record) -> Record:
        """The record completed by the user's settings, and by emoji that fit the prompt."""
        if not record.wanted:
            settings = await self._settings.load(record.user_id)
            bold = BOLDNESS[settings.boldness]
            looks = {"wanted": settings.count, "boldness": bold, "outline": settings.outline}
            looks["longer"] = settings.longer and await self._draws_longer(record.model)
            record = replace(record, **looks)  # type: ignore[arg-type]
        if not record.emoji:
            record = replace(record, emoji=await asyncio.to_thread(suggest_emoji, record.prompt))
        return record

    async def _draws_longer(self, model: str) -> bool:
        bundle = served_or_default(await asyncio.to_thread(self._queue.served), model)
        return bundle is not None and bundle.draws_longer

    async def cancel(self, request_id: RequestId) -> bool:
        """Stop a request; False when it has ended already, and then nothing changes."""
        stopped = await asyncio.to_thread(self._queue.cancel, request_id)
        if stopped:
            await self._delivery.change(request_id, Cancelled())
        return stopped

    async def cancel_all(self, user_id: int) -> int:
        """Stop all requests of a user; returns how many."""
        return sum([await self.cancel(request) for request in await self._store.open_of(user_id)])

    async def _check_limits(self, record: Record, instead_of: Record | None) -> None:
        # Of the last day: older requests have expired, or wait only for Telegram.
        active = await self._store.are_open(await self._quota.asked(record.user_id))
        active.discard(instead_of.id if instead_of else "")
        await self._quota.take(record.user_id, record.id, len(active))

    def _enqueue(self, record: Record) -> Queued | None:
        """Queue a request; returns where it waits, or None when the queue is full."""
        like, bold = self._codes(record.like), record.boldness
        if record.image:  # keep the picture for as long as the request may wait
            keep_image(self._results, record.image.id)
        request = Request(
            record.id,
            record.prompt,
            record.wanted,
            record.seed,
            bold,
            like,
            record.image,
            record.model,
            record.longer,
        )
        if not self._queue.enqueue(request, record.user_id, self._quota.limits.queue):
            return None
        # None if a worker has taken it already.
        place = self._queue.place(record.id, record.model)
        return queue_position(self._queue, record, place) or Queued(1)

    def _codes(self, like: str) -> tuple[int, ...]:
        """The codes of the candidate `like`; empty once they have expired."""
        if not like:
            return ()
        candidate = CandidateRef.parse(like)
        return load_codes(self._results, candidate.request_id, candidate.number)
