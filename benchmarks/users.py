"""The gain of continuous batching on this machine: many users at once against one at a time.

    python benchmarks/users.py [--model mini] [--users 8] [--count 2] [--slots 8]

Every user requests `count` images.  One at a time, each request waits for the one before; at once,
the scheduler gets all of them together.  Medians of three rounds, the two in turn.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from emojich_core.inference.memory import reuse_freed_memory
from emojich_core.pipeline import Pipeline
from emojich_core.request import Request
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler
from worker.engine.threads import in_brief_thread
from worker.queue.events import Finished

ROUNDS = 3
PROMPTS = ("кот", "пицца", "ракета", "роза", "дом", "собака", "торт", "робот")


def engine(pipeline: Callable[[], Pipeline], slots: int | None = None) -> Scheduler:
    """A running scheduler in `slots` slots, by default all that fit; `pipeline` loads the models.

    As in an engine, no thread has computed in this process before.
    """

    def started() -> Scheduler:
        loaded = pipeline()
        scheduler = Scheduler(loaded, slots or loaded.slots_that_fit())
        scheduler.start()
        return scheduler

    reuse_freed_memory()
    return in_brief_thread(started)


def tasks(users: int, count: int) -> list[Task]:
    """A request of each user."""
    return [
        Task(Request(str(i), PROMPTS[i % len(PROMPTS)], count, seed=100 * i)) for i in range(users)
    ]


def draw(scheduler: Scheduler, together: list[Task]) -> float:
    """Seconds until all tasks have their stickers."""
    start = time.monotonic()
    for task in together:
        scheduler.put(task)
    for task in together:
        task.ended.wait()
        assert isinstance(task.outcome[0], Finished)
    return time.monotonic() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--count", type=int, default=2)
    parser.add_argument("--slots", type=int)
    arguments = parser.parse_args()
    users, count = arguments.users, arguments.count
    scheduler = engine(lambda: Pipeline.load(arguments.model), arguments.slots)
    draw(scheduler, tasks(1, count))  # warm
    alone, together = [], []
    for _ in range(ROUNDS):
        alone.append(sum(draw(scheduler, [task]) for task in tasks(users, count)))
        together.append(draw(scheduler, tasks(users, count)))
    a, b = statistics.median(alone), statistics.median(together)
    print(f"{users} users, {count} images each: {a:.1f} s one at a time, {b:.1f} s at once")
    print(f"{a / b:.2f} times the throughput; {users * count * 3600 / b:.0f} images an hour")


if __name__ == "__main__":
    main()
