"""How fast drawing goes: seconds per image, measured, as a moving average in Redis."""

from typing import Any

import redis

PACE = "emojich:pace"
WEIGHT = 0.2  # of the newest request: a change of model or machine is known after some ten


def report_pace(connection: redis.Redis, seconds: float, images: int) -> None:
    """A request of so many images has taken so long, from the engine's door to its stickers."""
    measured = seconds / images
    before = seconds_per_image(connection)
    now = measured if before is None else before + WEIGHT * (measured - before)
    connection.set(PACE, now)


def seconds_per_image(connection: redis.Redis) -> float | None:
    """What an image takes of late; None when nothing has been drawn yet."""
    value: Any = connection.get(PACE)
    return None if value is None else float(value)
