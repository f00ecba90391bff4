"""How fast drawing goes: seconds per image, measured, as moving averages in Redis.

They are seconds of whoever waits for the image: where an engine draws several requests at once,
each takes longer.  So there is a second average, of requests that were drawn while no RQ worker was
free; those who wait in the queue wait for such ones.
"""

import logging
from typing import Any

import redis

PACE = "emojich:pace"
CROWDED_PACE = "emojich:pace:crowded"
SLOWEST = 24 * 3600  # seconds an image; what is slower is no measurement
WEIGHT = 0.2  # of the newest request: a change of model or machine is known after some ten

log = logging.getLogger("emojich.pace")


def report_pace(connection: redis.Redis, seconds: float, images: int, crowded: bool) -> None:
    """A request of so many images has taken so long, from the engine's door to its stickers."""
    for key in (PACE, CROWDED_PACE) if crowded else (PACE,):
        measured, before = seconds / images, _read(connection, key)
        now = measured if before is None else before + WEIGHT * (measured - before)
        connection.set(key, now)


def seconds_per_image(connection: redis.Redis) -> float | None:
    """What an image takes of late; None when nothing has been drawn yet."""
    return _read(connection, PACE)


def seconds_per_image_when_crowded(connection: redis.Redis) -> float | None:
    """What an image takes while no RQ worker is free, or of late if none was drawn then."""
    return _read(connection, CROWDED_PACE) or seconds_per_image(connection)


def _read(connection: redis.Redis, key: str) -> float | None:
    try:
        value: Any = connection.get(key)
        pace = None if value is None else float(value)
        if pace is None or 0 < pace <= SLOWEST:  # not so for NaN
            return pace
    except (ValueError, redis.ResponseError):  # no number, or no string
        pass
    log.warning("%s: a value of another shape is left out", key)
    return None
