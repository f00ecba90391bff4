"""Seconds from the start of a process: to the first code of `emojich generate`, to a ready engine.

    python -m benchmarks.startup    # on `mini`

Each is a new process; for comparison, another process only imports torch.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.results import Results

ROUNDS = 5
POLL = 0.002  # seconds
GENERATE = ("generate", "кот", "--count", "1", "--seed", "1", "--model", "mini", "--device", "cpu")
TARGET = "3 s"


def measure(results: Results) -> None:
    """Report the median of each kind of process.

    The kinds take turns, so that they share the machine's busy moments.
    """
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder, "engine")
        torch = ["-c", "import torch; print(flush=True)"]
        generate = ["-m", "benchmarks.startup", *GENERATE, "--out", folder]
        engine = ["-m", "worker.engine", "--socket", str(socket)]
        times = [
            (_seconds(torch), _seconds(generate), _seconds(engine, socket)) for _ in range(ROUNDS)
        ]
    alone, first_code, ready = map(statistics.median, zip(*times, strict=True))
    for what, seconds in (
        ("from the start of `emojich generate` to its first code", first_code),
        ("from the start of an engine until it is ready", ready),
    ):
        measured = f"{seconds:.2f} s; `import torch` alone {alone:.2f} s"
        results.row(f"mini: {what}", measured, TARGET)


def _seconds(arguments: list[str], socket: Path | None = None) -> float:
    """Seconds until a new process prints a line, or opens the socket.

    Raises RuntimeError if the process ends before.
    """
    environment = {**os.environ, "EMOJICH_MODEL": "mini", "EMOJICH_DEVICE": "cpu"}
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        is_there = bool(process.stdout.readline()) if socket is None else False
        while socket and not is_there and process.poll() is None:
            time.sleep(POLL)
            is_there = socket.exists()
        seconds = time.perf_counter() - start
        process.kill()
    if not is_there:
        raise RuntimeError(f"{arguments} ended too early")
    if socket:
        socket.unlink()
    return seconds


def main() -> None:
    """Run `emojich generate`, and exit at its first code."""
    import tqdm

    from emojich_core.cli.main import main as emojich

    class FirstCode(tqdm.tqdm):
        """A progress bar that ends the process when it first moves."""

        def update(self, n: Any = 1) -> None:
            print(flush=True)
            os._exit(0)

    tqdm.tqdm = FirstCode
    emojich()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main()
    else:
        measure(Results())
