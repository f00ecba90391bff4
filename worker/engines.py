"""The engines of a machine, one for each bundle on each device, with their RQ workers.

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
from worker.config import EngineConfig
from worker.engine.protocol import ENGINE_SOCKET, ask_metrics, engine_is_ready, read_speed
from worker.jobs.rq_worker import GRACE
from worker.metrics import EngineFigures
from worker.queue.bundles import SERVES
from worker.queue.valkey import sockets_folder
from worker.supervisor import Supervisor

STOP_TIME = GRACE + 2  # seconds for all RQ workers: busy ones put their jobs back into the queue

log = logging.getLogger("emojich.engines")


class Engines:
    """Runs engines and their RQ workers; one of these workers is this process."""

    def __init__(self, configs: list[EngineConfig], folder: str, url: str):
        """`folder` is for the engines' sockets, `url` that of Redis."""
        self._configs = list(configs)
        self._folder = folder
        self._url = url
        self._engines: list[tuple[EngineConfig, str, Supervisor]] = []  # with their sockets
        self._rq_workers: list[Supervisor] = []
        self._stopping = False
        self._lock = threading.RLock()  # so that nothing starts after `terminate`
        self._outcomes: queue.SimpleQueue[EngineConfig | None] = queue.SimpleQueue()
        self._has_first = False
        self._given_up: set[str] = set()  # the sockets of engines that have not started

    def start(self) -> EngineConfig:
        """Start all; returns the config of the first engine that is ready.

        This process becomes an RQ worker of that engine.

        Waits without a limit, because an engine with a GPU compiles for minutes the first time.
        Exits with 1 when no engine starts; each has printed why.
        """
        configs = sorted(
            self._configs, key=_device_of
        )  # stable: a device keeps the order of its bundles
        for _, group in groupby(configs, key=_device_of):
            threading.Thread(target=self._load, args=(list(group),), daemon=True).start()
        for _ in configs:
            if config := self._outcomes.get():
                os.environ.update(self._environment(config))  # job processes inherit it
                return config
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
            EngineFigures(config.serves.name, config.settings.device or "", engine.deaths, answer)
            for (config, _, engine), answer in zip(started, answers, strict=True)
        ]

    def _load(self, configs: list[EngineConfig]) -> None:
        """Start the engines of one device, one after the other."""
        for config in configs:
            try:
                is_ready = self._start_engine(config)
            except OSError as error:
                log.error("%s does not start: %s", config.name, error)
                is_ready = False
            with self._lock:
                if self._stopping:
                    return
                if is_ready:
                    config = self._measured(config)
                    own = 0 if self._has_first else 1
                    self._has_first = True
                    self._start_rq_workers(config, config.settings.requests - own)
                else:
                    self._given_up.add(self._socket(config))
                self._outcomes.put(config if is_ready else None)

    def _start_engine(self, config: EngineConfig) -> bool:
        """Start an engine and wait until it is ready; False when it ends instead."""
        socket = self._socket(config)

        def command() -> list[str]:
            arguments = ["--socket", socket, "--share", str(self._share(config))]
            name = ["--name", config.name] if len(self._configs) > 1 else []
            return [sys.executable, "-m", "worker.engine", *arguments, *name]

        environment = self._environment(config) | {
            "EMOJICH_MODEL": config.settings.model,
            "EMOJICH_DEVICE": config.settings.device or "",
        }
        # The engine uses no Redis, so it gets no password of one.
        without = {k: value for k, value in os.environ.items() if not k.startswith("REDIS_")}
        with self._lock:
            if self._stopping:
                return False
            engine = Supervisor(f"the engine{self._of(config)}", command, without | environment)
            self._engines.append((config, socket, engine))
        while not engine_is_ready(socket):
            code = engine.process.poll()
            if code is not None:
                if code < 0 and not self._stopping:  # else the engine has printed why
                    name = signal.Signals(-code).name
                    who = f"The engine{self._of(config)}"
                    sentence = f"{who} was killed by {name}: is there memory enough?"
                    print(f"emojich: {sentence}", file=sys.stderr, flush=True)
                return False
            time.sleep(0.1)
        engine.watch()
        return True

    def _share(self, config: EngineConfig) -> int:
        """How many engines share the free memory of a device: those that are not ready.

        On a GPU, this engine leaves as much memory to each one that is to come.  One that is
        started again, while the others are ready, may take what its predecessor has left.
        """
        sockets = {
            self._socket(each) for each in self._configs if _device_of(each) == _device_of(config)
        }
        return sum(not engine_is_ready(socket) for socket in sockets - self._given_up) or 1

    def _measured(self, config: EngineConfig) -> EngineConfig:
        """The config with the speed of its engine, which RQ workers publish."""
        served = replace(config.serves, judged_per_minute=read_speed(self._socket(config)))
        measured = replace(config, serves=served)
        self._configs[self._configs.index(config)] = measured
        return measured

    def _start_rq_workers(self, config: EngineConfig, count: int) -> None:
        """Start RQ workers, each a process of its own."""
        command = [sys.executable, "-m", "worker.jobs.rq_worker"]
        environment = {**os.environ, "REDIS_URL": self._url, **self._environment(config)}
        for _ in range(count):
            try:
                rq_worker = Supervisor(f"an RQ worker{self._of(config)}", command, environment)
            except OSError as error:
                log.error("an RQ worker%s does not start: %s", self._of(config), error)
                continue
            self._rq_workers.append(rq_worker)
            rq_worker.watch()

    def _environment(self, config: EngineConfig) -> dict[str, str]:
        """The environment variables that the RQ workers of an engine need."""
        return {ENGINE_SOCKET: self._socket(config), SERVES: config.serves.to_json()}

    def _of(self, config: EngineConfig) -> str:
        """A part of a log message that names the engine, if there are several."""
        return f" of {config.name}" if len(self._configs) > 1 else ""

    def _socket(self, config: EngineConfig) -> str:
        return os.path.join(self._folder, f"engine{self._configs.index(config)}.sock")


@contextmanager
def engines(configs: list[EngineConfig], url: str) -> Iterator[Engines]:
    """Run an engine for each config until the end of the block.

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
        started = Engines(configs, folder, url)
        try:
            yield started
        finally:
            started.stop()


def _device_of(config: EngineConfig) -> str:
    return config.settings.device or ""
