"""The supervisor replaces a child that dies, also when a start fails."""

import logging
import os
import signal
import sys

import pytest

from tests.worker.harness import wait_until
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
