"""What `inference.memory` saves: from a prompt to four stickers of `mini`, with it and without.

`python -m benchmarks.kept_memory`
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time

import emojich_core.pipeline
from emojich_core.pipeline import Pipeline

PROMPTS = ("кошка", "собака", "дом", "роза", "сова")
ROUNDS = 3


def measure(keep: bool) -> None:
    """Print the median seconds of a prompt, the page faults of one, and the peak memory in MB."""
    if not keep:
        emojich_core.pipeline.keep_freed = lambda: None
    pipeline = Pipeline.load("mini", "cpu")
    pipeline.generate("кот", seed=0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    times = []
    for prompt in PROMPTS:
        start = time.perf_counter()
        pipeline.generate(prompt, seed=0)
        times.append(time.perf_counter() - start)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(statistics.median(times), (used.ru_minflt - before) // len(times), used.ru_maxrss // 1024)


def main() -> None:
    """Both in turn, each in a new process: the allocator's setting cannot be undone."""
    rows: dict[str, list[list[float]]] = {"--keep": [], "--return": []}
    for _ in range(ROUNDS):
        for option, measured in rows.items():
            command = [sys.executable, "-m", "benchmarks.kept_memory", option]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            measured.append([float(number) for number in out.split()])
    for option, measured in rows.items():
        seconds, faults, peak = map(statistics.median, zip(*measured, strict=True))
        print(f"{option[2:]:>7}: {seconds:.2f} s, {faults:,.0f} page faults, {peak:,.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keep", dest="keep", action="store_true", default=None)
    parser.add_argument("--return", dest="keep", action="store_false", help="as glibc does it")
    keep = parser.parse_args().keep
    main() if keep is None else measure(keep)
