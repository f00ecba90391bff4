"""The job of a request, which RQ runs without torch in a job process (RQ's work horse).

A request ends with one event, Finished or Failed, also when a process dies:

- the engine: `draw` raises, and RQ runs the job again, alone (see `engine_lock`);
- the engine, before the request has begun: the job goes back to the queue, for any machine;
- the job process: its worker notices at once, and RQ runs the job again;
- the worker or its machine: another worker finds the job without heartbeats, and RQ runs it again.

With no retry left, RQ calls `report_failure` when `draw` raises or a machine has died.  When a job
process has died, RQ calls the worker's handler instead, `report_killed`.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_SH, flock
from multiprocessing.connection import Connection
from typing import Any

import redis
from rq import Retry, get_current_job
from rq.job import Job
from rq.timeouts import JobTimeoutException
from rq.utils import now

from emojich_core.request import Request
from worker.engine.protocol import (
    ENGINE_SOCKET,
    call_engine,
    receive_event,
    receive_sketch,
    send_request,
)
from worker.queue.ends import has_ended
from worker.queue.events import Event, Failed, Finished, Progress, publish
from worker.queue.image_prompts import load_image
from worker.queue.requests import RETRIES, RequestQueue
from worker.queue.results import Sticker, save_stickers
from worker.queue.sketches import save_sketch
from worker.queue.stats import report_pace

# How often a job may go back because no engine is ready; RQ requires a number.  Few jobs do: a
# worker without a ready engine takes no requests (see `worker.jobs.rq_worker`).
RETURNS = 1_000_000

log = logging.getLogger("emojich.job")


class EngineError(Exception):
    """The engine died."""


def draw(data: dict[str, Any]) -> Retry | None:
    """Have the engine draw a request, and publish its events for the bot.

    A returned Retry puts the job back to the front of the queue; RQ counts it apart from RETRIES.
    """
    request = Request.from_json(data)
    job = get_current_job()
    assert job is not None, "RQ runs this"
    if has_ended(job.connection, request.id):
        return None  # cancelled; or its job process was killed after the last event
    image = load_image(job.connection, request.image.id) if request.image else b""
    if request.image and not image:
        publish(job.connection, Failed(request.id, "no-image"))
        return None
    try:
        with engine_lock(alone=job.retries_left != RETRIES):
            engine = call_engine()
            if engine is None:
                return Retry(max=RETURNS, enqueue_at_front=True)
            _draw(engine, request, image, job)
    except JobTimeoutException:  # handled here, because a retry by RQ would take as long again
        log.warning("request %s: took longer than %s s", request.id, job.timeout)
        publish(job.connection, Failed(request.id, "timeout"))
    return None


@contextmanager
def engine_lock(alone: bool) -> Iterator[None]:
    """Hold this machine's engine together with other job processes, or `alone`.

    A request during which an engine has died runs alone, because it may have killed the engine: in
    a batch it could make all other requests fail, too.  The kernel releases the file locks of a
    killed job process.
    """
    socket = os.environ[ENGINE_SOCKET]
    with open(f"{socket}.room", "w") as engine:
        # The gate keeps the order: else a job process could wait forever for the engine alone.
        with open(f"{socket}.gate", "w") as gate:
            flock(gate, LOCK_EX)
            flock(engine, LOCK_EX if alone else LOCK_SH)
        yield


def report_failure(job: Job, connection: redis.Redis, *error: object) -> None:
    """RQ's `on_failure`: the job raised, or its worker died.  Called before each retry, too."""
    if not job.should_retry:
        publish(connection, Failed(job.id, "failed"))


def report_killed(job: Job, *status: object) -> None:
    """RQ's `work_horse_killed_handler`.  Called before each retry, too."""
    report_failure(job, job.connection)


def _draw(engine: Connection, request: Request, image: bytes, job: Job) -> None:
    connection, start = job.connection, time.monotonic()
    with engine:
        for event, stickers in _events(engine, request, image, _waited(job)):
            # Another machine may have finished first: the stickers that users have seen stay.
            if isinstance(event, Finished) and not has_ended(connection, request.id):
                save_stickers(connection, request.id, stickers)
            if isinstance(event, Progress) and event.sketch:
                picture = receive_sketch(engine)
                with suppress(redis.ResponseError):  # a full Redis; the stickers may still fit
                    save_sketch(connection, request.id, picture)
            publish(connection, event)
    seconds = time.monotonic() - start
    if isinstance(event, Finished):
        crowded = RequestQueue(connection).load(event.model).is_full
        drawn = request.drawn(judged=bool(event.judge))
        report_pace(connection, seconds, drawn, crowded, event.model)
    log.info("request %s: %s after %.1f s", request.id, type(event).__name__.lower(), seconds)


def _waited(job: Job) -> float | None:
    """The seconds since a job was queued; None when it is run again."""
    if job.retries_left != RETRIES:
        return None
    return max(0.0, (now() - job.created_at).total_seconds())  # clocks differ


def _events(
    engine: Connection, request: Request, image: bytes, waited: float | None
) -> Iterator[tuple[Event, list[Sticker]]]:
    """The events of the engine, up to the one that ends the request."""
    try:
        send_request(engine, request, image, waited)
        while True:
            event, stickers = receive_event(engine)
            yield event, stickers
            if not isinstance(event, Progress):
                return
    except (EOFError, OSError) as error:
        raise EngineError("the engine died over this request") from error
