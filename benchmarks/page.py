"""RESULTS.md and its plot."""

import re
from pathlib import Path

from benchmarks.arrivals import PROCESS
from benchmarks.results import Curve, Row
from benchmarks.timing import machine

PAGE = Path(__file__).with_name("RESULTS.md")
MACHINE = re.compile(r"> (.+)\n")  # the machine of a page
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \|", re.MULTILINE)

HEAD = """# Benchmarks of the engine

Written by `make bench`, which measured every number in one run, on

> {machine}

The column "before" has what the previous version of this page said; another machine may have
measured that ({before}). Ratios compare times of one run.

"full" is the published size: 24 layers, 1.3 billion parameters, random weights. ru-dalle 1.1.3, the
reference, is too slow to run there in full: five of its steps are timed, from the first code to the
last, and the time between them is interpolated linearly. "small" has 8 layers of 512 and 256 codes;
there the reference ran in full, and checked that method. At full size a step of Emojich takes
nearly the same time at every position, so its times are those of a step halfway times the number of
codes. Each row is measured in a process that does nothing else. The share of a step that is not
matrix products is mostly attention and sampling; in int8 without `step.c` also rounding the
inputs of each product.

Users who come at random times
({process})
are simulated at full size: the engine's own scheduler runs with the measured times of a step, a
text and a finished image in place of the work, each measured alone and while sharing the cores. On
`mini` the engine itself draws for them, beside its simulation. The times of ru-dalle in these rows
are for its codes alone.

The stages after the transformer are also timed one by one: for `mini` on an image that it drew, at
full size with random weights, which draw noise. An image takes the time of its codes, shared with
the images in the other slots, and the time of these stages.

No GPU has been measured yet: `make bench-gpu` prints the table of this machine's GPU, the time of a
step beside the time that its memory allows.

"""

TAIL = """
Another program on the same cores (`python -m benchmarks.shared_cpu`, 2 cores of a Xeon with AMX,
medians): before the number of threads followed the load (`emojich_core/inference/threads.py`), and
since then, in two runs.

| mini: prompt → 4 stickers | before | since |
| --- | --- | --- |
| alone | 2.20 s | 2.14 s, 1.74 s |
| beside two busy loops | 9.98 s (4.5 times) | 4.17 s (1.9 times), 3.79 s (2.2) |
| beside another `mini` that draws | 13.60 s (6.2 times) | 3.22 s (1.5 times), 2.84 s (1.6) |

What Real-ESRGAN does to stickers of `mini` (`python -m benchmarks.upscaling`): left without it, in
the middle x2 after 3,200 steps of training, right x4 after 800 steps; each training took some six
minutes. x2 takes 0.3 of the time of x4 and is at least as sharp, so it is the default for `mini`
and for the published models.

![Parts of three stickers without Real-ESRGAN, with x2, and with x4](../docs/upscale.png)
"""


def write(rows: list[Row], curves: list[Curve]) -> str:
    """Write the page and its plot; returns its table, with a column of what the old page said."""
    page = PAGE.read_text()
    machine_before, *_ = MACHINE.findall(page)
    shown = table(rows, dict(ROW.findall(page)))
    plot(PAGE.with_name("results.png"), curves)
    head = HEAD.format(machine=machine(), before=machine_before, process=PROCESS)
    picture = "\n![Seconds an image by images in a batch; seconds by users](results.png)\n"
    PAGE.write_text(head + shown + picture + TAIL)
    return shown


def table(rows: list[Row], before: dict[str, str] | None = None) -> str:
    """The rows as a table in Markdown; with `before`, also what the old page said, by row."""
    column = "" if before is None else " before |"
    lines = [f"| what | measured |{column} wanted |", f"|{' --- |' * (3 + bool(column))}"]
    for row in rows:
        column = "" if before is None else f" {before.get(row.what, '')} |"
        lines.append(f"| {row.what} | {row.measured} |{column} {row.target} |")
    return "\n".join(lines) + "\n"


def plot(file: Path, curves: list[Curve]) -> None:
    """Cost by images in a batch, at full size, and by users, on `mini`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for curve in curves:
        axes = left if curve.of == "images" else right
        axes.plot(*zip(*curve.points, strict=True), marker="o", label=curve.name)
    left.set(
        title="published size", xlabel="images in a batch", ylabel="seconds an image", yscale="log"
    )
    right.set(title="mini, 2 images each", xlabel="users", ylabel="seconds until all have theirs")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(file, dpi=100)
