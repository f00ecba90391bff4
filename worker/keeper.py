"""Keeps an engine running beside the RQ workers."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Client

from worker.errors import SetupError
from worker.job import ENGINE_SOCKET
from worker.kept import Kept


@contextmanager
def engine() -> Iterator[None]:
    """An engine that answers horses, and is replaced when it dies.

    Raises SetupError when it cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="emojich-") as folder:  # 0700, and a short path
        socket = os.environ[ENGINE_SOCKET] = os.path.join(folder, "engine.sock")
        kept = Kept("the engine", [sys.executable, "-m", "worker.engine", "--socket", socket])
        try:
            _wait_until_ready(kept, socket)
            kept.watch()
            yield
        finally:
            kept.stop(0)  # it keeps nothing that could be lost


def _wait_until_ready(kept: Kept, socket: str) -> None:
    while not _is_ready(socket):
        code = kept.process.poll()
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            raise SetupError(f"The engine was killed by {name}: is there memory enough?")
        if code is not None:
            sys.exit(code)  # it has said why
        time.sleep(0.1)


def _is_ready(socket: str) -> bool:
    try:
        Client(socket, family="AF_UNIX").close()
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return True
