"""`python -m worker.health`: whether this machine's worker takes requests, for Docker to ask.

RQ workers tell Redis that they are there, each as long as it has an engine to draw with; which
machine's they are is the beginning of their names (see `worker.worker`).
"""

import socket

import redis
from rq import Worker

from worker.embedded import exit_unless
from worker.queue import RequestQueue


def takes_requests(connection: redis.Redis, machine: str) -> bool:
    """Whether Redis hears of an RQ worker of this machine; in a pause it need not hear of any."""
    requests = RequestQueue(connection)
    if requests.is_paused():
        return True
    begin = f"{Worker.redis_worker_namespace_prefix}{machine}."
    keys = [key for key in Worker.all_keys(queue=requests.rq) if key.startswith(begin)]
    return bool(keys and connection.exists(*keys))  # the key of one that was killed expires


def main() -> None:
    """Exit with 0 if it does, and with a sentence if not."""
    exit_unless(
        lambda connection: takes_requests(connection, socket.gethostname()),
        "This worker takes no requests: its log says what its engine does.",
    )


if __name__ == "__main__":
    main()
