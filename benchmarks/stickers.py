"""From prompts to finished stickers on the shipped bundle: one user, many users."""

import statistics
from functools import partial

from benchmarks.first_code import seconds_to_first_code
from benchmarks.results import Curve, Results
from benchmarks.steps import cpu_precisions
from benchmarks.timing import seconds
from benchmarks.users import draw, engine, tasks
from emojich_core.pipeline import Pipeline
from emojich_core.request import Request
from worker.scheduler import Scheduler
from worker.task import Task

ROUNDS = 3
PROMPT = "кот в космосе"


def measure(results: Results, quick: bool) -> None:
    """A prompt alone in each precision, then users by their number."""
    for precision in cpu_precisions():
        load = partial(Pipeline.load, "mini", "cpu", precision)
        whole, first = _prompt(engine(load))
        results.row(
            f"mini: prompt → 4 stickers, {precision}",
            f"{whole:.2f} s, first progress after {first:.2f} s",
            "4 s, 0.5 s",
        )
    users(results, (1, 8) if quick else (1, 2, 4, 8, 16))


def _prompt(scheduler: Scheduler) -> tuple[float, float]:
    """Median seconds until all four stickers are there, and until the first progress.

    From a warm engine that has nothing else to do, and as many slots as it always has.
    """
    firsts: list[float] = []

    def once() -> None:
        task = Task(Request("1", PROMPT, 4, seed=1))
        firsts.append(seconds_to_first_code(scheduler, task))
        task.ended.wait()

    times = [seconds(once) for _ in range(ROUNDS + 1)][1:]
    return statistics.median(times), statistics.median(firsts[1:])


def users(results: Results, numbers: tuple[int, ...], count: int = 2) -> None:
    """Throughput of so many users at once, with `count` images each, against one at a time."""
    scheduler = engine(lambda: Pipeline.load("mini", "cpu"))
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
