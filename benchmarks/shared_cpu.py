"""The time of four stickers of `mini`: alone, beside two busy loops, beside another `mini`.

python -m benchmarks.shared_cpu
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.results import Results
from emojich_core.pipeline import Pipeline

PROMPT = "кот в космосе"
ROUNDS = 3  # of all rows in turn, so that all rows have the same load
REQUESTS = 5  # a round
BUSY = [sys.executable, "-c", "while True: pass"]
DRAWING = [sys.executable, "-m", "benchmarks.shared_cpu", "--draw"]


def draw(pipeline: Pipeline) -> float:
    """Seconds from the prompt to its stickers."""
    start = time.perf_counter()
    pipeline.generate(PROMPT, 4, seed=1)
    return time.perf_counter() - start


@contextmanager
def running(*commands: list[str]) -> Iterator[None]:
    """Run programs during the block; waits until each `mini` is drawing."""
    with ExitStack() as stack:
        for command in commands:
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
            stack.callback(process.kill)
            if command is DRAWING:
                assert process.stdout is not None
                process.stdout.readline()
        yield


def measure(results: Results) -> None:
    """Report the median of each row, and its ratio to the time alone."""
    pipeline = Pipeline.load("mini", "cpu")
    draw(pipeline)
    rows: dict[str, list[list[str]]] = {
        "alone": [],
        "beside two busy loops": [BUSY, BUSY],
        "beside another mini that draws": [DRAWING],
    }
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, commands in rows.items():
            with running(*commands):
                times[name] += [draw(pipeline) for _ in range(REQUESTS)]
    alone = statistics.median(times["alone"])
    for name, measured in times.items():
        median = statistics.median(measured)
        results.row(
            f"mini: prompt → 4 stickers, {name}",
            f"{median:.2f} s, worst {max(measured):.2f} s; {median / alone:.1f} times",
            "" if name == "alone" else "2.5 times",
        )


def draw_forever() -> None:
    """Generate until killed; prints a line once it is drawing."""
    pipeline = Pipeline.load("mini", "cpu")
    while True:
        draw(pipeline)
        print("drawing", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draw", action="store_true", help="draw until killed")
    draw_forever() if parser.parse_args().draw else measure(Results())
