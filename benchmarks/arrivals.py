"""Requests that arrive at random times: images an hour, and how long each user waits.

    python -m benchmarks.arrivals      # on `mini`: the engine itself beside its simulation

16 users request 2 images each.  They arrive by a Poisson process, on average one in a sixteenth of
the time that an image takes: most users arrive while the engine draws for others, and few at once.
The time runs from the first request to the last sticker, so that slots are empty at both ends.

At the published size this would take an hour, and with ru-dalle days, so it is simulated from
measured times (see `simulation.py`).  On `mini` the real engine draws, too, for comparison.
"""

import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch

from benchmarks.results import Results
from benchmarks.simulation import Arrival, Costs, simulate
from benchmarks.stages import published_stages, some_codes
from benchmarks.steps import measure, text_seconds
from benchmarks.timing import CPU, median
from benchmarks.users import engine, tasks
from emojich_core.inference.precision import Precision
from emojich_core.inference.slots import ImageCodes
from emojich_core.pipeline import CPU_SLOTS, Pipeline
from emojich_core.request import MAX_BOLDNESS
from worker.config import REQUESTS
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler
from worker.engine.threads import in_brief_thread
from worker.queue.events import Finished

USERS, COUNT, SEED = 16, 2, 1
PROCESS = f"a Poisson process, seed {SEED}, on average {USERS} in the time that an image takes"


@dataclass(frozen=True)
class Outcome:
    """The result of one run."""

    seconds: float  # from the first request to the last sticker
    waited: float  # seconds, the median over users

    @classmethod
    def of(cls, arrivals: list[Arrival], ends: list[float]) -> "Outcome":
        """The outcome of requests whose stickers are ready at `ends`, in seconds."""
        waited = [end - arrival.time for arrival, end in zip(arrivals, ends, strict=True)]
        return cls(max(ends) - arrivals[0].time, statistics.median(waited))

    @property
    def images_an_hour(self) -> float:
        """Images an hour, of all users together."""
        return 3600 * USERS * COUNT / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.images_an_hour:.0f} images an hour, the last has theirs after "
            f"{self.seconds:.0f} s, half of them wait no more than {self.waited:.0f} s"
        )


def arrivals(costs: Costs) -> list[Arrival]:
    """The requests of all users, by a Poisson process with a fixed seed."""
    chance, now = random.Random(SEED), 0.0
    every = costs.codes * costs.step / USERS
    users = []
    for task in tasks(USERS, COUNT):
        # At a high temperature, because `mini` would repeat itself, and repeats are retried.
        users.append(Arrival(now, Task(replace(task.request, boldness=MAX_BOLDNESS))))
        now += chance.expovariate(1 / every)
    return users


def on_mini(results: Results) -> None:
    """Run the engine on `mini`, and simulate it from times measured just before."""
    costs = in_brief_thread(costs_on_mini)
    users = arrivals(costs)
    real = Outcome.of(users, run_on_engine(engine(lambda: Pipeline.load("mini", "cpu")), users))
    guess = _simulated(costs, CPU_SLOTS, REQUESTS)
    results.row(f"mini: {USERS} users at random times, {COUNT} images each", str(real))
    results.row("mini: the same, simulated", f"{guess}; {guess.seconds / real.seconds:.2f} times")


@torch.no_grad()
def costs_on_mini() -> Costs:
    """Measured costs with as many slots as the engine has on a CPU."""
    pipeline = Pipeline.load("mini", "cpu")
    model = pipeline.transformer
    step = measure(model, CPU_SLOTS).whole
    length = model.config.image_seq_length
    return Costs(text_seconds(model), step, finish_seconds(pipeline), length)


def run_on_engine(scheduler: Scheduler, users: list[Arrival]) -> list[float]:
    """Send the requests to the engine as RQ workers do; returns when each user has stickers."""
    start = time.monotonic()

    def draw(arrival: Arrival) -> float:
        time.sleep(max(0.0, start + arrival.time - time.monotonic()))
        scheduler.put(arrival.task)
        arrival.task.ended.wait()
        assert isinstance(arrival.task.outcome[0], Finished)
        return time.monotonic() - start

    with ThreadPoolExecutor(REQUESTS) as pool:
        return list(pool.map(draw, users))


def at_full_size(results: Results, precision: Precision, known: dict[str, float]) -> None:
    """Simulate the published size: the engine with its default slots on a CPU, and with more.

    `known` holds the measured numbers of steps, the text, and ru-dalle.
    """
    finish = finish_seconds(published_stages(CPU))
    results.row("full: from the codes of an image to its sticker", f"{finish:.1f} s", "3 s")
    whole = known["text_s"] + 1024 * known["step_of_4_s"] + 4 * finish
    results.row(
        f"full: prompt → 4 stickers, {precision}, from these times", f"{whole:.0f} s", "80 s"
    )
    for slots, requests in ((CPU_SLOTS, REQUESTS), (USERS * COUNT, USERS)):
        costs = Costs(known["text_s"], known[f"step_of_{slots}_s"], finish, codes=1024)
        ours = _simulated(costs, slots, requests)
        what = f"full: {USERS} users at random times, {COUNT} images each, {precision}, simulated"
        results.row(f"{what}, {slots} slots for {requests} of them at once", str(ours))
        users = arrivals(costs)
        theirs = Outcome.of(users, one_by_one(known["full_reference_two_s"], users))
        results.row(
            f"full: the same, ru-dalle, codes alone, one user at a time, {slots} slots ours",
            f"{theirs}; ours {ours.images_an_hour / theirs.images_an_hour:.0f} times",
            "80 times" if slots == USERS * COUNT else "",
        )


def _simulated(costs: Costs, slots: int, requests: int) -> Outcome:
    users = arrivals(costs)
    return Outcome.of(users, simulate(costs, slots, requests, users))


def one_by_one(seconds: float, users: list[Arrival]) -> list[float]:
    """The times at which users have images if requests are drawn one after another."""
    ends, free = [], 0.0
    for user in users:
        free = max(free, user.time) + seconds
        ends.append(free)
    return ends


def finish_seconds(pipeline: Pipeline) -> float:
    """Seconds from the codes of an image to its sticker."""
    [codes] = some_codes(pipeline, 1)
    return median(lambda: pipeline.finish([ImageCodes(codes, 1, 1.0)]), 3)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    on_mini(Results())
