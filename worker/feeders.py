"""More RQ workers for the same engine, so that it draws several requests at once.

An RQ worker runs one job at a time.  `python -m worker` is one itself and keeps the others, each a
process of its own: `python -m worker.feeders`.
"""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from worker.children import start_child, stop_child
from worker.embedded import connect
from worker.errors import SetupError
from worker.logs import start_logging
from worker.worker import GRACE, Worker

DEFAULT = 4  # requests at once
PAUSE = 2  # seconds before one that died is replaced
STOP_TIME = GRACE + 2  # seconds: one that is at work gives its job back

log = logging.getLogger("emojich.feeders")


def work(connection: redis.Redis, feeders: "Feeders | None" = None) -> None:
    """Run jobs until a signal says to stop; raises SetupError if anything else ends it."""
    worker = Worker(connection, on_stop=feeders.stop if feeders else None)
    try:
        worker.work(logging_level="WARNING")
    except redis.RedisError as error:
        raise SetupError(f"The worker lost Redis ({error}): start both again.") from error
    if not worker.stopping:
        raise SetupError("The worker gave up, the log says why: start it again.")


def requests_at_once() -> int:
    """EMOJICH_REQUESTS.  Raises SetupError if that is no number."""
    text = os.environ.get("EMOJICH_REQUESTS") or str(DEFAULT)
    if not text.isdecimal() or int(text) < 1:
        raise SetupError(f"EMOJICH_REQUESTS is {text!r}: set a number from 1, or leave it unset.")
    return int(text)


@contextmanager
def feeders(count: int, url: str) -> Iterator["Feeders"]:
    """So many more RQ workers, for as long as the context lasts."""
    many = Feeders(count, url)
    try:
        yield many
    finally:
        many.stop()
        many.wait()


class Feeders:
    """Processes that are replaced when they die."""

    def __init__(self, count: int, url: str):
        self._env = os.environ | {"REDIS_URL": url}
        self._stopping = threading.Event()
        self._lock = threading.RLock()  # none is started once we are stopping
        self._processes = [self._start() for _ in range(count)]
        for number in range(count):
            threading.Thread(target=self._keep, args=(number,), daemon=True).start()

    def stop(self) -> None:
        """Ask all of them to leave; does not wait."""
        self._stopping.set()
        with self._lock:
            for process in self._processes:
                process.terminate()

    def wait(self) -> None:
        """Until all have left, or are killed."""
        for process in self._processes:
            try:
                process.wait(STOP_TIME)
            except subprocess.TimeoutExpired:
                log.warning("an RQ worker does not stop: killed")
            stop_child(process, 0)

    def _start(self) -> subprocess.Popen[bytes]:
        return start_child([sys.executable, "-m", "worker.feeders"], env=self._env)

    def _keep(self, number: int) -> None:
        while True:
            code = self._processes[number].wait()
            if self._stopping.wait(PAUSE):
                return
            log.warning("an RQ worker died (exit status %s): another one starts", code)
            with self._lock:
                if self._stopping.is_set():
                    return
                stop_child(self._processes[number], 0)
                self._processes[number] = self._start()


def main() -> None:
    """One more RQ worker."""
    start_logging()
    try:
        work(connect(os.environ["REDIS_URL"]))
    except SetupError as error:
        sys.exit(f"emojich: {error}")


if __name__ == "__main__":
    main()
