"""Checks open requests for which no events come: lost, stuck, or waiting for a worker.

RQ sends no event when a request moves up in the queue, nor when a job vanishes: it failed for good,
expired before a worker took it, or was lost with a Redis that saved nothing to disk.  And when the
only machine dies, no worker is left to report that.
"""

import asyncio
import logging
import time
from contextlib import suppress

import redis

from bot.admin.redis_repair import repair
from bot.logs import reason
from bot.requests.delivery import Delivery
from bot.requests.queue_position import queue_position
from bot.requests.record import NO_WORKER, Abandoned, Failure, Queued, Record, State
from bot.requests.store import Store
from worker.queue.events import Failed
from worker.queue.request_ids import RequestId
from worker.queue.requests import RequestQueue
from worker.queue.stats import count

INTERVAL = 3.0  # seconds; a message shows its place in the queue no more often
PAUSE_FACTOR = 4  # times the last round: so rounds take at most a fifth of the time
BATCH = 200  # requests looked up at once
MAX_PLACE_EDITS = 30  # per round: other messages need Telegram's limit more than places
# Seconds for which a request must look lost before the bot reports it: its last event may be in
# transit, or the bot may be about to queue its job.
GRACE = 6.0
# Seconds without any worker until the bot tells a user whose request was being drawn: after an
# outage of Redis the workers need some seconds to register again.
ABSENCE = 20.0

log = logging.getLogger(__name__)


class RequestMonitor:
    """Updates places in the queue, and reports requests that are lost or abandoned."""

    def __init__(
        self, store: Store, queue: RequestQueue, delivery: Delivery, connection: redis.Redis
    ):
        self._store = store
        self._queue = queue
        self._delivery = delivery
        self._redis = connection
        self._missing_since: dict[RequestId, float] = {}
        self._edited_at: dict[RequestId, float] = {}  # when the monitor has last changed a place

    async def run(self) -> None:
        """Check the open requests every INTERVAL, forever; an outage of Redis only delays that."""
        while True:
            start = time.monotonic()
            try:
                await self._check_all()
            except Exception as error:  # the next round tries again
                log.warning("monitor: %s", reason(error))
                with suppress(redis.RedisError):
                    await repair(self._redis, error)
            await asyncio.sleep(max(INTERVAL, PAUSE_FACTOR * (time.monotonic() - start)))

    async def _check_all(self) -> None:
        records = await self._store.open_requests()
        ids = {record.id for record in records}
        self._missing_since = {i: since for i, since in self._missing_since.items() if i in ids}
        self._edited_at = {i: when for i, when in self._edited_at.items() if i in ids}
        for record in records:
            # An earlier bot died before it could show the state.
            if record.shown is not record.state and not self._delivery.is_showing(record.id):
                self._delivery.show(record)
        pending = [record for record in records if record.is_pending]
        moved: list[tuple[Record, Queued]] = []
        for begin in range(0, len(pending), BATCH):
            batch = pending[begin : begin + BATCH]
            for record, queued, is_lost in await asyncio.to_thread(self._ask_queue, batch):
                if await self._check(record, queued, is_lost) and queued:
                    moved.append((record, queued))
        await self._move(moved)

    async def _check(self, record: Record, queued: Queued | None, is_lost: bool) -> bool:
        """Report a request that is lost or abandoned; returns whether to show `queued`."""
        no_worker = queued == Queued(NO_WORKER)
        if is_lost:
            if self._missing_for(record.id) > GRACE:
                await self._give_up(record, Failure.UNSERVED if no_worker else Failure.LOST)
        elif no_worker and record.state is State.DRAWING:
            if self._missing_for(record.id) > ABSENCE:
                await self._delivery.change(record.id, Abandoned())
        else:
            self._missing_since.pop(record.id, None)
            is_shown = record.state is State.WAITING and record.shown is State.WAITING
            return is_shown and queued != record.queued
        return False

    async def _move(self, moved: list[tuple[Record, Queued]]) -> None:
        """Have messages show new places: first changes to or from NO_WORKER, then the oldest."""

        def priority(each: tuple[Record, Queued]) -> tuple[bool, float]:
            record, queued = each
            is_news = NO_WORKER in (record.queued.place, queued.place)
            return not is_news, self._edited_at.get(record.id, 0.0)

        for record, queued in sorted(moved, key=priority)[:MAX_PLACE_EDITS]:
            if self._delivery.has_room(record.chat_id):
                self._edited_at[record.id] = time.monotonic()
                await self._delivery.change(record.id, queued)

    async def _give_up(self, record: Record, why: Failure) -> None:
        log.warning("request %s: %s", record.id, why)
        await asyncio.to_thread(self._queue.remove_from_queue, record.id, record.model)
        await asyncio.to_thread(count, self._redis, why)
        await self._delivery.change(record.id, Failed(record.id, why))

    def _missing_for(self, request_id: RequestId) -> float:
        now = time.monotonic()
        return now - self._missing_since.setdefault(request_id, now)

    def _ask_queue(self, records: list[Record]) -> list[tuple[Record, Queued | None, bool]]:
        """For each request: its place in the queue, and whether it is lost."""
        places = {model: self._queue.places(model) for model in {each.model for each in records}}
        lost = self._queue.lost([record.id for record in records])
        return [
            (
                each,
                queue_position(self._queue, each, places[each.model].get(each.id)),
                each.id in lost,
            )
            for each in records
        ]
