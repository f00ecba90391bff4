"""More RQ workers for the same engine, so that it draws several requests at once.

An RQ worker runs one job at a time.  `python -m worker` is one itself and keeps the others, each a
process of its own: `python -m worker.jobs.feeders`.  (RQ's WorkerPool would leave its workers
behind if it were killed, and can neither bound how long they take to stop nor set how they look
after jobs.)
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from emojich_core.errors import SetupError
from worker.jobs.rq_worker import GRACE, Worker
from worker.logs import start_logging
from worker.queue.connection import connect
from worker.supervisor import Supervisor

STOP_TIME = GRACE + 2  # seconds for all: those at work give their jobs back
PAUSE = 5  # seconds until another RQ worker tries what one has given up

log = logging.getLogger("emojich.feeders")


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
        command = [sys.executable, "-m", "worker.jobs.feeders"]
        self._all = [Supervisor("an RQ worker", command) for _ in range(count)]
        for child in self._all:
            child.watch()

    def ask_to_leave(self) -> None:
        """Tell all of them at the same time; does not wait."""
        for child in self._all:
            child.ask_to_leave()

    def stop(self) -> None:
        """Have all of them leave; kill those that do not."""
        self.ask_to_leave()
        deadline = time.monotonic() + STOP_TIME
        for child in self._all:
            child.stop(max(0.0, deadline - time.monotonic()))


def work(connection: redis.Redis, others: Feeders | None = None) -> None:
    """Run jobs until a signal says to stop.

    RQ's worker ends when Redis is away for long, or refuses something, be it for want of memory or
    of disk.  Another one follows it: an engine that had to begin anew might compile for minutes.
    """
    while True:
        worker = Worker(connection, on_stop=others.ask_to_leave if others else None)
        reason = "the log says why"
        try:
            worker.work(logging_level="WARNING")
        except redis.RedisError as error:
            reason = str(error)
        if worker.stopping:
            return
        leave_on_signals()  # RQ's own handlers would tell Redis
        log.error("the RQ worker gave up (%s): another one in %s s", reason, PAUSE)
        time.sleep(PAUSE)


def leave_on_signals() -> None:
    """Have SIGINT and SIGTERM end this process, until RQ handles them."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))


def main() -> None:
    """One more RQ worker."""
    start_logging()
    leave_on_signals()
    try:
        work(connect(os.environ["REDIS_URL"]))
    except SetupError as error:
        sys.exit(f"emojich: {error}")


if __name__ == "__main__":
    main()
