"""From prompts to finished stickers on the shipped bundle: one user, many users."""

import statistics
import time

from benchmarks.results import Curve, Results
from benchmarks.timing import seconds
from benchmarks.users import draw, tasks
from emojich_core.pipeline import Pipeline
from emojich_core.precision import Precision
from worker.scheduler import Scheduler

ROUNDS = 3
PROMPT = "кот в космосе"


def measure(results: Results, quick: bool) -> None:
    """A prompt alone in each precision, then users by their number."""
    precisions: tuple[Precision, ...] = ("float32", "bfloat16", "int8")
    for precision in precisions:
        pipeline = Pipeline.load("mini", "cpu", precision)
        whole, first = _prompt(pipeline)
        results.row(
            f"mini: prompt → 4 stickers, {precision}",
            f"{whole:.2f} s, first progress after {first:.2f} s",
            "4 s, 0.5 s",
        )
    users(results, (1, 8) if quick else (1, 2, 4, 8, 16))


def _prompt(pipeline: Pipeline) -> tuple[float, float]:
    """Median seconds until all four stickers are there, and until the first progress."""
    firsts: list[float] = []

    def once() -> None:
        start, times = time.perf_counter(), list[float]()
        pipeline.generate(
            PROMPT, 4, seed=1, progress=lambda _: times.append(time.perf_counter() - start)
        )
        firsts.append(times[0])

    times = [seconds(once) for _ in range(ROUNDS + 1)][1:]
    return statistics.median(times), statistics.median(firsts[1:])


def users(results: Results, numbers: tuple[int, ...], count: int = 2) -> None:
    """Throughput of so many users at once, with `count` images each, against one at a time."""
    pipeline = Pipeline.load("mini", "cpu")
    scheduler = Scheduler(pipeline, pipeline.slots_that_fit())
    scheduler.start()
    draw(scheduler, tasks(1, count))
    alone = statistics.median(draw(scheduler, [task]) for task in tasks(8, count))
    together = {
        n: statistics.median(draw(scheduler, tasks(n, count)) for _ in range(ROUNDS))
        for n in numbers
    }
    gain = 8 * alone / together[8]
    results.numbers["users8_over_users1"] = gain
    results.row(
        f"mini: 8 users at once, {count} images each",
        f"{together[8]:.1f} s, one at a time {8 * alone:.1f} s: {gain:.2f} times the throughput",
        "3 times",
    )
    results.curves.append(Curve("at once", list(together.items()), of="users"))
    results.curves.append(Curve("one at a time", [(n, n * alone) for n in numbers], of="users"))
