"""Seconds from an engine's start-up to the first code of its first request.

    python -m benchmarks.first_code    # on `mini`: seconds

Each engine is a new process, because a used one is already warm.
"""

import os
import statistics
import subprocess
import sys
import time

from benchmarks.results import Results
from emojich_core.request import Request
from worker.config import Settings
from worker.engine.__main__ import load
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler

ROUNDS = 3
POLL = 0.002  # seconds


def measure(results: Results) -> None:
    """Start new engines, one after the other, and report the median."""
    command = [sys.executable, "-m", "benchmarks.first_code"]
    times = [
        float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        for _ in range(ROUNDS)
    ]
    results.row(
        "mini: from the first request of an engine to its first code",
        f"{statistics.median(times) * 1e3:.0f} ms",
        "50 ms",
    )


def seconds_to_first_code(scheduler: Scheduler, task: Task) -> float:
    """Put a task into a scheduler, and wait for its first progress."""
    start = time.perf_counter()
    scheduler.put(task)
    while not task.fraction:
        time.sleep(POLL)
    return time.perf_counter() - start


def main() -> None:
    """Start an engine, print the seconds to its first code, and exit."""
    scheduler = load(Settings(device="cpu"))
    print(seconds_to_first_code(scheduler, Task(Request("1", "кот", 1, seed=1))), flush=True)
    os._exit(0)  # without waiting for the image


if __name__ == "__main__":
    main()
