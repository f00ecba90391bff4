"""Statistics in Redis: counts of each day, and the pace of drawing.

    emojich:tally:<date>    hash          what happened → how often
    emojich:users:<date>    HyperLogLog   users who sent a request: it counts them, and names no one
    emojich:pace            string        seconds per candidate, a moving average
    emojich:pace:crowded    string        the same, of requests drawn while no RQ worker was free
    emojich:pace/<bundle>   string        both also for each bundle

Days are those of UTC.  Seconds are those that a user waits for a candidate; candidates that a judge
leaves out count, too (`Request.drawn`).  Where an engine draws several requests at once, each takes
longer.  Requests that wait in the queue will be drawn while no RQ worker is free, so their waiting
time is estimated by the second average.
"""

import logging
import re
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import redis

FINISHED = "finished"  # a request has its stickers; a failed request is counted by its reason
ADDED, REPORTED, BANNED = "added", "reported", "banned"  # stickers to packs, reports, bans
COUNTS_TTL = 8 * 24 * 3600  # seconds: an operator can read a week of them

PACE = "emojich:pace"
CROWDED_PACE = "emojich:pace:crowded"
MAX_PACE = 24 * 3600  # seconds an image; a larger value is invalid
_NUMBER = re.compile(rb"[0-9]{1,19}")  # what HINCRBY can write
WEIGHT = 0.2  # of the newest request: the average follows a new model or machine within some ten

log = logging.getLogger("emojich.stats")


def today() -> date:
    """The day that is counted now."""
    return datetime.now(UTC).date()


def counts_key(day: date | None = None) -> str:
    """The key of a day's hash, today's by default."""
    return f"emojich:tally:{day or today()}"


def users_key(day: date | None = None) -> str:
    """The key of a day's HyperLogLog, today's by default."""
    return f"emojich:users:{day or today()}"


def count(connection: redis.Redis, what: str) -> None:
    """Increase today's count of `what` by one."""
    with connection.pipeline() as pipe:
        pipe.hincrby(counts_key(), what)
        pipe.expire(counts_key(), COUNTS_TTL)
        pipe.execute()


def counts_of(connection: redis.Redis, day: date) -> dict[str, int]:
    """The counts of a day: what happened → how often."""
    counts: Any = connection.hgetall(counts_key(day))
    numbers = {what: number for what, number in counts.items() if _NUMBER.fullmatch(number)}
    if numbers != counts:
        log.warning("%s: a value that is no number is left out", counts_key(day))
    return {what.decode(errors="replace"): int(number) for what, number in numbers.items()}


def counts_today(connection: redis.Redis) -> dict[str, int]:
    """The counts of today: what happened → how often."""
    return counts_of(connection, today())


def report_pace(
    connection: redis.Redis, seconds: float, images: int, crowded: bool, model: str = ""
) -> None:
    """Put the seconds of a request, from engine to stickers, into the averages.

    `model` is the name of the bundle that has drawn it.
    """
    kinds = (PACE, CROWDED_PACE) if crowded else (PACE,)
    keys = [*kinds, *[_of(key, model) for key in kinds if model]]
    values: Any = connection.mget(keys)
    measured, paces = seconds / images, {}
    for key, value in zip(keys, values, strict=True):
        before = _pace(key, value)
        paces[key] = measured if before is None else before + WEIGHT * (measured - before)
    connection.mset(paces)


def seconds_per_image(connection: redis.Redis, model: str = "") -> float | None:
    """The average of the latest requests, of one bundle if it is named; None before the first."""
    return _read_pace(connection, _of(PACE, model))


def seconds_per_image_when_crowded(connection: redis.Redis, model: str = "") -> float | None:
    """The average of requests drawn while no RQ worker was free; before the first, of any.

    Of one bundle if it is named; before its first request, of all.
    """
    own = _read_pace(connection, _of(CROWDED_PACE, model)) or seconds_per_image(connection, model)
    return own or (seconds_per_image_when_crowded(connection) if model else None)


def _of(key: str, model: str) -> str:
    return f"{key}/{quote(model, safe='')}" if model else key


def _read_pace(connection: redis.Redis, key: str) -> float | None:
    try:
        return _pace(key, connection.get(key))
    except redis.ResponseError:  # no string
        return _pace(key, b"")


def _pace(key: str, value: Any) -> float | None:
    """The seconds that a key holds; None if it is unset or holds no valid pace."""
    with suppress(ValueError):
        pace = None if value is None else float(value)
        if pace is None or 0 < pace <= MAX_PACE:  # not so for NaN
            return pace
    log.warning("%s: a value of another shape is left out", key)
    return None
