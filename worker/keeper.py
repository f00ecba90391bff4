"""Keeps an engine running beside the RQ worker."""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Client

from worker.children import start_child, stop_child
from worker.errors import SetupError
from worker.job import ENGINE_SOCKET

MAX_PAUSE = 30  # seconds between two engines; the first pause is one second, each later one twice
STEADY = 60  # seconds after which an engine counts as well, and the pauses start anew

log = logging.getLogger("emojich.keeper")


@contextmanager
def engine() -> Iterator[None]:
    """An engine that answers horses, and is replaced when it dies.

    Raises SetupError when it cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="emojich-") as folder:  # 0700, and a short path
        os.environ[ENGINE_SOCKET] = os.path.join(folder, "engine.sock")
        keeper = _Keeper(os.environ[ENGINE_SOCKET])
        try:
            keeper.wait_until_ready()
            keeper.watch()
            yield
        finally:
            keeper.stop()


class _Keeper:
    def __init__(self, socket: str):
        self._socket = socket
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # no engine is started once we are stopping
        self._process = self._start()

    def wait_until_ready(self) -> None:
        while not self._is_ready():
            code = self._process.poll()
            if code is not None and code < 0:
                name = signal.Signals(-code).name
                raise SetupError(f"The engine was killed by {name}: is there memory enough?")
            if code is not None:
                sys.exit(code)  # it has said why
            time.sleep(0.1)

    def watch(self) -> None:
        threading.Thread(target=self._replace_the_dead, daemon=True).start()

    def stop(self) -> None:
        with self._lock:
            self._stopping.set()
            stop_child(self._process, 0)  # it keeps nothing that could be lost

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "worker.engine", "--socket", self._socket]
        return start_child(command)

    def _replace_the_dead(self) -> None:
        pause = 1
        while True:
            start = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - start > STEADY:
                pause = 1
            log.warning("the engine died (exit status %s): another one in %s s", code, pause)
            stop_child(self._process, 0)
            self._stopping.wait(pause)
            pause = min(2 * pause, MAX_PAUSE)
            with self._lock:
                if self._stopping.is_set():
                    return
                self._process = self._start()

    def _is_ready(self) -> bool:
        try:
            Client(self._socket, family="AF_UNIX").close()
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True
