"""What happened each day, counted in Redis for whoever runs the bot.

    emojich:tally:<date>   hash          what → how often
    emojich:users:<date>   HyperLogLog   who asked for something: it counts them, and names nobody

Days are those of UTC.
"""

import logging
from datetime import UTC, datetime
from typing import Any

import redis

FINISHED = "finished"  # a request has its stickers; one that fails is counted by its reason
TTL = 8 * 24 * 3600  # seconds; a week can be looked at

log = logging.getLogger("emojich.tally")


def tally_key() -> str:
    """Today's hash."""
    return f"emojich:tally:{_today()}"


def users_key() -> str:
    """Today's users."""
    return f"emojich:users:{_today()}"


def count(connection: redis.Redis, what: str) -> None:
    """Something has happened once more."""
    with connection.pipeline() as pipe:
        pipe.hincrby(tally_key(), what)
        pipe.expire(tally_key(), TTL)
        pipe.execute()


def counted(connection: redis.Redis) -> dict[str, int]:
    """How often each thing has happened today."""
    tally: Any = connection.hgetall(tally_key())
    numbers = {what: number for what, number in tally.items() if number.isdigit()}
    if numbers != tally:
        log.warning("%s: a value that is no number is left out", tally_key())
    return {what.decode(errors="replace"): int(number) for what, number in numbers.items()}


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
