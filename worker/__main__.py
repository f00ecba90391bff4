"""`python -m worker`: an engine, and the RQ workers that hand it requests.

An RQ worker runs one job at a time, and the engine draws several requests at once.  So this process
is one RQ worker and supervises more of them.  (A killed WorkerPool of RQ would leave its workers
behind; it can neither bound the time that they take to stop, nor set their intervals.)
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from emojich_core.errors import SetupError, exit_on
from worker.config import Settings
from worker.engine.protocol import ENGINE_SOCKET, engine_is_ready
from worker.jobs.health import check_clock
from worker.jobs.rq_worker import GRACE, exit_on_signals, work
from worker.queue.connection import connect
from worker.queue.environment import data_folder, start_logging
from worker.queue.valkey import redis_url, sockets_folder
from worker.supervisor import Supervisor

STOP_TIME = GRACE + 2  # seconds for all RQ workers: busy ones put their jobs back into the queue


def main() -> None:
    """Work until a signal says to stop."""
    start_logging()
    exit_on_signals()
    with exit_on(SetupError):
        settings = Settings.from_environment(os.environ)
        with redis_url(data_folder()) as url:
            connection = connect(url)
            check_clock(connection)
            with engine(), rq_workers(settings.requests - 1, url) as others:
                work(connection, on_stop=lambda: terminate(others))


@contextmanager
def engine() -> Iterator[None]:
    """Keep an engine running that takes requests from job processes.

    Raises SetupError when it cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="emojich-", dir=sockets_folder()) as folder:  # 0700
        socket = os.environ[ENGINE_SOCKET] = os.path.join(folder, "engine.sock")
        command = [sys.executable, "-m", "worker.engine", "--socket", socket]
        # The engine uses no Redis, so it gets no password of one.
        env = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
        supervisor = Supervisor("the engine", command, env)
        try:
            _wait_until_ready(supervisor)
            supervisor.watch()
            yield
        finally:
            supervisor.stop(0)  # the engine keeps nothing that could be lost


def _wait_until_ready(supervisor: Supervisor) -> None:
    """Wait without a limit: an engine with a GPU compiles for minutes the first time."""
    while not engine_is_ready():
        code = supervisor.process.poll()
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            raise SetupError(f"The engine was killed by {name}: is there memory enough?")
        if code is not None:
            sys.exit(code)  # the engine has printed why
        time.sleep(0.1)


@contextmanager
def rq_workers(count: int, url: str) -> Iterator[list[Supervisor]]:
    """Keep `count` more RQ workers running, each a process of its own."""
    os.environ["REDIS_URL"] = url  # for the RQ workers; Redis may be the embedded server
    command = [sys.executable, "-m", "worker.jobs.rq_worker"]
    supervisors = [Supervisor("an RQ worker", command) for _ in range(count)]
    for supervisor in supervisors:
        supervisor.watch()
    try:
        yield supervisors
    finally:
        terminate(supervisors)
        deadline = time.monotonic() + STOP_TIME
        for supervisor in supervisors:
            supervisor.stop(max(0.0, deadline - time.monotonic()))


def terminate(supervisors: list[Supervisor]) -> None:
    """Ask all children to stop at the same time, without waiting."""
    for supervisor in supervisors:
        supervisor.terminate()


if __name__ == "__main__":
    main()
