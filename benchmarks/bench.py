"""Compares the engine with ru-dalle 1.1.3, with the speed of memory, and with itself.

make bench-quick    # a small configuration: minutes; the last line is one JSON object
make bench          # the published size, too; writes RESULTS.md and results.png
"""

import argparse
import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Concatenate, ParamSpec

import torch

from benchmarks import arrivals, first_code, page, shared_cpu, stages, startup, stickers, training
from benchmarks.results import Results
from benchmarks.steps import cpu_precisions, measure, random_model, text_seconds, weight_bytes
from benchmarks.timing import read_bandwidth
from emojich_core.inference.precision import Precision
from emojich_core.networks.transformer import TransformerConfig
from emojich_core.pipeline import CPU_SLOTS

P = ParamSpec("P")

PARITY = ".venv-parity/bin/python"  # where ru-dalle is; see parity/README.md
STEP_OVER_READING = {1: "1.4 times", 4: "1.6 times", 8: "2.2 times"}  # targets by slots
# The keys of the JSON in the last line.
KEYS = ("reference_s", "ours_f32_s", "ours_best_s", "step_over_bandwidth", "users8_over_users1")


def in_new_process(
    results: Results,
    measuring: Callable[Concatenate[Results, P], None],
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    """Measure in a new process, because an idle engine keeps threads and memory."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        results.add(process.submit(_measured, measuring, *args, **kwargs).result())


def _measured(
    measuring: Callable[Concatenate[Results, P], None], *args: P.args, **kwargs: P.kwargs
) -> Results:
    results = Results()
    measuring(results, *args, **kwargs)
    return results


def compare(results: Results, quick: bool) -> None:
    """Run the comparison with ru-dalle in the environment that has ru-dalle."""
    command = [PARITY, "-m", "benchmarks.compare", *(["--quick"] if quick else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                results.add(Results.from_json(line))
            else:
                print(line, end="", flush=True)
    if process.returncode:
        raise SystemExit(process.returncode)


@torch.no_grad()
def measure_steps(
    results: Results, config: TransformerConfig, name: str, precision: Precision
) -> None:
    """Measure steps, the time to read the weights once, and the prefill of a text."""
    bandwidth = read_bandwidth()
    results.row("reading memory", f"{bandwidth / 1e9:.1f} GB/s")
    stream = weight_bytes(config, precision) / bandwidth
    model = random_model(config, precision)
    steps = [measure(model, slots) for slots in (1, 4, 8, 16, arrivals.USERS * arrivals.COUNT)]
    for step in steps:
        results.row(
            f"{name}: a step of {step.slots} slots, {precision}",
            f"{step.whole * 1e3:.1f} ms, {step.whole / stream:.2f} times reading the weights; "
            f"{step.other_share:.0%} is not matrix products",
            STEP_OVER_READING.get(step.slots, ""),
        )
        results.numbers[f"step_of_{step.slots}_s"] = step.whole
    worst = max(step.whole for step in steps[:2]) / stream
    results.numbers["step_over_bandwidth"] = worst
    results.numbers["text_s"] = text = text_seconds(model)
    first = text + results.numbers[f"step_of_{CPU_SLOTS}_s"]
    what = f"{name}: from a request to its first code, {CPU_SLOTS} slots, {precision}"
    results.row(what, f"{first * 1e3:.0f} ms")


def main() -> None:
    """Measure and print; at the published size, also write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="not the published size")
    quick = parser.parse_args().quick
    results = Results()
    # A quarter of the published layers: fewer would fit into the CPU's caches.
    layers = TransformerConfig(num_layers=6) if quick else TransformerConfig()
    name = "6 layers of the published size" if quick else "full"
    precision = cpu_precisions()[-1]
    in_new_process(results, measure_steps, layers, name, precision)
    startup.measure(results)
    first_code.measure(results)
    for each in cpu_precisions()[: 1 if quick else None]:
        in_new_process(results, stickers.one_user, each)
    in_new_process(results, stickers.many_users, (1, 8) if quick else (1, 2, 4, 8, 16))
    in_new_process(results, shared_cpu.measure)
    in_new_process(results, stages.on_mini)
    compare(results, quick)
    if not quick:
        in_new_process(results, training.measure)
        in_new_process(results, arrivals.on_mini)
        in_new_process(results, stages.at_full_size)
        in_new_process(results, arrivals.at_full_size, precision, results.numbers)
        print(f"\n{page.write(results.rows, results.curves)}")
    print(json.dumps({key: round(results.numbers[key], 3) for key in KEYS}))


if __name__ == "__main__":
    main()
