"""A child that is replaced when it dies, in hard times too."""

import logging
import os
import signal

import pytest

from tests.worker.parts import wait_until
from worker.kept import Kept


def test_what_cannot_be_started_now_is_started_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept("a sleeper", ["sleep", "600"])
    first = kept.process.pid
    try:
        with caplog.at_level(logging.WARNING), monkeypatch.context() as patch:
            patch.setenv("PATH", "/nowhere")  # no shell is found; it might be memory that lacks
            kept.watch()
            os.kill(first, signal.SIGKILL)
            wait_until(lambda: "a sleeper does not start" in caplog.text)
        wait_until(lambda: kept.process.pid != first)
    finally:
        kept.stop(0)
