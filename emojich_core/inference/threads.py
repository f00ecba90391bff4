"""How many threads compute on a CPU: no more than there are cores that no other program uses.

OpenMP's threads wait for each other after every operation, and they wait awake.  Where another
program has taken the core of one of them, the others burn theirs until it gets it back: thousands
of times in one image.  A second thread gains a quarter when it has a core to itself, and costs up
to eight times when it has none (`python -m benchmarks.beside`).
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
STALE = 1.0  # seconds after which a measurement says nothing about now
TOLERATED = 0.25  # cores that others may use before a thread makes room for them


class Cores:
    """The cores that this process may use, and how many of them other programs leave it."""

    def __init__(self) -> None:
        self._mine = _allowed()
        self.count = max(1, min(len(self._mine), _quota(), torch.get_num_threads()))
        self._lock = threading.Lock()
        self._seen = self._now()
        self._free = self.count
        self._taken = 0

    def free(self) -> int:
        """How many threads may compute, 1 to `count`, beside those in `taken`."""
        with self._lock:
            if time.monotonic() - self._seen[0] >= INTERVAL:
                self._measure()
            return max(1, self._free - self._taken)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Another thread of this process computes on a core of its own meanwhile."""
        with self._lock:
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1

    def _measure(self) -> None:
        """Others' share of the cores since the last time; after long, who runs at this moment."""
        then, self._seen = self._seen, self._now()
        (before, busy_before, own_before, _), (now, busy, own, running) = then, self._seen
        others = ((busy - busy_before) - (own - own_before)) / (now - before)
        if now - before > STALE:
            others = float(running - 1)
        spare = len(self._mine) - others + TOLERATED
        self._free = max(1, min(self.count, int(spare)))

    def _now(self) -> tuple[float, float, float, int]:
        """Seconds: the clock, what all programs have computed on the cores, what this one has.

        The last number is how many threads run or wait for a core.  All is 0 but the clock where
        the system does not tell: then every core counts as free.
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
    """How many cores the container's limit is worth, at least 1; many where there is none."""
    try:
        quota, period = QUOTA.read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # not Linux, an older cgroup, or "max"
        return 2**31


cores = Cores()


def use_free_cores() -> None:
    """Let this thread's next operations run on the cores that are free.  Cheap: call it often."""
    use(cores.free())


def use(count: int) -> None:
    """Let this thread's next operations run on so many cores."""
    if torch.get_num_threads() != count:  # asking also ends torch's own set-up of a new thread
        torch.set_num_threads(count)
