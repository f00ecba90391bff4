"""A request's place in the queue, and the time until its stickers come."""

import math

from bot.requests.record import NO_WORKER, Queued
from worker.queue.request_ids import RequestId
from worker.queue.requests import RequestQueue

_MINUTE = 60  # seconds; shorter times are told in steps of five seconds, longer ones in minutes
_STEP = 5


def look(queue: RequestQueue, request_id: RequestId, count: int) -> Queued | None:
    """Where a request of so many images waits; None if it is with a worker."""
    workers = queue.count_workers()
    if not workers:
        return Queued(NO_WORKER)  # even if it was with one: that has died
    place = queue.place(request_id)
    if place is None:
        return None
    if queue.is_paused():
        return Queued(NO_WORKER)
    pace = queue.seconds_per_image_when_crowded()
    if pace is None:
        return Queued(place)
    # Those before it are taken to ask for as much; what is being drawn is half done on average.
    ahead = (place - 1) / workers + (0.5 if queue.is_crowded() else 0.0)
    return Queued(place, roughly(pace * count * (ahead + 1)))


def roughly(seconds: float) -> int:
    """A time as one would tell it: rounded up to steps of five seconds, or of a minute."""
    step = _STEP if seconds <= _MINUTE else _MINUTE
    return math.ceil(seconds / step) * step
