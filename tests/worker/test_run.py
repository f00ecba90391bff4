"""`run.py` where something goes wrong; how it starts everything, and ends it, is in tests/e2e."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from bot.lease import KEY
from tests.worker.parts import ROOT, Server, descendants, find, is_alive, wait_until

Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A function that starts run.py with an environment of its own."""
    started = []
    skip = ("REDIS_URL", "TELEGRAM_BOT_TOKEN")
    env = {key: value for key, value in os.environ.items() if key not in skip}
    env["EMOJICH_DATA"] = str(tmp_path)

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


def test_what_does_not_start_says_so_in_one_line(run: Run) -> None:
    process = run(EMOJICH_REQUESTS="many")  # the worker then ends before it has an engine
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output == ""
    assert errors.startswith("emojich: EMOJICH_REQUESTS is 'many'")
    assert errors.count("\n") == 1


def test_a_killed_run_takes_all_with_it(run: Run) -> None:
    process = run()
    wait_until(lambda: find(process.pid, "-m worker"))
    children = descendants(process.pid)
    process.kill()
    wait_until(lambda: not any(map(is_alive, children)), 10)


def test_what_waits_for_another_bot_says_so(
    run: Run, server: Server, connection: redis.Redis, tiny_bundle: Path
) -> None:
    connection.set(KEY, "another")
    process = run(REDIS_URL=server.url, EMOJICH_MODEL=str(tiny_bundle))
    assert process.stderr
    assert process.stdout
    line = process.stderr.readline()
    assert line == "emojich: another bot is answering; this one stands by until that one ends.\n"
    connection.delete(KEY)
    assert process.stdout.readline().startswith("Emojich is at ")
