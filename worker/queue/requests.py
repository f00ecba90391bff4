"""The queue of requests: RQ on Redis, one job a request, the request's id as the job's id."""

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast
from urllib.parse import unquote

import redis
from redis.client import Pipeline
from rq import Callback, Queue, Retry, Worker
from rq.command import send_stop_job_command
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job, JobStatus
from rq.results import Result
from rq.serializers import JSONSerializer
from rq.suspension import is_suspended, resume, suspend

from emojich_core.request import Request
from worker.queue import ends, events, image_prompts, results, sketches
from worker.queue.bundles import ServedBundle, in_order, living_workers
from worker.queue.connection import delete_matching
from worker.queue.fairness import USER, move_to_turn
from worker.queue.request_ids import ids_of_user
from worker.queue.request_job import (
    DRAW,
    QUEUE,
    REPORT_FAILURE,
    RequestJob,
    RequestJobs,
    rq_queue,
)
from worker.queue.stats import seconds_per_image_when_crowded

# Seconds after a worker has taken the job.  A big model on a CPU takes minutes for each of several
# requests, and a request may wait for all of them.  The worker notices an engine that hangs itself.
JOB_TIMEOUT = 2 * 3600
JOB_TTL = 24 * 3600  # seconds a request may wait for a worker
KEY = Queue.redis_queue_namespace_prefix  # what the key of a queue begins with
RETRIES = 2  # after a killed job process or engine

Value = TypeVar("Value")

log = logging.getLogger("emojich.queue")


@dataclass(frozen=True)
class Load:
    """How busy the workers of a bundle are."""

    workers: int  # RQ workers; each runs one request at a time
    started: int  # requests that are being drawn

    @property
    def is_full(self) -> bool:
        """Whether no RQ worker is free."""
        return self.started >= self.workers


