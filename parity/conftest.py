"""Fixtures of all parity tests, and the table at the end of a run."""

from collections.abc import Iterator

import pytest
import torch

from parity.compare import Compare

COMPARE = pytest.StashKey[Compare]()
LINE = "{:<34}{:<34}{:>11}{:>11}{:>11}"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COMPARE] = Compare()


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture
def compare(pytestconfig: pytest.Config) -> Compare:
    return pytestconfig.stash[COMPARE]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash[COMPARE].rows
    if not rows:
        return
    terminalreporter.section("ours against ru-dalle 1.1.3, float32")
    terminalreporter.line(LINE.format("check", "size", "error", "ours", "ru-dalle"))
    for row in rows:
        seconds = f"{row.ours:.2f} s", f"{row.theirs:.2f} s"
        terminalreporter.line(LINE.format(row.check, row.size, row.error, *seconds))
    for note in config.stash[COMPARE].notes:
        terminalreporter.line(note)
