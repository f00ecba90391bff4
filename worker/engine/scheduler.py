"""Which image is drawn in which slot: continuous batching over the requests of many people.

Images enter and leave the batch between two steps.  A free slot goes to the request that has the
fewest, so nobody waits behind someone else's many.  What has been drawn is finished (decoded,
sharpened, cut out, packed) by a thread of its own, while the others go on.
"""

import gc
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from traceback import clear_frames

from emojich_core.inference.memory import OutOfMemory
from emojich_core.inference.retries import Variety
from emojich_core.inference.slots import Beginning, Drawn, ImagePrompt, Slots, of_seed
from emojich_core.pipeline import Drawing, Pipeline
from emojich_core.request import MAX_SEED, InvalidRequest, Reading
from worker.engine.task import Task
from worker.engine.threads import in_brief_thread
from worker.queue.events import Failed, Finished
from worker.queue.results import Sticker

DRAWN = 0.8  # share of the progress bar that drawing the codes takes; the rest is for the finish
AGAIN = 0.2  # of that, what is kept for the rounds after the first; of theirs, after the second …

log = logging.getLogger("emojich.scheduler")


@dataclass
class Job:
    """A task that has begun."""

    task: Task
    reading: Reading
    beginnings: list[Beginning]  # of the prompt in each style: see `of_seed`
    image_prompt: ImagePrompt | None
    variety: Variety
    waiting: list[int]  # seeds of the images that have no slot yet
    slots: dict[int, int] = field(default_factory=dict)  # slot → seed
    round: list[Drawn] = field(default_factory=list)  # images that `variety` has yet to look at
    left: float = 1.0  # share of the drawing; only the thread that draws writes it
    drawings: list[Drawing] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.task.cancelled or self.task.ended.is_set()

    @property
    def drawn(self) -> bool:
        """Whether there is nothing left to do but to finish."""
        return not self.waiting and not self.slots

    def reckon(self, under_way: float) -> None:
        """Count what is left to draw, with so many images' worth of codes in the slots."""
        to_draw = len(self.round) + len(self.slots) + len(self.waiting)
        if not to_draw:
            self.left = 0.0
            return
        done = (len(self.round) + under_way) / to_draw
        self.left = AGAIN**self.variety.round * (1 - (1 - AGAIN) * done)

    def report(self) -> None:
        """Tell how far it is: never less than before, unless it began anew for want of memory."""
        finished = len(self.drawings) / self.task.request.count
        self.task.fraction = DRAWN * (1 - self.left) + (1 - DRAWN) * finished


