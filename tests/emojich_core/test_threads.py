"""Threads make room for other programs, and images do not depend on their number."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch

from emojich_core.inference import threads
from emojich_core.inference.threads import Cores, use
from emojich_core.pipeline import Pipeline

linux = pytest.mark.skipif(sys.platform != "linux", reason="the load is read from /proc/stat")


@pytest.fixture
def two_threads() -> Iterator[None]:
    """The suite runs with one thread; `Cores` takes torch's number for the most."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@linux
def test_one_thread_remains_beside_busy_programs(two_threads: None) -> None:
    cores = Cores()
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(busy.kill)
        time.sleep(0.5)
        cores.free()
        time.sleep(2 * threads.INTERVAL)
        assert cores.free() == 1


@linux
def test_load_before_a_long_pause_is_ignored(
    two_threads: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stat = tmp_path / "stat"
    monkeypatch.setattr(threads, "STAT", stat)
    monkeypatch.setattr(threads, "STALE", 0.0)
    stat.write_text(_stat(busy=0, running=1))
    cores = Cores()
    stat.write_text(_stat(busy=0, running=3))
    time.sleep(threads.INTERVAL)
    assert cores.free() == 1
    stat.write_text(_stat(busy=10_000, running=1))
    time.sleep(threads.INTERVAL)
    assert cores.free() == cores.count


@pytest.mark.parametrize(("own", "free"), [(3.9, 2), (0.1, 1)], ids=["work", "a pause"])
def test_threads_that_run_now_count_after_a_pause_only(
    two_threads: None, own: float, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After work they may be this process's own, which spin."""
    cores, threads_that_run = Cores(), 3
    monkeypatch.setattr(cores, "_mine", frozenset(("cpu0", "cpu1")))
    monkeypatch.setattr(cores, "count", 2)
    monkeypatch.setattr(cores, "_seen", (0.0, 0.0, 0.0, 1))
    monkeypatch.setattr(cores, "_now", lambda: (2.0, own, own, threads_that_run))
    assert cores.free() == free


def test_finishing_threads_take_cores_from_the_others(
    two_threads: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(threads, "STAT", tmp_path / "missing")
    cores = Cores()
    alone = cores.free()
    with cores.taken():
        assert cores.free() == max(1, alone - 1)
    assert cores.free() == alone


@pytest.mark.parametrize(
    ("limit", "count"), [("200000 100000", 2), ("150000 100000", 1), ("50000 100000", 1)]
)
def test_a_container_limit_bounds_the_threads(
    two_threads: None, limit: str, count: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(f"{limit}\n")
    monkeypatch.setattr(threads, "QUOTA", quota)
    assert Cores().count == min(count, os.cpu_count() or 1)


def test_stickers_do_not_depend_on_the_number_of_threads(
    two_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline.load("mini", "cpu")
    drawn = []
    for count in (1, 2):
        monkeypatch.setattr(
            "emojich_core.inference.slots.use_free_cores", lambda count=count: use(count)
        )
        drawn.append([each.sticker for each in pipeline.generate("кот", 1, seed=3)])
    assert drawn[0] == drawn[1]


def _stat(busy: int, running: int) -> str:
    cores = [f"cpu{n} {busy} 0 0 0 0 0 0 0 0 0\n" for n in range(os.cpu_count() or 1)]
    return f"{''.join(cores)}procs_running {running}\n"
