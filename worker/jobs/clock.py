"""Machines that share a queue must agree about the time.

RQ compares the heartbeats of one machine with the clock of another: where they are a minute apart,
a request that is being drawn counts as abandoned, is drawn twice, and fails in the end.
"""

import time
from collections.abc import Callable
from typing import Any

import redis

from emojich_core.errors import SetupError

MAX_DIFFERENCE = 20  # seconds from Redis, so 40 between two machines


def check_clock(connection: redis.Redis, now: Callable[[], float] = time.time) -> None:
    """Raise SetupError when this machine's clock is not that of Redis."""
    before = now()
    answer: Any = connection.time()
    theirs = answer[0] + answer[1] / 1e6
    ahead = max(before - theirs, theirs - now())  # the answer may have taken a while
    if ahead > MAX_DIFFERENCE:
        raise SetupError(
            f"This machine's clock and that of Redis differ by {ahead:.0f} s: set them by NTP."
        )
