"""The engine's own scheduler with a clock in place of a model: who waits how long.

`worker.engine.scheduler` itself decides which image enters which slot, and when; how long the work
takes was measured before.  So hours of drawing at the published size are played in a second.

As on a CPU, pictures are finished beside the steps by the same cores: while there is work for both,
each gets half of them.  Left out is what takes milliseconds: Redis, RQ's forks.
"""

from collections import deque
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import torch

from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes
from emojich_core.pipeline import Drawing, Pipeline
from emojich_core.request import Candidate, Reading
from worker.engine.scheduler import Scheduler
from worker.engine.task import Task


@dataclass(frozen=True)
class Costs:
    """Seconds of each piece of work by all cores, and how many codes an image has."""

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
    engine = TimedEngine(costs, slots)
    queue, at_work, ends = deque(arrivals), list[Task](), dict[str, float]()
    while queue or at_work:
        if not at_work:
            engine.now = max(engine.now, queue[0].time)
        while queue and len(at_work) < requests and queue[0].time <= engine.now:
            at_work.append(queue.popleft().task)
            engine.scheduler.put(at_work[-1])
        engine.work()
        ends |= {task.request.id: engine.now for task in at_work if task.ended.is_set()}
        at_work = [task for task in at_work if not task.ended.is_set()]
    return [ends[each.task.request.id] for each in arrivals]


class TimedEngine:
    """A scheduler whose two threads are played in one."""

    def __init__(self, costs: Costs, slots: int):
        self.now = 0.0
        self._costs = costs
        self._picture = costs.finish  # work that is left on the next one
        self._pipeline = TimedPipeline(costs)
        self.scheduler = Scheduler(cast(Pipeline, self._pipeline), slots)

    def work(self) -> None:
        """A step, and as much work on a picture; without anything to draw, that alone."""
        finishes = self.scheduler.has_decoded
        share = self._costs.step
        if not self.scheduler.is_idle:
            before = self._pipeline.spent
            self.scheduler.step()
            share = self._pipeline.spent - before
            self.now += share
        if finishes:
            share = min(share, self._picture)
            self.now += share
            self._picture -= share
        while self.scheduler.has_decoded and self._picture <= 0:
            self.scheduler.finish()
            self._picture = self._costs.finish


class TimedSlots:
    """What the scheduler asks of `emojich_core.inference.slots.Slots`."""

    def __init__(self, count: int, pipeline: "TimedPipeline"):
        self.count, self.length = count, pipeline.costs.codes
        self._pipeline = pipeline
        self._seeds, self._decoded = [0] * count, [0] * count

    def enter(self, slot: int, prefill: object, seed: int, *settings: object) -> None:
        """Start an image."""
        self._seeds[slot], self._decoded[slot] = seed, 0

    def leave(self, slot: int) -> None:
        """Nothing is kept."""

    def step(self) -> None:
        """All slots go a step, empty ones too."""
        self._pipeline.spent += self._pipeline.costs.step
        self._decoded = [codes + 1 for codes in self._decoded]

    def decoded(self, slot: int) -> int:
        """How many codes of a slot's image are decoded."""
        return self._decoded[slot]

    def image(self, slot: int) -> ImageCodes:
        """An image that is like no other."""
        return ImageCodes(torch.tensor([self._seeds[slot]]), self._seeds[slot], 1.0)


class TimedPipeline:
    """What the scheduler asks of `emojich_core.pipeline.Pipeline`, and what that takes."""

    finish_batch = 1  # as on a CPU

    def __init__(self, costs: Costs):
        self.costs = costs
        self.spent = 0.0  # seconds of texts and steps
        self.bundle = SimpleNamespace(sampling=Sampling())

    def slots(self, count: int) -> TimedSlots:
        """So many empty slots."""
        return TimedSlots(count, self)

    def read(self, prompt: str) -> Reading:
        """What to draw: the prompt."""
        return Reading(prompt)

    def prefill(self, prompt: str, image_prompt: object) -> list[None]:
        """Compute a text, in the only style."""
        self.spent += self.costs.text
        return [None]

    def likeness(self, codes: object) -> None:
        """No image is to be like another."""

    def finish(self, images: list[ImageCodes]) -> list[Drawing]:
        """Finish images; what that takes is counted by the engine, beside its steps."""
        nothing: Any = None
        return [
            Drawing(Candidate(0, image.seed, 1.0, "unet"), nothing, b"", image.codes)
            for image in images
        ]
