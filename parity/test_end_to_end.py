"""The whole published model, from ru-dalle's checkpoints to a sticker and its score.

Every step runs in a process of its own: see end_to_end.py.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from parity.compare import Compare, differing, largest

OURS = Path(torch.__file__).parents[4] / "bin/python"  # where torch and Emojich are installed
SIZE = "end to end, published"
STAGES = ("import", "open", "codes", "picture", "score", "sharpen", "cut out", "pack")
Error = Callable[[Tensor, Tensor], float]
FEW = 1e-4  # share of pixels that rounding may decide


@pytest.mark.full
def test_published_files_become_the_sticker_of_ru_dalle(compare: Compare, tmp_path: Path) -> None:
    """Codes, pictures, scores and choice by the whole way; then the last stages by themselves.

    With random weights Real-ESRGAN turns the rounding of the stages before into another picture,
    so the last stages begin with ru-dalle's 8-bit pictures on both sides.
    """
    try:
        _compare_sides(compare, tmp_path)
    finally:
        shutil.rmtree(tmp_path)  # 11 GB, which pytest would keep


def _compare_sides(compare: Compare, folder: Path) -> None:
    run = partial(_run, folder)
    run("save")
    steps = {"import": run("import")}

    def codes(step: str) -> Tensor:
        steps[step] = run(step)
        found: Tensor = steps[step]["codes"]
        return found

    def check(what: str, ours: Tensor, theirs: Tensor, error: Error, limit: float) -> None:
        compare(what, SIZE, ours=lambda: ours, theirs=lambda: theirs, error=error, limit=limit)

    compare(
        "sampled codes",
        SIZE,
        ours=lambda: codes("emojich"),
        theirs=lambda: codes("ru-dalle"),
        error=differing,
    )
    ours, theirs = steps["emojich"], steps["ru-dalle"]
    check("pictures, 8 bit", _pixels(ours["pictures"]), theirs["pictures"].int(), largest, 1)
    check("cosines", ours["scores"], theirs["scores"], largest, 1e-3)
    close = theirs["scores"].max() - theirs["scores"].min() < 2e-3
    assert ours["best"] == theirs["best"] or close
    assert (ours["method"], theirs["method"]) == ("unet", "unet")

    steps["default"] = run("default")
    expected, finished = run("ru-dalle-finish"), run("emojich-finish")
    check(
        "Real-ESRGAN's `enhance`, x2",
        (finished["models"]["larger"].permute(1, 2, 0) * 255).round().int(),
        theirs["enhanced"].int(),
        differing,
        0,
    )
    larger = _pixels(finished["other"]["larger"][None])[0]
    check("Real-ESRGAN x4, in tiles", larger, expected["larger"].int(), largest, 1)
    check("Real-ESRGAN x4, in tiles", larger, expected["larger"].int(), differing, 1e-3)
    for name, bundle in {"effnetb5": "models", "effnetb7": "other"}.items():
        alpha = expected["alphas"][name].float() / 255
        check(f"hard alpha, {name}, float64", finished[bundle]["alpha"], alpha, differing, FEW)
    compare.notes += _figures(steps)


def _pixels(images: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] → pixels (B, H, W, 3), 0 … 255."""
    return (images * 255).int().permute(0, 2, 3, 1)


def _figures(steps: dict[str, dict[str, Any]]) -> list[str]:
    """A table of CPU seconds and peak memory by stage."""
    lines = [
        "",
        "| stage | ru-dalle | Emojich, float32 | Emojich, default |",
        "| --- | --- | --- | --- |",
    ]
    for stage in STAGES:
        shown = [
            f"{figures[stage][0]:.1f} s, {figures[stage][1]:.1f} GiB" if stage in figures else ""
            for figures in (
                steps["ru-dalle"]["figures"],
                steps["emojich"]["figures"] | steps["import"]["figures"],
                steps["default"]["figures"],
            )
        ]
        lines.append(f"| {' | '.join([stage, *shown])} |")
    return lines


def _run(folder: Path, step: str) -> dict[str, Any]:
    """The output of a step of end_to_end.py, if it writes any."""
    root, emojich = Path(__file__).parents[1], step in ("import", "default") or "emojich" in step
    # One thread each: then CPU seconds are the time that a step takes with a core of its own.
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    environment |= {"HF_HUB_OFFLINE": "1"}  # ru-dalle's loaders take the files in their cache
    command = [OURS if emojich else sys.executable, "-m", "parity.end_to_end", step, folder]
    subprocess.run(command, env=environment, cwd=root, check=True)
    report = folder / f"{step}.pt"
    return torch.load(report) if report.exists() else {}