class Scheduler:
    """Draws tasks in so many slots, with two threads: one draws, one finishes."""

    def __init__(self, pipeline: Pipeline, slots: int):
        self._pipeline = pipeline
        self._slots = self._as_many_slots(slots)
        self._free = list(range(self._slots.count))
        self._new: queue.SimpleQueue[Task | None] = queue.SimpleQueue()  # None: see `_spare_memory`
        self._spared: queue.SimpleQueue[bool] = queue.SimpleQueue()  # the answer to a None
        self._jobs: list[Job] = []
        self._drawn: queue.SimpleQueue[tuple[Job, Drawn]] = queue.SimpleQueue()
        self._at_once = pipeline.finish_batch  # so many images are finished together
        self._length = pipeline.bundle.transformer.image_seq_length

    def start(self) -> None:
        """Begin to work, for as long as the process lives."""
        for work in (self.turn, self.finish):
            threading.Thread(target=self._repeat, args=(work,), daemon=True).start()

    def _repeat(self, work: Callable[[], None]) -> None:
        try:
            while True:
                work()
        except Exception:  # no request's fault: a new engine tries them all again
            log.exception("the engine cannot go on")
            os._exit(1)

    def put(self, task: Task) -> None:
        """Take a task on; it ends by its `ended`."""
        self._new.put(task)

    # --- The thread that draws --------------------------------------------------------------------

    def turn(self) -> None:
        """Let in who has come, and go a step; with nothing at all to do, wait for somebody."""
        self._admit()
        self._drop()
        self._fill()
        if len(self._free) < self._slots.count:
            self._step()

    def _admit(self) -> None:
        """Begin what has come in; with nothing else to do, wait for it."""
        for task in self._arrived():
            if task is None:
                self._spared.put(self._shrink())
            else:
                self._begin(task)

    def _arrived(self) -> Iterator[Task | None]:
        if not self._jobs:
            yield self._new.get()
        while not self._new.empty():
            yield self._new.get()

    def _begin(self, task: Task) -> None:
        if task.cancelled:
            return
        request = task.request
        seeds = [(request.seed + i) % (MAX_SEED + 1) for i in range(request.count)]
        try:
            reading = self._pipeline.read(request.prompt)
            image_prompt = self._pipeline.likeness(request.like)
            beginnings = self._pipeline.begin(reading.prompt, image_prompt)
        except InvalidRequest as error:
            log.info("request %s: %s", request.id, error.reason)
            task.outcome = Failed(request.id, error.reason), []
            task.ended.set()
        except Exception as error:
            clear_frames(error.__traceback__)  # else it holds on to what filled the memory
            if isinstance(error, OutOfMemory) and self._shrink():
                self._new.put(task)
            else:
                self._blame(task, error)
        else:
            sampling = self._pipeline.bundle.sampling
            bold = replace(sampling, temperature=sampling.temperature * request.boldness)
            variety = Variety(bold, request.like)
            self._jobs.append(Job(task, reading, beginnings, image_prompt, variety, seeds))

    def _drop(self) -> None:
        """Free the slots of those who have gone, and forget whose images are all drawn."""
        for job in [job for job in self._jobs if job.over or job.drawn]:
            if job.task.cancelled:
                log.info("request %s: cancelled", job.task.request.id)
            self._release(job, list(job.slots))
            self._jobs.remove(job)

    def _fill(self) -> None:
        while self._free and (waiting := [job for job in self._jobs if job.waiting]):
            job = min(waiting, key=lambda job: len(job.slots))
            self._jobs.remove(job)
            self._jobs.append(job)  # of equals, the next to be served is who waits longest
            slot = self._free.pop(0)
            job.slots[slot] = job.waiting.pop(0)
            self._do(partial(self._enter, job, slot))

    def _enter(self, job: Job, slot: int) -> None:
        seed = job.slots[slot]
        sampling = job.variety.sampling(seed)
        beginning = of_seed(job.beginnings, seed)
        self._slots.enter(slot, beginning, seed, sampling, job.image_prompt)

    def _step(self) -> None:
        self._do(self._draw)
        for job in self._jobs:
            if job.drawn:
                self._end_round(job)
            job.reckon(sum(map(self._slots.number, job.slots)) / self._length)
            job.report()

    def _end_round(self, job: Job) -> None:
        for image in job.variety.sift(job.round):
            self._drawn.put((job, image))
        job.round.clear()
        job.waiting = job.variety.next_round()

    def _draw(self) -> None:
        """Go a step, and take out the images that are complete."""
        self._slots.step()
        for job in self._jobs:
            for slot in [slot for slot in job.slots if self._slots.number(slot) == self._length]:
                job.round.append(self._slots.drawn(slot))
                self._release(job, [slot])

    def _do(self, work: Callable[[], None]) -> None:
        """Work on the slots; where memory does not suffice for so many, go on with fewer."""
        if not _memory_sufficed(work) and not self._shrink():
            [job] = [job for job in self._jobs if job.slots]
            fail(job.task, OutOfMemory("not even for one slot"))
            self._drop()

    def _release(self, job: Job, slots: list[int]) -> None:
        for slot in slots:
            self._slots.leave(slot)
            del job.slots[slot]
        self._free = sorted([*self._free, *slots])

    def _shrink(self) -> bool:
        """Memory lacks: go on with half of the slots.  False when there is one only."""
        half = self._slots.count // 2
        if not half:
            return False
        for job in self._jobs:  # from the start; they draw the same as far as `Slots` says
            job.waiting = [*job.slots.values(), *job.waiting]
            job.slots.clear()
        del self._slots
        self._slots = self._as_many_slots(half)
        self._free = list(range(self._slots.count))
        log.error("out of memory: %s slots from now", self._slots.count)
        return True

    def _as_many_slots(self, count: int) -> Slots:
        """So many slots, or half as many, or a quarter …; raises OutOfMemory for want of one."""
        while True:
            gc.collect()  # compiled work and its slots know each other; new ones need their memory
            try:
                return self._pipeline.slots(count)
            except OutOfMemory:
                if count == 1:
                    raise
            count //= 2

    def _blame(self, task: Task, error: Exception) -> None:
        """End a task by whose fault something failed, and no other's: not even the device's."""
        if not isinstance(error, OutOfMemory):
            self._pipeline.check()
        fail(task, error)

    # --- The thread that finishes -----------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to draw."""
        return not self._jobs and self._new.empty()

    @property
    def has_drawn(self) -> bool:
        """Whether there are images to finish."""
        return not self._drawn.empty()

    def finish(self) -> None:
        """Finish as many images as go at once; waits until there is one."""
        images = [self._drawn.get()]
        while self.has_drawn and len(images) < self._at_once:
            images.append(self._drawn.get())
        in_brief_thread(partial(self._finish, images))

    def _finish(self, images: list[tuple[Job, Drawn]]) -> None:
        images = [(job, image) for job, image in images if not job.over]
        if not images:
            return
        try:
            drawings = self._pipeline.finish([image for _, image in images])
        except Exception as error:
            clear_frames(error.__traceback__)  # else it holds on to what filled the memory
            self._finish_despite(error, images)
            return
        for (job, _), drawing in zip(images, drawings, strict=True):
            job.drawings.append(drawing)
            job.report()
            if len(job.drawings) == job.task.request.count:
                self._end(job)

    def _finish_despite(self, error: Exception, images: list[tuple[Job, Drawn]]) -> None:
        """Finish images after an error: fewer at once, and a single one with more memory."""
        memory_lacks, half = isinstance(error, OutOfMemory), len(images) // 2
        if half:  # whose fault it is will be seen
            if memory_lacks:
                self._at_once = half
                log.error("out of memory: %s images at once are finished from now", half)
            for first in range(0, len(images), half):
                self._finish(images[first : first + half])
        elif memory_lacks and self._spare_memory():
            self._finish(images)
        else:
            [(job, _)] = images
            self._blame(job.task, error)

    def _spare_memory(self) -> bool:
        """Have the thread that draws give up slots, and wait for it; False when it has but one."""
        self._new.put(None)
        return self._spared.get()

    def _end(self, job: Job) -> None:
        """All images of a request are there: the best first."""
        best = sorted(job.drawings, key=lambda drawing: drawing.candidate.perplexity)
        candidates = tuple(
            replace(drawing.candidate, number=number) for number, drawing in enumerate(best)
        )
        stickers = [Sticker(each.sticker, tuple(each.codes.tolist())) for each in best]
        task = job.task
        unknown, instead = job.reading.unknown, job.reading.instead
        task.outcome = Finished(task.request.id, candidates, unknown, instead), stickers
        task.ended.set()


def _memory_sufficed(work: Callable[[], None]) -> bool:
    """Do it.  When this returns, the error no longer holds on to what it was about."""
    try:
        work()
    except OutOfMemory:
        return False
    return True


def fail(task: Task, error: Exception) -> None:
    """End a task that cannot be drawn: as its outcome says already, or because memory lacks."""
    log.error("request %s: failed", task.request.id, exc_info=error)
    if isinstance(error, OutOfMemory):
        task.outcome = Failed(task.request.id, "memory"), []
    task.ended.set()
