"""Everything, as `make run` starts it: real processes, a real Redis protocol, real HTTP, `mini`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.worker.harness import find

ROOT = Path(__file__).parents[2]
OURS = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL", "REDIS_URL", "EMOJICH_MODEL", "EMOJICH_DEVICE")
DRAWN_WITHIN = 120_000  # milliseconds, for a browser that waits for stickers
# Where to keep screenshots; those of docs/ are made so.
SCREENSHOTS = (
    Path(os.environ["EMOJICH_SCREENSHOTS"]) if "EMOJICH_SCREENSHOTS" in os.environ else None
)


@dataclass(frozen=True)
class Running:
    """A `run.py` that has said where its chat page is."""

    pid: int
    address: str

    @property
    def token(self) -> str:
        """The bot's token, another one in each run."""
        bot = find(self.pid, "-m bot")
        variables = Path(f"/proc/{bot}/environ").read_bytes().split(b"\0")
        [token] = [v for v in variables if v.startswith(b"TELEGRAM_BOT_TOKEN=")]
        return token.decode().partition("=")[2]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """All of Emojich; Ctrl-C ends it without a word, and nothing is left behind."""
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    data = tmp_path_factory.mktemp("data")
    env |= {"EMOJICH_DATA": str(data), "EMOJICH_DEVICE": "cpu"}
    outputs = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    command = [sys.executable, "run.py"]
    with subprocess.Popen(command, cwd=ROOT, env=env, text=True, **outputs) as run:
        assert run.stdout is not None
        line = run.stdout.readline()
        try:
            assert line.startswith("Emojich is at http://127.0.0.1:"), f"run.py said {line!r}"
            yield Running(run.pid, line.split()[3])
        finally:
            run.send_signal(signal.SIGINT)
            last, _ = run.communicate(timeout=30)
    assert (run.returncode, last) == (0, "")
    assert processes_that_know(str(data)) == []


@pytest.fixture
def address(running: Running) -> str:
    """The address of the chat page of a running Emojich."""
    return running.address


def processes_that_know(folder: str) -> list[str]:
    """The command lines of all processes that have this folder in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if folder.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # gone meanwhile, or not ours
    return [line for line in found if line and "pytest" not in line]
