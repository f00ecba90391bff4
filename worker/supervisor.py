"""Supervises a child process: starts another one when it dies."""

import logging
import math
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO

from worker.queue.child import start_child, stop_child

MAX_PAUSE = 30  # seconds before the next child; the first pause is one second, each later one twice
STABLE_TIME = 60  # seconds; when a child that has run for longer dies, the pauses start anew

log = logging.getLogger("emojich.supervisor")


class Supervisor:
    """Runs one child at a time, until `stop`."""

    def __init__(
        self,
        name: str,
        command: list[str] | Callable[[], list[str]],
        env: Mapping[str, str] | None = None,
        log_file: IO[bytes] | None = None,
        restarts: float = math.inf,
    ):
        """Start the child, which writes to the log file, else to this process's output.

        A `command` that is a function is called again for each child.
        A child that dies within STABLE_TIME is replaced, at most `restarts` times in a row; then
        `gave_up` is set.
        """
        self.name = name
        self._command = command
        self._log_file, self._env = log_file, env
        self._restarts = restarts
        self.deaths = 0  # of children that were, or will be, replaced
        self.gave_up = threading.Event()
        self._stopping = threading.Event()
        # So that no child starts after `terminate`, which a signal handler may call meanwhile.
        self._lock = threading.RLock()
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = self._command() if callable(self._command) else self._command
        return start_child(command, self._log_file, self._env)

    def watch(self) -> None:
        """Replace the child from now on whenever it dies."""
        threading.Thread(target=self._replace_dead_children, daemon=True).start()

    def terminate(self) -> None:
        """Send the child SIGTERM, once, without waiting."""
        with self._lock:
            if not self._stopping.is_set():
                self._stopping.set()
                self.process.terminate()

    def stop(self, seconds: float) -> None:
        """Stop the child; kill it if it has not ended within `seconds`."""
        self.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
        stop_child(self.process, 0)

    def _replace_dead_children(self) -> None:
        pause, left = 1, self._restarts
        while True:
            start = time.monotonic()
            code = self.process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - start > STABLE_TIME:
                pause, left = 1, self._restarts
            if not left:
                self.gave_up.set()
                return
            left -= 1
            self.deaths += 1
            log.warning("%s died (exit status %s): another one in %s s", self.name, code, pause)
            stop_child(self.process, 0)
            self._stopping.wait(pause)
            pause = min(2 * pause, MAX_PAUSE)
            with self._lock:
                if self._stopping.is_set():
                    return
                try:
                    self.process = self._start()
                except OSError as error:  # out of memory, say; the next round tries again
                    log.warning("%s does not start: %s", self.name, error)
