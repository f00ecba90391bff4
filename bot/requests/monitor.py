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
# Seconds for which a request must look lost before the bot believes it: its last event may be in
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
        self._amiss_since: dict[RequestId, float] = {}

    async def run(self) -> None:
        """Check the open requests every INTERVAL, for ever; an outage of Redis only delays that."""
        while True:
            try:
                await self._look()
            except Exception as error:  # the next round tries again
                log.warning("watch: %s", reason(error))
                with suppress(redis.RedisError):
                    await heal(self._redis, error)
            await asyncio.sleep(INTERVAL)

    async def _look(self) -> None:
        records = await self._store.open_requests()
        ids = {record.id for record in records}
        self._amiss_since = {i: since for i, since in self._amiss_since.items() if i in ids}
        for record in records:
            if record.shown is not record.state:  # an earlier bot died before it could show it
                self._delivery.show(record)
            if record.is_waited_for:
                try:
                    await self._look_after(record)
                except redis.RedisError:
                    raise
                except Exception as error:  # one request's error must not stop the other checks
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
        await asyncio.to_thread(self._queue.take_out, record.id, record.model)
        await asyncio.to_thread(count, self._redis, why)
        await self._delivery.change(record.id, Failed(record.id, why))

    def _amiss_for(self, request_id: RequestId) -> float:
        now = time.monotonic()
        return now - self._amiss_since.setdefault(request_id, now)

    def _ask_queue(self, record: Record) -> tuple[Queued | None, bool]:
        queued = look(self._queue, record)
        return queued, self._queue.is_lost(record.id)