class RequestQueue:
    """The requests that wait or are being drawn, for the bot and for the worker.

    Each bundle has a queue of its own.  Requests that name no bundle have one, too: the workers of
    the default bundle, the first one that is served, take them.
    """

    def __init__(self, connection: redis.Redis, max_age: float = 0.0):
        """`max_age`: seconds for which what was read about the workers is used again."""
        self._connection = connection
        self._max_age = max_age
        self._readings: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._enqueuing = threading.Lock()  # so that no two threads take the last place
        self._rq = rq_queue(connection)  # of requests that name no bundle; all workers register
        self._served: list[ServedBundle] = []

    def served(self) -> list[ServedBundle]:
        """The bundles that workers draw with, the default first.

        While no worker is there, those that were served before.  In a pause they stay beside those
        that are seen: idle workers are no longer seen, those that still draw are.
        """
        now, before = self._served_now(), self._served
        if not now:
            return before
        if before and self.is_paused():
            names = {bundle.name for bundle in now}
            now = in_order([*now, *(each for each in before if each.name not in names)])
        self._served = now
        return now

    def _served_now(self) -> list[ServedBundle]:
        return in_order(living_workers(self._connection, self._rq).values())

    def _workers(self) -> dict[str, ServedBundle | None]:
        return self._recent("workers", lambda: living_workers(self._connection, self._rq))

    def _recent(self, what: str, read: Callable[..., Value], *about: str) -> Value:
        """A value that was read within `max_age`, else the value that `read` returns now."""
        now, key = time.monotonic(), (what, *about)
        at, value = self._readings.get(key, (-math.inf, None))
        if now - at < self._max_age:
            return cast(Value, value)
        new = read(*about)
        self._readings[key] = now, new
        return new

    def enqueue(self, request: Request, user_id: int, limit: int | None = None) -> bool:
        """Queue a user's request where their turn is; one that is already there stays as it is.

        False when as many as the limit wait for its bundle already: then it is not queued.
        """
        key, queue = Job.key_for(request.id), rq_queue(self._connection, request.model)

        def put(pipe: Pipeline) -> bool:
            if pipe.exists(key):
                return True
            if limit is not None and pipe.llen(queue.key) >= limit:
                return False
            pipe.multi()
            # Functions by name: the bot's image need not import what the worker runs.
            queue.enqueue(
                DRAW,
                args=(request.to_json(),),
                job_id=request.id,
                meta={USER: str(user_id)},
                job_timeout=JOB_TIMEOUT,
                ttl=JOB_TTL,
                result_ttl=JOB_TTL,
                failure_ttl=JOB_TTL,
                retry=Retry(max=RETRIES, enqueue_at_front=True),  # the request has waited already
                on_failure=Callback(REPORT_FAILURE),
                pipeline=pipe,
            )
            move_to_turn(queue, pipe, request.id)
            return True

        # redis-py begins anew where another client has changed the job's key meanwhile.
        # Not the queue's key: workers change it all the time.
        put_in: Any = self._connection.transaction
        with self._enqueuing:
            return bool(put_in(put, key, value_from_callable=True))

    def job(self, request_id: str) -> Job | None:
        """The RQ job of a request; None if there is none, or it cannot be read."""
        try:
            return RequestJob.fetch(request_id, self._connection)
        except NoSuchJobError:
            return None
        except (redis.ConnectionError, redis.TimeoutError):
            raise
        except Exception:  # RQ's own, of another version, or what a person has written
            log.warning("%s: a job that cannot be read is left out", Job.key_for(request_id))
            return None

    def place(self, request_id: str, model: str = "") -> int | None:
        """How many requests are served up to and with this one; None when it does not wait."""
        position = rq_queue(self._connection, model).get_job_position(request_id)
        return None if position is None else position + 1

    def places(self, model: str = "") -> dict[str, int]:
        """The place of each request that waits for a bundle, by its id."""
        ids: Any = self._connection.lrange(rq_queue(self._connection, model).key, 0, -1)
        return {id_.decode(errors="replace"): place for place, id_ in enumerate(ids, 1)}

    def lost(self, request_ids: Sequence[str]) -> set[str]:
        """The requests among `request_ids` that are lost; see `is_lost`."""
        with self._connection.pipeline(transaction=False) as pipe:
            for request_id in request_ids:
                pipe.hget(Job.key_for(request_id), "status")
            answers: Any = pipe.execute(raise_on_error=False)  # a key may be of another type
        statuses = zip(request_ids, answers, strict=True)
        # Most jobs wait or have finished, as their status says; only the others are read in full.
        well = (JobStatus.QUEUED.encode(), JobStatus.FINISHED.encode())
        others = [id_ for id_, status in statuses if status not in well]
        return set(filter(self.is_lost, others))

    def is_lost(self, request_id: str) -> bool:
        """Whether the request can no longer finish: its job has failed, expired or vanished.

        What was being drawn when the last machine died does not expire: it is given up as late.
        """
        job = self.job(request_id)
        if job is None:
            return True
        status = job.get_status(refresh=False)
        if status == JobStatus.STARTED and job.enqueued_at:
            return datetime.now(UTC) - job.enqueued_at > timedelta(seconds=JOB_TTL + JOB_TIMEOUT)
        return status in (JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)

    def cancel(self, request_id: str) -> bool:
        """End a request that waits or is being drawn, without an event.

        False if an event has ended it already: the bot has read that event, or will.
        """
        if not events.end_silently(self._connection, request_id):
            return False
        job = self.job(request_id)
        if job is None:
            self.remove_from_queue(request_id)
        elif self._connection.lrem(KEY + job.origin, 1, request_id):
            job.delete()
        elif job.get_status() == JobStatus.STARTED:
            # Kills the job process; the engine notices that it has hung up.
            with suppress(InvalidJobOperation, NoSuchJobError):  # it is over meanwhile
                send_stop_job_command(self._connection, request_id, JSONSerializer)
        # Else a worker has just taken it, and its job process will see that it was cancelled.
        return True

    def remove_from_queue(self, request_id: str, model: str | None = None) -> None:
        """Remove a request whose job has expired from a bundle's queue, by default from all queues.

        A worker would do so, but a bundle that is no longer served has none.
        """
        for queue in self._queues(model):
            self._connection.lrem(queue.key, 1, request_id)

    async def forget(self, user_id: int) -> None:
        """Delete what Redis has of a user's requests beside the bot's own keys."""
        await asyncio.to_thread(self._forget, user_id)

    def _forget(self, user_id: int) -> None:
        ids = ids_of_user(user_id)
        every = IntermediateQueue(f"{self._rq.key}*", self._connection)  # of all bundles
        taken = every.get_first_seen_key(ids)
        delete_matching(self._connection, Job.key_for(ids), Result.get_key(ids), taken)
        results.forget(self._connection, user_id)
        image_prompts.forget(self._connection, user_id)
        sketches.forget(self._connection, user_id)
        ends.forget(self._connection, user_id)

    def pause(self) -> None:
        """Have the workers take no further requests (RQ: suspend); those being drawn are finished.

        One that is just waiting for a request may take one more within `WAKE_UP_INTERVAL`.
        """
        suspend(self._connection)
        self._readings.clear()

    def resume(self) -> None:
        """Have the workers go on."""
        resume(self._connection)
        self._readings.clear()

    def is_paused(self) -> bool:
        """Whether the workers take no requests."""
        return self._recent("paused", lambda: bool(is_suspended(self._connection)))

    def count_workers(self, machine: str = "") -> int:
        """The number of RQ workers, of one machine or of all; each runs one request at a time."""
        begin = Worker.redis_worker_namespace_prefix + (f"{machine}." if machine else "")
        return sum(key.startswith(begin) for key in self._workers())

    def load(self, model: str = "") -> Load:
        """The RQ workers that draw requests for a bundle, and how busy they are."""
        workers = self._workers().values()
        default = next((bundle.name for bundle in in_order(workers)), "")
        name = model or default
        # A worker of an older version, which does not say what it serves, takes what names none.
        count = sum((each.name if each else default) == name for each in workers)
        names = {name, ""} if name == default else {name}
        started = (self._recent("started", self.count_started, each) for each in names)
        return Load(count, sum(started))

    def count_waiting(self, model: str | None = None) -> int:
        """How many requests wait: for all bundles, or for `model`; "": those that name none."""
        return sum(queue.count for queue in self._queues(model))

    def count_started(self, model: str | None = None) -> int:
        """How many requests are being drawn; `model` as in `count_waiting`."""
        queues = self._queues(model)
        return sum(q.started_job_registry.get_job_count(cleanup=False) for q in queues)

    def bundles_with_queues(self) -> list[str]:
        """The names of all bundles that have had a queue, served or not."""
        names: Any = self._connection.smembers(Queue.redis_queues_keys)
        begin = f"{KEY}{QUEUE}/"
        keys = (name.decode(errors="replace") for name in names)
        return sorted(unquote(key.removeprefix(begin)) for key in keys if key.startswith(begin))

    def _queues(self, model: str | None) -> list[RequestJobs]:
        models = ["", *self.bundles_with_queues()] if model is None else [model]
        return [rq_queue(self._connection, each) for each in models]

    def seconds_per_image_when_crowded(self, model: str = "") -> float | None:
        """The pace at which waiting requests will be drawn; None before the first measurement."""
        if not model and (served := in_order(self._workers().values())):
            model = served[0].name
        read = partial(seconds_per_image_when_crowded, self._connection)
        return self._recent("pace", read, model)
