"""Estimates a request's place in the queue, and the time until its stickers are ready."""

import math

from bot.requests.record import NO_WORKER, Queued, Record
from emojich_core.request import LONGER
from worker.queue.requests import RequestQueue

_MINUTE = 60  # seconds; shorter times are rounded to `_STEP`, longer ones to minutes
_STEP = 5  # seconds


def queue_position(queue: RequestQueue, record: Record, place: int | None) -> Queued | None:
    """The place and waiting time of a request; None once a worker has it.

    `place` is the request's place in its bundle's queue, from 1; None if it is not in the queue.
    """
    load = queue.load(record.model)
    if not load.workers:
        return Queued(NO_WORKER)  # even if a worker had taken it: that worker has died
    if place is None:
        return None
    if queue.is_paused():
        return Queued(NO_WORKER)
    pace = queue.seconds_per_image_when_crowded(record.model)
    if pace is None:
        return Queued(place)
    # Assumes that the requests ahead have as many candidates as this one, and that requests being
    # drawn are half done on average.
    ahead = (place - 1) / load.workers + (0.5 if load.is_full else 0.0)
    own = LONGER if record.longer else 1
    return Queued(place, roughly(pace * record.wanted * (ahead + own)))


def roughly(seconds: float) -> int:
    """A time in seconds, rounded up to steps of five seconds; above a minute, of a minute."""
    step = _STEP if seconds <= _MINUTE else _MINUTE
    return math.ceil(seconds / step) * step
