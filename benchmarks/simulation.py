"""The engine's own scheduler with a clock in place of a model: who waits how long.

Which image enters which slot, and when, is decided by `worker.scheduler` itself; what the work
takes was measured before.  So hours of drawing at the published size are played in a second.

As on a CPU, the pictures are finished by the same cores that go the steps: in the thread of the
simulation the one waits for the other.  Left out is what takes milliseconds: Redis, RQ's forks.
"""

from collections import deque
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import torch

from emojich_core.generation import Drawn, Sampling
from emojich_core.pipeline import Drawing, Pipeline
from emojich_core.request import Candidate
from worker.scheduler import Scheduler
from worker.task import Task


@dataclass(frozen=True)
class Costs:
    """Seconds of each piece of work, and how many codes an image has."""

    text: float  # of a request
    step: float  # of all slots; it depends neither on who is in them nor on the position
    finish: float  # from the codes of an image to its sticker
    codes: int


@dataclass(frozen=True)
class Arrival:
    """A task, and when somebody asks for it."""

    time: float
    task: Task


def simulate(costs: Costs, slots: int, requests: int, arrivals: list[Arrival]) -> list[float]:
    """When each has its stickers, in seconds.

    The engine has so many slots, and as many requests at once as there are RQ workers: who comes
    then waits in the queue for one that has ended.
    """
    clock = Clock()
    scheduler = Scheduler(cast(Pipeline, TimedPipeline(costs, clock)), slots)
    queue, drawn, ends = deque(arrivals), list[Arrival](), dict[str, float]()
    while queue or drawn:
        if not drawn:
            clock.now = max(clock.now, queue[0].time)
        while queue and len(drawn) < requests and queue[0].time <= clock.now:
            drawn.append(queue.popleft())
            scheduler.put(drawn[-1].task)
        scheduler.turn()
        while scheduler.has_drawn:
            scheduler.finish()
        ended = [each.task for each in drawn if each.task.ended.is_set()]
        ends |= {task.request.id: clock.now for task in ended}
        drawn = [each for each in drawn if each.task not in ended]
    return [ends[each.task.request.id] for each in arrivals]


@dataclass
class Clock:
    """The time in the simulation."""

    now: float = 0.0


class TimedSlots:
    """What the scheduler asks of `emojich_core.generation.Slots`."""

    def __init__(self, count: int, costs: Costs, clock: Clock):
        self.count = count
        self._costs, self._clock = costs, clock
        self._seeds, self._numbers = [0] * count, [0] * count

    def enter(self, slot: int, beginning: object, seed: int, *settings: object) -> None:
        """Start an image."""
        self._seeds[slot], self._numbers[slot] = seed, 0

    def leave(self, slot: int) -> None:
        """Nothing is kept."""

    def step(self) -> None:
        """All go a step, empty slots too."""
        self._clock.now += self._costs.step
        self._numbers = [number + 1 for number in self._numbers]

    def number(self, slot: int) -> int:
        """How many codes the image of a slot has."""
        return self._numbers[slot]

    def drawn(self, slot: int) -> Drawn:
        """An image that is like no other."""
        return Drawn(torch.tensor([self._seeds[slot]]), self._seeds[slot], 1.0)


class TimedPipeline:
    """What the scheduler asks of `emojich_core.pipeline.Pipeline`."""

    finish_batch = 1  # as on a CPU

    def __init__(self, costs: Costs, clock: Clock):
        self._costs, self._clock = costs, clock
        transformer = SimpleNamespace(image_seq_length=costs.codes)
        self.bundle = SimpleNamespace(transformer=transformer, sampling=Sampling())

    def slots(self, count: int) -> TimedSlots:
        """So many empty slots."""
        return TimedSlots(count, self._costs, self._clock)

    def begin(self, prompt: str) -> None:
        """Compute a text."""
        self._clock.now += self._costs.text

    def likeness(self, codes: object) -> None:
        """No image is to be like another."""

    def finish(self, images: list[Drawn]) -> list[Drawing]:
        """Finish images."""
        self._clock.now += self._costs.finish * len(images)
        nothing: Any = None
        return [
            Drawing(Candidate(0, image.seed, 1.0, "unet"), nothing, b"", image.codes)
            for image in images
        ]
