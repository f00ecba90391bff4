"""The engine against ru-dalle 1.1.3, against the machine's memory, and against itself.

make bench-quick    # a small configuration: minutes; the last line is one JSON object
make bench          # the published size, too; writes RESULTS.md and results.png
"""

import argparse
import json
import subprocess
from pathlib import Path

import torch

from benchmarks import arrivals, page, stickers
from benchmarks.results import Results
from benchmarks.steps import Step, measure, random_model, text_seconds, weight_bytes
from benchmarks.timing import read_bandwidth
from emojich_core.transformer import TransformerConfig

PARITY = ".venv-parity/bin/python"  # where ru-dalle is; see parity/README.md


def compare(results: Results, quick: bool) -> None:
    """Both engines, in an environment of their own."""
    command = [PARITY, "-m", "benchmarks.compare", *(["--quick"] if quick else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                results.add(line)
            else:
                print(line, end="", flush=True)
    if process.returncode:
        raise SystemExit(process.returncode)


def measure_steps(
    results: Results, config: TransformerConfig, name: str
) -> tuple[list[Step], float]:
    """Steps with 8-bit weights, beside reading those weights once; and seconds of a text."""
    bandwidth = read_bandwidth()
    results.row("reading memory", f"{bandwidth / 1e9:.1f} GB/s")
    stream = weight_bytes(config, "int8") / bandwidth
    model = random_model(config, "int8")
    steps = [measure(model, slots) for slots in (1, 4, 8, 16)]
    for step in steps:
        results.row(
            f"{name}: a step of {step.slots} slots, int8",
            f"{step.whole * 1e3:.1f} ms, {step.whole / stream:.2f} times reading the weights; "
            f"{step.other_share:.0%} is not matrix products",
            "1.6 times, 15%" if step.slots <= 4 else "",
        )
    worst = max(step.whole for step in steps[:2]) / stream
    results.numbers["step_over_bandwidth"] = worst
    return steps, text_seconds(model)


def main() -> None:
    """Measure, print, and at the published size write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="not the published size")
    quick = parser.parse_args().quick
    torch.set_grad_enabled(False)
    results = Results()
    # A quarter of the published layers: what lies in caches would not show the memory.
    layers = TransformerConfig(num_layers=6) if quick else TransformerConfig()
    name = "6 layers of the published size" if quick else "full"
    steps, text = measure_steps(results, layers, name)
    stickers.measure(results, quick)
    arrivals.on_mini(results)
    compare(results, quick)
    if not quick:
        arrivals.at_full_size(results, steps, text)
        page.write(Path(__file__).parent, results.rows, results.curves)
    print(json.dumps({key: round(value, 3) for key, value in results.numbers.items()}))


if __name__ == "__main__":
    main()
