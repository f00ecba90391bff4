"""Whether this machine can work: its clock is that of Redis, and its worker takes requests.

The worker checks its clock when it starts.  RQ compares one machine's heartbeats with the clock of
another: where they are a minute apart, a request that is being drawn counts as abandoned, is drawn
twice, and fails in the end.

Docker runs `python -m worker.jobs.health` to ask whether the worker takes requests.  An RQ worker
stays registered in Redis while it has an engine; its name begins with that of its machine (see
`worker.jobs.rq_worker`).
"""

import socket
import time
from collections.abc import Callable
from typing import Any

import redis

from emojich_core.errors import SetupError
from worker.queue.connection import exit_unless_healthy
from worker.queue.requests import RequestQueue

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


def takes_requests(connection: redis.Redis, machine: str) -> bool:
    """Whether an RQ worker of this machine is registered, or none has to be: in a pause."""
    requests = RequestQueue(connection)
    return requests.is_paused() or requests.count_workers(machine) > 0


def main() -> None:
    """Exit with 0 if this machine's worker takes requests, else with a sentence."""
    exit_unless_healthy(
        lambda connection: takes_requests(connection, socket.gethostname()),
        "This worker takes no requests: its log says what its engine does.",
    )


if __name__ == "__main__":
    main()
