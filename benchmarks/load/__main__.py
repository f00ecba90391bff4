"""Measures how many users one bot and one Redis can serve.

    python -m benchmarks.load [--users 1000 10000] [--seconds 60] [--workers 8]

Valkey, the bot, RQ's workers, their job processes and HTTP are real; the drawing takes no time (see
`engine.py`), and Telegram is the sandbox (see `telegram.py`), which shares the machine with them.
In each run, USERS users write one prompt each; SECONDS is the time in which 1,000 of them write.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import redis

from benchmarks.timing import machine
from worker.engine.protocol import ENGINE_SOCKET
from worker.queue.bundles import SERVES, ServedBundle
from worker.queue.valkey import redis_url

DRAWING = 0.2  # seconds
ROOT = Path(__file__).parents[2]
TOKEN = "42:load"
NO_LIMIT = str(1_000_000)  # more than any run reaches


def run(users: int, seconds: float, workers: int) -> dict[str, Any]:
    """Start everything, let the users write, stop everything; returns the figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_memory())))
        url = stack.enter_context(redis_url(folder))
        socket = str(folder / "engine")
        env = os.environ | {"REDIS_URL": url, ENGINE_SOCKET: socket, "PYTHONUNBUFFERED": "1"}
        log = stack.enter_context((folder / "log").open("wb"))
        _start(stack, ["benchmarks.load.engine", socket, str(DRAWING)], env)
        while not Path(socket).exists():
            time.sleep(0.1)
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True}
        command = ["benchmarks.load.telegram", str(folder), str(users), str(seconds)]
        telegram = _start(stack, command, env, stdin=subprocess.PIPE, **pipes)
        address = telegram.stdout.readline().strip()
        env |= {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": f"{address}/bot"}
        env |= {f"EMOJICH_MAX_{limit}": NO_LIMIT for limit in ("PER_MINUTE", "PER_DAY", "QUEUE")}
        bot = _start(stack, ["bot"], env, stderr=log, **pipes)
        assert bot.stdout.readline() == "bot: ready\n"
        env[SERVES] = ServedBundle("mini").to_json()
        pids = []
        for _ in range(workers):
            worker = _start(stack, ["worker.jobs.rq_worker"], env, stderr=log, **pipes)
            worker.stdout.readline()  # the RQ worker listens to the queue
            pids.append(worker.pid)
        connection = stack.enter_context(redis.Redis.from_url(url))

        def cpu() -> dict[str, float]:
            of_redis = connection.info("cpu")
            return {
                "bot": _cpu(bot.pid),
                "workers": sum(map(_cpu, pids)),
                "redis": of_redis["used_cpu_user"] + of_redis["used_cpu_sys"],
            }

        before, cpu_before = _commands(connection), cpu()
        telegram.stdin.write("go\n")
        telegram.stdin.flush()
        figures: dict[str, Any] = json.loads(telegram.stdout.readline())
        figures["commands"] = _commands(connection) - before
        figures["redis_mb"] = connection.info("memory")["used_memory_peak"] / 2**20
        figures["bot_mb"] = _peak_memory(bot.pid)
        figures["cpu"] = {part: now - cpu_before[part] for part, now in cpu().items()}
        return figures


def _start(stack: ExitStack, command: list[str], env: dict[str, str], **more: Any) -> Any:
    """A Python process that ends with the stack."""
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=env, **more)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def _memory() -> str | None:
    """A folder in memory, if there is one, so that the disk is not measured."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _commands(connection: redis.Redis) -> int:
    return int(connection.info("stats")["total_commands_processed"])


def _peak_memory(pid: int) -> float:
    """MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10


def _cpu(pid: int) -> float:
    """Seconds of a process, and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def row(users: int, seconds: float, figures: dict[str, Any]) -> str:
    """A line of the table."""
    (answer, late), (stickers, last) = figures["answer"], figures["stickers"]
    took, calls = figures["seconds"], sum(figures["calls"].values())
    commands = figures["commands"]
    bot, of_workers, of_redis = (
        1000 * figures["cpu"][p] / users for p in ("bot", "workers", "redis")
    )
    return (
        f"| {users} in {seconds:.0f} s | {users / took:.1f} | {answer:.2f} / {late:.2f} s "
        f"| {stickers:.1f} / {last:.1f} s | {calls / took:.0f} "
        f"| {commands / took:.0f}; {commands / users:.0f} a request "
        f"| {bot:.0f} / {of_workers:.0f} / {of_redis:.1f} ms "
        f"| {figures['bot_mb']:.0f} MiB, {figures['cpu']['bot'] / took:.0%} of a core "
        f"| {figures['redis_mb']:.0f} MiB | {figures['without_stickers']} |"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--users", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--seconds", type=float, default=60, help="in which 1,000 write (60)")
    parser.add_argument("--workers", type=int, default=8, help="RQ workers (8)")
    arguments = parser.parse_args()
    print(f"{machine()}\n")
    print(
        "| users | requests a second | first answer, p50 / p99 | stickers, p50 / p99 "
        "| Bot API calls a second | Redis commands a second | CPU a request: bot / workers / Redis "
        "| bot | Redis | without stickers |"
    )
    print("|" + " --- |" * 10, flush=True)
    for users in arguments.users:
        seconds = arguments.seconds * users / 1000
        figures = run(users, seconds, arguments.workers)
        print(row(users, seconds, figures), flush=True)


if __name__ == "__main__":
    main()
