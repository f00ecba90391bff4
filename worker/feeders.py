"""More RQ workers for the same engine, so that it draws several requests at once.

An RQ worker runs one job at a time.  `python -m worker` is one itself and keeps the others, each a
process of its own: `python -m worker.feeders`.  (RQ's WorkerPool would leave its workers behind if
it were killed, and can neither bound how long they take to stop nor set how they look after jobs.)
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from worker.embedded import connect
from worker.errors import SetupError
from worker.kept import Kept
from worker.logs import start_logging
from worker.worker import GRACE, Worker

STOP_TIME = GRACE + 2  # seconds for all: those at work give their jobs back


@contextmanager
def feeders(count: int, url: str) -> Iterator["Feeders"]:
    """So many more RQ workers, for as long as the context lasts."""
    many = Feeders(count, url)
    try:
        yield many
    finally:
        many.stop()


class Feeders:
    """RQ workers that are replaced when they die."""

    def __init__(self, count: int, url: str):
        os.environ["REDIS_URL"] = url  # for them; it may be an embedded one's
        command = [sys.executable, "-m", "worker.feeders"]
        self._all = [Kept("an RQ worker", command) for _ in range(count)]
        for kept in self._all:
            kept.watch()

    def ask_to_leave(self) -> None:
        """Tell all of them at the same time; does not wait."""
        for kept in self._all:
            kept.ask_to_leave()

    def stop(self) -> None:
        """Have all of them leave; kill those that do not."""
        self.ask_to_leave()
        deadline = time.monotonic() + STOP_TIME
        for kept in self._all:
            kept.stop(max(0.0, deadline - time.monotonic()))


def work(connection: redis.Redis, others: Feeders | None = None) -> None:
    """Run jobs until a signal says to stop; raises SetupError if anything else ends it."""
    worker = Worker(connection, on_stop=others.ask_to_leave if others else None)
    try:
        worker.work(logging_level="WARNING")
    except redis.RedisError as error:
        raise SetupError(f"The worker lost Redis ({error}): start both again.") from error
    if not worker.stopping:
        raise SetupError("The worker gave up, the log says why: start it again.")


def main() -> None:
    """One more RQ worker."""
    start_logging()
    try:
        work(connect(os.environ["REDIS_URL"]))
    except SetupError as error:
        sys.exit(f"emojich: {error}")


if __name__ == "__main__":
    main()
