"""From prompts to finished stickers on the shipped bundle: one user, many users."""

import statistics

from benchmarks.first_code import seconds_to_first_code
from benchmarks.results import Curve, Results
from benchmarks.timing import seconds
from benchmarks.users import draw, engine, tasks
from emojich_core.inference.precision import Precision
from emojich_core.pipeline import Pipeline
from emojich_core.request import Request
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler

ROUNDS = 3
PROMPT = "кот в космосе"


def one_user(results: Results, precision: Precision) -> None:
    """Measure one prompt from a single user."""
    whole, first = _prompt(engine(lambda: Pipeline.load("mini", "cpu", precision)))
    results.row(
        f"mini: prompt → 4 stickers, {precision}",
        f"{whole:.2f} s, first progress after {first:.2f} s",
        "2 s, 0.5 s",
    )


def _prompt(scheduler: Scheduler) -> tuple[float, float]:
    """Median seconds until all four stickers are ready, and until the first progress.

    The engine is warm, has its default slots, and no other requests.
    """
    firsts: list[float] = []

    def once() -> None:
        task = Task(Request("1", PROMPT, 4, seed=1))
        firsts.append(seconds_to_first_code(scheduler, task))
        task.ended.wait()

    times = [seconds(once) for _ in range(ROUNDS + 1)][1:]
    return statistics.median(times), statistics.median(firsts[1:])


def many_users(results: Results, numbers: tuple[int, ...], count: int = 2) -> None:
    """Measure the throughput of `numbers` users at once, `count` images each, against one by one.

    Both draw the same requests, in turn.
    """
    scheduler = engine(lambda: Pipeline.load("mini", "cpu"))
    draw(scheduler, tasks(1, count))
    rounds = [_round(scheduler, numbers, count) for _ in range(ROUNDS)]
    alone, together = (
        {n: statistics.median(each[way][n] for each in rounds) for n in numbers} for way in (0, 1)
    )
    gain = alone[8] / together[8]
    results.numbers["users8_over_users1"] = gain
    results.row(
        f"mini: 8 users at once, {count} images each",
        f"{together[8]:.1f} s, one at a time {alone[8]:.1f} s: {gain:.2f} times the throughput",
        "3 times",
    )
    results.curves.append(Curve("at once", list(together.items()), of="users"))
    results.curves.append(Curve("one at a time", list(alone.items()), of="users"))


def _round(
    scheduler: Scheduler, numbers: tuple[int, ...], count: int
) -> tuple[dict[int, float], dict[int, float]]:
    """Seconds until n users have their stickers, by n: one user at a time, and all at once."""
    each = [draw(scheduler, [task]) for task in tasks(max(numbers), count)]
    alone = {n: sum(each[:n]) for n in numbers}
    return alone, {n: draw(scheduler, tasks(n, count)) for n in numbers}
