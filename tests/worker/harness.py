"""Starts a Valkey and `python -m worker`; finds, kills and holds the processes that they start."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import redis
from rq.registry import StartedJobRegistry, clean_registries

from emojich_core.request import Request
from worker.queue.events import STREAM, Event, Progress, from_json
from worker.queue.request_job import rq_queue
from worker.queue.requests import RequestQueue
from worker.queue.valkey import redis_url

ROOT = Path(__file__).parents[2]
USER = 1001
START_TIME = 120  # seconds; the engine imports torch, which takes long where all cores are at work


def wait_until(
    condition: Callable[[], object],
    seconds: float = 60,
    explain: Callable[[], object] = lambda: "",
) -> None:
    """Wait until a condition holds; fail when it never does, and explain how things stand then."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s {explain()}"
        time.sleep(pause)
        pause = min(1.2 * pause, 0.1)  # to look takes time from what is waited for


def processes() -> dict[int, tuple[int, str]]:
    """Every process: its parent and its command."""
    command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split(None, 3) for line in lines]
    return {int(r[0]): (int(r[1]), r[3]) for r in rows if not r[2].startswith("Z") and len(r) > 3}


def children(parent: int, matches: Callable[[str], bool]) -> list[int]:
    """The children of a process whose commands match."""
    table = processes().items()
    return [pid for pid, (of, command) in table if of == parent and matches(command)]


def descendants(pid: int) -> set[int]:
    """All processes below one."""
    found = {pid}
    table = processes()
    while more := {child for child, (parent, _) in table.items() if parent in found} - found:
        found |= more
    return found - {pid}


def find(below: int, words: str) -> int | None:
    """A Python process below another one, by the end of its command."""
    table = processes()
    for pid in descendants(below):
        command = table.get(pid, (0, ""))[1]
        if command.endswith(words):
            return pid
    return None


def is_alive(pid: int) -> bool:
    return pid in processes()


class Server:
    """A Valkey that can be restarted."""

    def __init__(self, data: Path):
        self._data = data
        self._stack = ExitStack()
        self.url = self.start()

    def start(self) -> str:
        return self._stack.enter_context(redis_url(self._data))

    def stop(self) -> None:
        self._stack.close()


class Worker:
    """A `python -m worker` with its engine, its job process, and the RQ workers with theirs."""

    def __init__(self, url: str, model: Path | str, log: Path, requests: int = 1, device: str = ""):
        # One request at a time, so that a test knows which request the killed job process runs.
        own = {"REDIS_URL": url, "EMOJICH_MODEL": str(model), "EMOJICH_REQUESTS": str(requests)}
        self._env = os.environ | own | {"EMOJICH_DEVICE": device}
        self._log = log
        self._requests = requests
        self.start()

    def start(self) -> None:
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker"], cwd=ROOT, env=self._env, stdout=log, stderr=log
            )
        try:
            self.wait_for_ready(self._requests)
        except AssertionError:
            self.stop()  # left running, it would take the jobs of later tests on this server
            raise

    def wait_for_ready(self, times: int) -> None:
        """Wait until `times` RQ workers have begun to listen to the queue."""
        wait_until(
            lambda: self.log().count("worker: ready") >= times or self.process.poll() is not None,
            START_TIME,
        )
        assert self.process.poll() is None, self.log()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def log(self) -> str:
        return self._log.read_text()

    def engine(self) -> int | None:
        return self._child(lambda command: "worker.engine" in command)

    def job_process(self) -> int | None:
        """The process that `python -m worker` itself has forked for a job (RQ's work horse)."""
        return self._child(_is_main)

    def rq_workers(self) -> list[int]:
        """The other RQ workers."""
        return children(self.process.pid, _is_rq_worker)

    def job_processes(self) -> list[int]:
        """All job processes: children of RQ workers that have the command of their parent."""
        job_process, rq_workers = self.job_process(), self.rq_workers()
        own = [job_process] if job_process else []
        return own + [pid for rq_worker in rq_workers for pid in children(rq_worker, _is_rq_worker)]

    def _child(self, matches: Callable[[str], bool]) -> int | None:
        found = children(self.process.pid, matches)
        return found[0] if found else None

    def kill(self, find: Callable[[], int | None]) -> int:
        """SIGKILL the engine or the job process once it runs; returns its process id."""
        wait_until(find)
        pid = find()
        assert pid
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid))
        return pid

    def hold_engine(self) -> None:
        """Stop the engine's process, so that a job stays unfinished."""
        wait_until(self.engine)
        self._signal_engine(signal.SIGSTOP)

    def release_engine(self) -> None:
        """Continue the engine's process, if there is one."""
        self._signal_engine(signal.SIGCONT)

    def _signal_engine(self, number: signal.Signals) -> None:
        if engine := self.engine():  # 0 would signal this process group
            os.kill(engine, number)


def _is_main(command: str) -> bool:
    return command.endswith("-m worker")


def _is_rq_worker(command: str) -> bool:
    return command.endswith("-m worker.jobs.rq_worker")


def request(name: str = "1") -> Request:
    return Request(id=name, prompt="кот в космосе", count=2, seed=7)


def events_of(connection: redis.Redis, request_id: str) -> list[Event]:
    """All events of a request so far."""
    entries: Any = connection.xrange(STREAM)
    events = [from_json(fields[b"event"]) for _, fields in entries]
    return [event for event in events if event.request_id == request_id]


def end_of(connection: redis.Redis, request_id: str) -> Event | None:
    """The event that ended a request; more than one is an error."""
    ends = [e for e in events_of(connection, request_id) if not isinstance(e, Progress)]
    assert len(ends) < 2
    return ends[0] if ends else None


class OpenQueue(RequestQueue):
    """The queue of requests, whose RQ queue and connection the tests may use directly."""

    def __init__(self, connection: redis.Redis):
        super().__init__(connection)
        self.connection = connection
        self.rq = rq_queue(connection)


def end_heartbeats(requests: OpenQueue) -> None:
    """As if a minute had passed since the last ones, and a worker did its maintenance."""
    registry = StartedJobRegistry(queue=requests.rq)
    entries: Any = requests.connection.zrange(registry.key, 0, -1)
    requests.connection.zadd(registry.key, dict.fromkeys(entries, 1))
    clean_registries(requests.rq)
