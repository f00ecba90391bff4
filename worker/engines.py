"""The engines of a machine, one for each pair of a bundle and a device, with their RQ workers.

Engines on different devices load at the same time.  Those on one device load one after the other,
so that each finds out how much memory the others have left.
"""

import logging
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby

from emojich_core.errors import SetupError
from worker.config import Pair
from worker.engine.protocol import ENGINE_SOCKET, ask_metrics, engine_is_ready, read_speed
from worker.jobs.rq_worker import GRACE
from worker.metrics import EngineFigures
from worker.queue.bundles import SERVES
from worker.queue.valkey import sockets_folder
from worker.supervisor import Supervisor

STOP_TIME = GRACE + 2  # seconds for all RQ workers: busy ones put their jobs back into the queue

log = logging.getLogger("emojich.engines")


class Engines:
    """Keeps engines running, and the RQ workers of each but for one, which is this process."""

    def __init__(self, pairs: list[Pair], folder: str, url: str):
        """`folder` is for the engines' sockets, `url` that of Redis."""
        self._pairs = list(pairs)
        self._folder = folder
        self._url = url
        self._engines: list[tuple[Pair, str, Supervisor]] = []  # with their sockets
        self._rq_workers: list[Supervisor] = []
        self._stopping = False
        self._lock = threading.RLock()  # so that nothing starts after `terminate`
        self._outcomes: queue.SimpleQueue[Pair | None] = queue.SimpleQueue()
        self._has_first = False
        self._given_up: set[str] = set()  # the sockets of engines that have not started

    def start(self) -> Pair:
        """Start all; returns the first pair that is ready, for which this process is an RQ worker.

        Waits without a limit, because an engine with a GPU compiles for minutes the first time.
        Exits with 1 when no engine starts; each has printed why.
        """
        pairs = sorted(self._pairs, key=_device)  # stable: a device keeps the order of its bundles
        for _, group in groupby(pairs, key=_device):
            threading.Thread(target=self._load, args=(list(group),), daemon=True).start()
        for _ in pairs:
            if pair := self._outcomes.get():
                os.environ.update(self._environment(pair))  # job processes inherit it
                return pair
        sys.exit(1)

    def terminate(self) -> None:
        """Ask all RQ workers to stop at the same time, without waiting."""
        with self._lock:
            self._stopping = True
            for rq_worker in self._rq_workers:
                rq_worker.terminate()

    def stop(self) -> None:
        """Stop all processes."""
        self.terminate()
        deadline = time.monotonic() + STOP_TIME
        for rq_worker in self._rq_workers:
            rq_worker.stop(max(0.0, deadline - time.monotonic()))
        for *_, engine in self._engines:
            engine.stop(0)  # the engine keeps nothing that could be lost

    def figures(self) -> list[EngineFigures]:
        """The figures of each engine that has been started; asks all engines at the same time."""
        started = tuple(self._engines)
        with ThreadPoolExecutor() as threads:
            answers = list(threads.map(ask_metrics, [socket for _, socket, _ in started]))
        return [
            EngineFigures(pair.serves.name, pair.settings.device or "", engine.deaths, answer)
            for (pair, _, engine), answer in zip(started, answers, strict=True)
        ]

    def _load(self, pairs: list[Pair]) -> None:
        """Start the pairs of one device, one after the other."""
        for pair in pairs:
            try:
                is_ready = self._start_engine(pair)
            except OSError as error:
                log.error("%s does not start: %s", pair.name, error)
                is_ready = False
            with self._lock:
                if self._stopping:
                    return
                if is_ready:
                    pair = self._measured(pair)
                    own = 0 if self._has_first else 1
                    self._has_first = True
                    self._start_rq_workers(pair, pair.settings.requests - own)
                else:
                    self._given_up.add(self._socket(pair))
                self._outcomes.put(pair if is_ready else None)

    def _start_engine(self, pair: Pair) -> bool:
        """Start an engine and wait until it is ready; False when it ends instead."""
        socket = self._socket(pair)

        def command() -> list[str]:
            arguments = ["--socket", socket, "--share", str(self._share(pair))]
            name = ["--name", pair.name] if len(self._pairs) > 1 else []
            return [sys.executable, "-m", "worker.engine", *arguments, *name]

        environment = self._environment(pair) | {
            "EMOJICH_MODEL": pair.settings.model,
            "EMOJICH_DEVICE": pair.settings.device or "",
        }
        # The engine uses no Redis, so it gets no password of one.
        without = {k: value for k, value in os.environ.items() if not k.startswith("REDIS_")}
        with self._lock:
            if self._stopping:
                return False
            engine = Supervisor(f"the engine{self._of(pair)}", command, without | environment)
            self._engines.append((pair, socket, engine))
        while not engine_is_ready(socket):
            code = engine.process.poll()
            if code is not None:
                if code < 0 and not self._stopping:  # else the engine has printed why
                    name = signal.Signals(-code).name
                    who = f"The engine{self._of(pair)}"
                    sentence = f"{who} was killed by {name}: is there memory enough?"
                    print(f"emojich: {sentence}", file=sys.stderr, flush=True)
                return False
            time.sleep(0.1)
        engine.watch()
        return True

    def _share(self, pair: Pair) -> int:
        """How many engines are to divide the free memory of a device: those that are not ready.

        On a GPU, this engine leaves as much memory to each one that is to come.  One that is
        started again, while the others are ready, may take what its predecessor has left.
        """
        sockets = {self._socket(each) for each in self._pairs if _device(each) == _device(pair)}
        return sum(not engine_is_ready(socket) for socket in sockets - self._given_up) or 1

    def _measured(self, pair: Pair) -> Pair:
        """The pair with the speed of its engine, for its RQ workers to publish."""
        served = replace(pair.serves, judged_per_minute=read_speed(self._socket(pair)))
        measured = replace(pair, serves=served)
        self._pairs[self._pairs.index(pair)] = measured
        return measured

    def _start_rq_workers(self, pair: Pair, count: int) -> None:
        """Start RQ workers, each a process of its own."""
        command = [sys.executable, "-m", "worker.jobs.rq_worker"]
        environment = {**os.environ, "REDIS_URL": self._url, **self._environment(pair)}
        for _ in range(count):
            try:
                rq_worker = Supervisor(f"an RQ worker{self._of(pair)}", command, environment)
            except OSError as error:
                log.error("an RQ worker%s does not start: %s", self._of(pair), error)
                continue
            self._rq_workers.append(rq_worker)
            rq_worker.watch()

    def _environment(self, pair: Pair) -> dict[str, str]:
        """What the RQ workers of a pair have to know."""
        return {ENGINE_SOCKET: self._socket(pair), SERVES: pair.serves.to_json()}

    def _of(self, pair: Pair) -> str:
        """Which engine it is, where there are several."""
        return f" of {pair.name}" if len(self._pairs) > 1 else ""

    def _socket(self, pair: Pair) -> str:
        return os.path.join(self._folder, f"engine{self._pairs.index(pair)}.sock")


@contextmanager
def engines(pairs: list[Pair], url: str) -> Iterator[Engines]:
    """The engines of these pairs, which end with the block.

    Raises SetupError where no temporary file can be written.
    """
    try:
        sockets = tempfile.TemporaryDirectory(prefix="emojich-", dir=sockets_folder())  # 0700
    except OSError as error:
        raise SetupError(
            f"The engines' sockets cannot be made ({error.strerror}): make room in /tmp, or set "
            "TMPDIR to a folder that this user may write."
        ) from error
    with sockets as folder:
        started = Engines(pairs, folder, url)
        try:
            yield started
        finally:
            started.stop()


def _device(pair: Pair) -> str:
    return pair.settings.device or ""
