"""Chooses the number of threads on a CPU: at most the cores that other programs leave free.

OpenMP's threads wait for each other after every operation, and they spin while they wait.  When
another program takes the core of one thread, the others spin until it gets the core back:
thousands of times in one image.  A second thread makes an image a quarter faster if it has a core
of its own, and up to eight times slower if it has none (`python -m benchmarks.shared_cpu`).
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

STAT = Path("/proc/stat")
QUOTA = Path("/sys/fs/cgroup/cpu.max")
INTERVAL = 0.1  # seconds over which the load is measured; the kernel counts in hundredths
STALE = 1.0  # seconds after which the load before a pause says nothing about the present
TOLERATED = 0.25  # cores that other programs may use before this one uses a thread less


class Cores:
    """The cores that this process may use, and how many of them other programs leave free."""

    def __init__(self) -> None:
        self._mine = _allowed()
        self.count = max(1, min(len(self._mine), _quota(), torch.get_num_threads()))
        self._lock = threading.Lock()
        self._seen = self._now()
        self._free = self.count
        self._taken = 0

    def free(self) -> int:
        """How many threads may compute, 1 to `count`, besides those in `taken`."""
        with self._lock:
            if time.monotonic() - self._seen[0] >= INTERVAL:
                self._measure()
            return max(1, self._free - self._taken)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Reserve a core for another thread of this process."""
        with self._lock:
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1

    def _measure(self) -> None:
        """Count free cores: by the load since the last call or, after a pause, by running threads.

        After long work the load decides, because running threads may be this process's own, which
        spin.
        """
        then, self._seen = self._seen, self._now()
        (before, busy_before, own_before, _), (now, busy, own, running) = then, self._seen
        others = ((busy - busy_before) - (own - own_before)) / (now - before)
        if now - before > STALE and own - own_before < (now - before) / 2:
            others = float(running - 1)
        spare = len(self._mine) - others + TOLERATED
        self._free = max(1, min(self.count, int(spare)))

    def _now(self) -> tuple[float, float, float, int]:
        """The clock, and CPU seconds of all programs and of this one; threads that want a core.

        Where the system has no STAT, the CPU seconds are 0: then every core counts as free.
        """
        try:
            lines = STAT.read_text().splitlines()
        except OSError:
            return time.monotonic(), 0.0, 0.0, 1
        busy, running = 0, 1
        for line in lines:
            name, *numbers = line.split()
            if name in self._mine:
                user, nice, system, _, _, irq, softirq, steal = (int(n) for n in numbers[:8])
                busy += user + nice + system + irq + softirq + steal
            elif name == "procs_running":
                running = int(numbers[0])
        ticks = os.sysconf("SC_CLK_TCK")
        return time.monotonic(), busy / ticks, time.process_time(), running


def _allowed() -> frozenset[str]:
    """The cores that this process may run on, by their names in STAT."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(f"cpu{number}" for number in os.sched_getaffinity(0))
    return frozenset(f"cpu{number}" for number in range(os.cpu_count() or 1))


def _quota() -> int:
    """The container's limit in whole cores, at least 1; a large number if it has no limit."""
    try:
        quota, period = QUOTA.read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # not Linux, an older cgroup, or "max"
        return 2**31


cores = Cores()


def use_free_cores() -> None:
    """Run this thread's next operations on the free cores.  Cheap: call it often."""
    use(cores.free())


def use(count: int) -> None:
    """Run this thread's next operations on `count` cores."""
    if torch.get_num_threads() != count:  # asking also ends torch's own set-up of a new thread
        torch.set_num_threads(count)
