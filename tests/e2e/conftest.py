"""Everything, as `make run` starts it: real processes, a real Redis protocol, real HTTP, `mini`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL", "REDIS_URL", "EMOJICH_MODEL", "EMOJICH_DEVICE")
DRAWN_WITHIN = 120_000  # milliseconds, for a browser that waits for stickers
# Where to keep screenshots; those of docs/ are made so.
SCREENSHOTS = (
    Path(os.environ["EMOJICH_SCREENSHOTS"]) if "EMOJICH_SCREENSHOTS" in os.environ else None
)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the chat page of a running Emojich."""
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    data = tmp_path_factory.mktemp("data")
    env |= {"EMOJICH_DATA": str(data), "EMOJICH_DEVICE": "cpu"}
    command = [sys.executable, "run.py"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        line = run.stdout.readline()
        try:
            assert "http://127.0.0.1:" in line, f"run.py said {line!r}"
            yield next(word for word in line.split() if word.startswith("http"))
        finally:
            run.terminate()
            run.wait(30)
    assert run.returncode == 0
    assert processes_that_know(str(data)) == []


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
