"""`python -m worker.jobs.health`: whether this machine's worker takes requests, for Docker to ask.

RQ workers tell Redis that they are there, each as long as it has an engine to draw with; which
machine's they are is the beginning of their names (see `worker.jobs.rq_worker`).
"""

import socket

import redis

from worker.queue.connection import exit_unless
from worker.queue.requests import RequestQueue


def takes_requests(connection: redis.Redis, machine: str) -> bool:
    """Whether Redis hears of an RQ worker of this machine; in a pause it need not hear of any."""
    requests = RequestQueue(connection)
    return requests.is_paused() or requests.count_workers(machine) > 0


def main() -> None:
    """Exit with 0 if it does, and with a sentence if not."""
    exit_unless(
        lambda connection: takes_requests(connection, socket.gethostname()),
        "This worker takes no requests: its log says what its engine does.",
    )


if __name__ == "__main__":
    main()
