"""`run.py`, which starts everything and must leave nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.worker.parts import ROOT, is_alive, processes, wait_until

Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def run(tmp_path: Path, tiny_bundle: Path) -> Iterator[Run]:
    """A function that starts run.py with an environment of its own."""
    started = []
    settings = {"EMOJICH_DATA": str(tmp_path), "EMOJICH_MODEL": str(tiny_bundle)}
    skip = ("REDIS_URL", "TELEGRAM_BOT_TOKEN")
    env = {key: value for key, value in os.environ.items() if key not in skip} | settings

    def start(**more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, ROOT / "run.py"],
            cwd=tmp_path,
            env=env | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


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
        if command.endswith(words) and not command.startswith("sh "):
            return pid
    return None


def test_all_start_and_all_stop(run: Run) -> None:
    process = run()
    assert process.stdout
    assert process.stdout.readline().startswith("Emojich is at http://127.0.0.1:")
    bot = find(process.pid, "-m bot")
    assert bot
    os.kill(bot, signal.SIGKILL)
    wait_until(lambda: find(process.pid, "-m bot") not in (None, bot))
    children = descendants(process.pid)
    assert len(children) > 5
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=15)
    assert (process.returncode, output, errors) == (0, "", "")
    wait_until(lambda: not any(map(is_alive, children)), 3)


def test_what_does_not_start_says_so_in_one_line(run: Run) -> None:
    process = run(EMOJICH_REQUESTS="many")  # the worker then ends before it has an engine
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output == ""
    assert errors.startswith("emojich: EMOJICH_REQUESTS is 'many'")
    assert errors.count("\n") == 1


def test_a_killed_run_takes_all_with_it(run: Run, tmp_path: Path) -> None:
    process = run()
    wait_until(lambda: find(process.pid, "-m worker"))
    children = descendants(process.pid)
    process.kill()
    wait_until(lambda: not any(map(is_alive, children)), 10)
