"""The real scheduler with a simulated model and clock: how long each request waits.

`worker.engine.scheduler` itself decides which image enters which slot, and when; the costs are
measured.  So hours at the published size are simulated in a second.

As on a CPU, the same cores finish images and decode steps: while there is work for both, each gets
half of them.  Redis and RQ's forks, which take milliseconds, are left out.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import torch

from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes, Prefill
from emojich_core.pipeline import Drawing, Pipeline
from emojich_core.request import Candidate, Reading
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler


@dataclass(frozen=True)
class Costs:
    """Seconds of each piece of work by all cores, and how many codes an image has."""

    text: float  # of a request
    step: float  # of all slots; it depends neither on the images in them nor on the position
    finish: float  # from the codes of an image to its sticker
    codes: int


@dataclass(frozen=True)
class Arrival:
    """A task, and when a user requests it."""

    time: float
    task: Task


def simulate(costs: Costs, slots: int, requests: int, arrivals: list[Arrival]) -> list[float]:
    """The times in seconds at which the stickers of each arrival are ready.

    The engine has `slots` slots, and at most `requests` requests at once, one for each RQ worker:
    later arrivals wait in the queue.
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
    """A scheduler whose two threads are simulated in one."""

    def __init__(self, costs: Costs, slots: int):
        self.now = 0.0
        self._costs = costs
        self._picture = costs.finish  # work left on the next image
        self._pipeline = TimedPipeline(costs)
        self.scheduler = Scheduler(cast(Pipeline, self._pipeline), slots)

    def work(self) -> None:
        """Simulate a step, and as many seconds of finishing; only finishing if all is decoded."""
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
    """The part of `emojich_core.inference.slots.Slots` that the scheduler uses."""

    def __init__(self, count: int, pipeline: "TimedPipeline"):
        self.count, self.length = count, pipeline.costs.codes
        self._pipeline = pipeline
        self._seeds, self._decoded = [0] * count, [0] * count

    def enter(self, slot: int, prefill: object, seed: int, *settings: object) -> None:
        """Start an image."""
        self._seeds[slot], self._decoded[slot] = seed, 0

    def leave(self, slot: int) -> None:
        """Empty a slot: there is no memory to free."""

    def step(self) -> None:
        """Decode a code in every slot."""
        self._pipeline.spent += self._pipeline.costs.step
        self._decoded = [codes + 1 for codes in self._decoded]

    def decoded(self, slot: int) -> int:
        """How many codes of a slot's image are decoded."""
        return self._decoded[slot]

    def image(self, slot: int) -> ImageCodes:
        """An image that differs from all others."""
        return ImageCodes(torch.tensor([self._seeds[slot]]), self._seeds[slot], 1.0)


class TimedPipeline:
    """The part of `emojich_core.pipeline.Pipeline` that the scheduler uses, with its costs."""

    finish_batch = 1  # as on a CPU
    judge = None

    def __init__(self, costs: Costs):
        self.costs = costs
        self.spent = 0.0  # seconds of texts and steps
        self.bundle = SimpleNamespace(name="simulated", sampling=Sampling())

    def slots(self, count: int) -> TimedSlots:
        """Empty slots."""
        return TimedSlots(count, self)

    def read(self, prompt: str) -> Reading:
        """The prompt itself."""
        return Reading(prompt)

    images = Pipeline.images

    def prefill(self, prompts: Sequence[str], image_prompt: object = None) -> list[Prefill]:
        """Count the time of a text; the bundle has one style."""
        self.spent += self.costs.text
        return [Prefill(torch.empty(0), [], torch.empty(0))]

    def similar_to(self, codes: object) -> None:
        """Return no image prompt: no request is similar to another."""

    def sketch_seconds(self, codes: int) -> float:
        """Infinity, so that there are no sketches."""
        return math.inf

    def finish(self, images: list[ImageCodes]) -> list[Drawing]:
        """Finish images; TimedEngine counts the time."""
        nothing: Any = None
        return [
            Drawing(Candidate(0, image.seed, 1.0, "unet"), nothing, b"", image.codes)
            for image in images
        ]
