"""The supervisor replaces a child that dies, also when a start fails."""

import logging
import os
import signal
import sys
from itertools import count
from pathlib import Path

import pytest

from tests.worker.harness import wait_until
from worker import supervisor as supervisor_module
from worker.supervisor import Supervisor


def test_child_that_cannot_start_is_retried(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = Supervisor("a sleeper", ["sleep", "600"])
    first = supervisor.process.pid
    try:
        with caplog.at_level(logging.WARNING), monkeypatch.context() as patch:
            patch.setattr(sys, "executable", "/nowhere")  # as when memory runs out
            supervisor.watch()
            os.kill(first, signal.SIGKILL)
            wait_until(lambda: "a sleeper does not start" in caplog.text)
        wait_until(lambda: supervisor.process.pid != first)
    finally:
        supervisor.stop(0)


def test_child_that_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    with open(tmp_path / "log", "w+b") as log:
        supervisor = Supervisor("a failure", ["echo", "died"], log_file=log, restarts=1)
        supervisor.watch()
        assert supervisor.gave_up.wait(10)
    supervisor.stop(0)
    assert (tmp_path / "log").read_text().count("died") == 2


def test_child_that_ran_steadily_has_all_its_restarts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "STABLE_TIME", 0)  # seconds
    with open(tmp_path / "log", "w+b") as log:
        supervisor = Supervisor("a failure", ["echo", "died"], log_file=log, restarts=1)
        supervisor.watch()
        wait_until(lambda: (tmp_path / "log").read_text().count("died") > 2)
    assert not supervisor.gave_up.is_set()
    supervisor.stop(0)


def test_command_of_each_child_is_made_anew(tmp_path: Path) -> None:
    numbers = count(1)
    with open(tmp_path / "log", "w+b") as log:
        supervisor = Supervisor("one", lambda: ["echo", str(next(numbers))], None, log, restarts=1)
        supervisor.watch()
        assert supervisor.gave_up.wait(10)
    supervisor.stop(0)
    assert (tmp_path / "log").read_text().split() == ["1", "2"]
