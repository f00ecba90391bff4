"""What a model costs: size, time, memory."""

import resource
import statistics
import sys
import time

from emojich_core.pipeline import Pipeline
from emojich_core.training.evaluation.figures import Figure

PROMPT = "кот в космосе"
STICKERS = 4
TIMES = 5  # besides the first, which warms up


def cost_figures(pipeline: Pipeline, seed: int) -> list[Figure]:
    """To be asked for before anything big: the memory is the most that this process ever had."""
    size = sum(file.stat().st_size for file in pipeline.bundle.path.glob("*.safetensors"))
    times = []
    for _ in range(TIMES + 1):
        started = time.perf_counter()
        pipeline.generate(PROMPT, STICKERS, seed)
        times.append(time.perf_counter() - started)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    seconds = statistics.median(times[1:])
    return [
        Figure("weights", "weights, all stages", size / 1e6, "MB", at_most=60),
        Figure("seconds", f"prompt → {STICKERS} stickers", seconds, "s", at_most=3),
        Figure("memory", "peak memory", peak / 1e6, "MB"),
    ]
