"""A request's place in the queue, and the time until its stickers come."""

import math

from bot.requests.record import NO_WORKER, Queued
from worker.queue.request_ids import RequestId
from worker.queue.requests import RequestQueue

_MINUTE = 60  # seconds; shorter times are told in steps of five seconds, longer ones in minutes
_STEP = 5


def look(queue: RequestQueue, request_id: RequestId, count: int, model: str = "") -> Queued | None:
    """Where a request of so many images waits for a bundle; None if it is with a worker."""
    load = queue.load(model)
    if not load.workers:
        return Queued(NO_WORKER)  # even if it was with one: that has died
    place = queue.place(request_id, model)
    if place is None:
        return None
    if queue.is_paused():
        return Queued(NO_WORKER)
    pace = queue.seconds_per_image_when_crowded(model)
    if pace is None:
        return Queued(place)
    # Those before it are taken to ask for as much; what is being drawn is half done on average.
    ahead = (place - 1) / load.workers + (0.5 if load.is_full else 0.0)
    return Queued(place, roughly(pace * count * (ahead + 1)))


def roughly(seconds: float) -> int:
    """A time as one would tell it: rounded up to steps of five seconds, or of a minute."""
    step = _STEP if seconds <= _MINUTE else _MINUTE
    return math.ceil(seconds / step) * step
