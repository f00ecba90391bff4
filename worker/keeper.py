"""Keeps an engine running beside the RQ workers."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from emojich_core.errors import SetupError
from worker.engine.protocol import ENGINE_SOCKET, engine_is_ready
from worker.queue.valkey import sockets_folder
from worker.supervisor import Supervisor


@contextmanager
def engine() -> Iterator[None]:
    """An engine that answers horses, and is replaced when it dies.

    Raises SetupError when it cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="emojich-", dir=sockets_folder()) as folder:  # 0700
        socket = os.environ[ENGINE_SOCKET] = os.path.join(folder, "engine.sock")
        command = [sys.executable, "-m", "worker.engine", "--socket", socket]
        # It knows no Redis, so it gets no password of one.
        env = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
        child = Supervisor("the engine", command, env)
        try:
            _wait_until_ready(child)
            child.watch()
            yield
        finally:
            child.stop(0)  # it keeps nothing that could be lost


def _wait_until_ready(child: Supervisor) -> None:
    """As long as it takes: one with a GPU compiles for minutes the first time."""
    while not engine_is_ready():
        code = child.process.poll()
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            raise SetupError(f"The engine was killed by {name}: is there memory enough?")
        if code is not None:
            sys.exit(code)  # it has said why
        time.sleep(0.1)
