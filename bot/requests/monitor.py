"""Watches open requests about which no event comes: lost, stuck, or waiting for a worker.

The queue moves on silently, and a request may vanish from it: its job failed for good, expired
unserved, or went with a Redis that kept nothing.  Or its machine dies, and no other is there to
go on, or to tell.
"""

import asyncio
import logging
import time
from contextlib import suppress

import redis

from bot.admin.redis_repair import heal
from bot.logs import reason
from bot.requests.delivery import Delivery
from bot.requests.queue_position import look
from bot.requests.record import NO_WORKER, Abandoned, Failure, Queued, Record, State
from bot.requests.store import Store
from worker.queue.events import Failed
from worker.queue.request_ids import RequestId
from worker.queue.requests import RequestQueue
from worker.queue.stats import count

INTERVAL = 3.0  # seconds; a message shows its place in the queue no more often
# Seconds for which a request must look lost: its last event may be on its way, or its job be just
# about to be queued.
GRACE = 6.0
# Seconds without any worker until a user whose request was being drawn is told: after an outage
# of Redis the workers take some to be seen again.
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
        self._amiss_since: dict[RequestId, float] = {}

    async def run(self) -> None:
        """Look again and again, for ever, through outages of Redis."""
        while True:
            try:
                await self._look()
            except Exception as error:  # it looks again soon, whatever it was
                log.warning("watch: %s", reason(error))
                with suppress(redis.RedisError):
                    await heal(self._redis, error)
            await asyncio.sleep(INTERVAL)

    async def _look(self) -> None:
        records = await self._store.open_requests()
        ids = {record.id for record in records}
        self._amiss_since = {i: since for i, since in self._amiss_since.items() if i in ids}
        for record in records:
            if record.shown is not record.state:  # a bot has died before it could show it
                self._delivery.show(record)
            if record.is_waited_for:
                try:
                    await self._look_after(record)
                except redis.RedisError:
                    raise
                except Exception as error:  # the others want to be looked after all the same
                    log.warning("watch: request %s: %s", record.id, reason(error))

    async def _look_after(self, record: Record) -> None:
        queued, is_lost = await asyncio.to_thread(self._ask_queue, record)
        no_worker = queued == Queued(NO_WORKER)
        if is_lost:
            if self._amiss_for(record.id) > GRACE:
                await self._give_up(record, Failure.UNSERVED if no_worker else Failure.LOST)
        elif no_worker and record.state is State.DRAWING:
            if self._amiss_for(record.id) > ABSENCE:
                await self._delivery.change(record.id, Abandoned())
        else:
            self._amiss_since.pop(record.id, None)
            if queued and record.state is State.WAITING and queued != record.queued:
                await self._delivery.change(record.id, queued)

    async def _give_up(self, record: Record, why: Failure) -> None:
        log.warning("request %s: %s", record.id, why)
        await asyncio.to_thread(count, self._redis, why)
        await self._delivery.change(record.id, Failed(record.id, why))

    def _amiss_for(self, request_id: RequestId) -> float:
        now = time.monotonic()
        return now - self._amiss_since.setdefault(request_id, now)

    def _ask_queue(self, record: Record) -> tuple[Queued | None, bool]:
        queued = look(self._queue, record.id, record.wanted, record.model)
        return queued, self._queue.is_lost(record.id)
