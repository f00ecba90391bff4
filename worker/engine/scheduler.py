"""Continuous batching: the scheduler gives the slots of one batch to the images of many requests.

Images enter and leave the batch between two steps.  A free slot goes to the request with the fewest
slots, so no request waits behind a large one.  A second thread finishes images whose codes are all
decoded (pixels, sharpening, cutting out, WebP), while the first decodes the others.

With a `best_of` above 1, and where its user wants it drawn `longer`, a request has extra images, of
which the best become stickers.  They take slots that would be idle, and give them up at once when
another of the engine's requests needs one; a request that has waited for EXTRA_WAIT competes for
slots with all of its images.

Between two steps a request that takes long gets a sketch: a picture of its images so far.
"""

import gc
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from traceback import clear_frames

from emojich_core.image_file import open_square
from emojich_core.inference.image_request import ImageRequest
from emojich_core.inference.memory import OutOfMemory
from emojich_core.inference.slots import ImageCodes, ImagePrompt, Slots
from emojich_core.pipeline import Drawing, Pipeline, numbered
from emojich_core.request import InvalidRequest, Reading
from worker.engine import metrics
from worker.engine.protocol import Task
from worker.engine.sketches import Sketches
from worker.engine.threads import in_brief_thread
from worker.queue.events import Failed, Finished
from worker.queue.results import Sticker

EXTRA_WAIT = 60  # seconds; without it extra images could wait forever
JUDGE = "ruCLIP"  # the only kind of judge

log = logging.getLogger("emojich.scheduler")


@dataclass
class Job:
    """A task that is being drawn, with its images."""

    task: Task
    reading: Reading
    images: ImageRequest
    drawings: dict[int, Drawing] = field(default_factory=dict)  # by seed
    scores: list[float] | None = None  # the judge's, of the shortlist
    began: float = field(default_factory=time.monotonic)
    sketches: Sketches = field(default_factory=Sketches)

    def can_wait(self, seed: int) -> bool:
        """Whether an image may wait until no other request needs its slot."""
        return self.images.can_wait(seed) and time.monotonic() - self.began < EXTRA_WAIT

    def best(self) -> list[ImageCodes]:
        """The images that become stickers, best first."""
        return self.images.best(self.scores)

    @property
    def is_over(self) -> bool:
        """Whether its user has cancelled it, or it has ended."""
        return self.task.cancelled or self.task.ended.is_set()

    def report(self) -> None:
        """Publish its progress."""
        self.task.fraction = self.images.progress(finished=len(self.drawings))


class Scheduler:
    """Runs tasks in `slots` slots with two threads: one decodes codes, one finishes images.

    `best_of` images are decoded for each sticker; where a judge can choose among them, LONGER times
    as many for a request that is to be drawn longer.
    """

    def __init__(self, pipeline: Pipeline, slots: int, best_of: int = 1):
        self._pipeline = pipeline
        self._best_of = best_of
        self.judged_per_minute = 0.0  # times `best_of`; see `ServedBundle`
        self._slots = self._allocate(slots)
        self._new: queue.SimpleQueue[Task | None] = queue.SimpleQueue()  # None: `_free_memory` asks
        self._halved: queue.SimpleQueue[bool] = queue.SimpleQueue()  # the answers to it
        self._jobs: list[Job] = []
        # Work of the second thread: finish an image, or with None choose the best images of a job.
        self._decoded: queue.SimpleQueue[tuple[Job, ImageCodes | None]] = queue.SimpleQueue()
        self._finish_batch = pipeline.finish_batch

    def start(self) -> None:
        """Start both threads; they run as long as the process."""
        for work in (self.step, self.finish):
            threading.Thread(target=self._repeat, args=(work,), daemon=True).start()

    def _repeat(self, work: Callable[[], None]) -> None:
        try:
            while True:
                work()
        except Exception:  # not the fault of one request: a new engine tries all again
            log.exception("the engine cannot go on")
            os._exit(1)

    def measure(self) -> None:
        """Measure `judged_per_minute`, before `start`, if there is a judge."""
        if self._pipeline.judge:
            seconds = self._pipeline.seconds_per_judged(self._slots)
            self.judged_per_minute = 60 / (seconds * self._best_of)

    def put(self, task: Task) -> None:
        """Accept a task; `task.ended` is set when it is done."""
        self._new.put(task)

    @property
    def slots_taken(self) -> int:
        """The number of slots that draw an image; any thread may call this."""
        return sum(len(job.images.slots) for job in tuple(self._jobs))

    # --- The thread that decodes ------------------------------------------------------------------

    def step(self) -> None:
        """Admit new tasks and decode one code in every slot; without any, wait for a task."""
        self._admit()
        self._remove_jobs()
        self._fill_slots()
        if any(job.images.slots for job in self._jobs):
            self._within_memory(self._decode_step)
            for job in self._jobs:
                job.report()
            self._sketch()

    def _admit(self) -> None:
        for task in self._arrived():
            if task is None:
                self._halved.put(self._halve_slots())
            elif not task.cancelled:
                self._begin(task)

    def _arrived(self) -> Iterator[Task | None]:
        if not self._jobs:
            yield self._new.get()
        while not self._new.empty():
            yield self._new.get()

    def _begin(self, task: Task) -> None:
        request = task.request
        try:
            reading = self._pipeline.read(request.prompt)
            best_of = request.drawn(judged=bool(self._pipeline.judge)) * self._best_of
            images = self._pipeline.images(
                request, reading, self._pipeline.bundle.sampling, self._image_prompt(task), best_of
            )
        except InvalidRequest as error:
            log.info("request %s: %s", request.id, error.reason)
            task.outcome = Failed(request.id, error.reason), []
            task.ended.set()
        except Exception as error:
            clear_frames(error.__traceback__)  # else the traceback holds the tensors in memory
            if isinstance(error, OutOfMemory) and self._halve_slots():
                self._new.put(task)
            else:
                self._fail_task(task, error)
        else:
            self._jobs.append(Job(task, reading, images))

    def _image_prompt(self, task: Task) -> ImagePrompt | None:
        """The image prompt of a task, if any; encoding a picture takes as long as a prefill."""
        request, pipeline = task.request, self._pipeline
        if request.image is None:
            return pipeline.similar_to(request.like)
        rows = request.image.rows(pipeline.bundle.transformer.image_tokens_per_dim)
        return pipeline.image_prompt(open_square(task.image), up=rows)

    def _remove_jobs(self) -> None:
        """Forget jobs that are over or wholly decoded, and free their slots."""
        for job in [job for job in self._jobs if job.is_over or job.images.is_decoded]:
            if job.task.cancelled:
                log.info("request %s: cancelled", job.task.request.id)
            job.images.leave(self._slots)
            self._jobs.remove(job)

    def _fill_slots(self) -> None:
        while waiting := [job for job in self._jobs if job.images.waiting]:
            needy = [job for job in waiting if not job.can_wait(job.images.waiting[0])]
            slot = self._free_slot(interrupt=bool(needy))
            if slot is None:
                return
            job = min(needy or waiting, key=lambda job: len(job.images.slots))
            self._jobs.remove(job)
            self._jobs.append(job)  # of jobs with equally many slots, the oldest is first
            self._within_memory(partial(self._enter, job, slot))

    def _free_slot(self, interrupt: bool) -> int | None:
        """An empty slot, or with `interrupt` else that of the least complete extra image."""
        used = [(slot, job) for job in self._jobs for slot in job.images.slots]
        if free := set(range(self._slots.count)).difference(slot for slot, _ in used):
            return min(free)
        extra = [(slot, job) for slot, job in used if job.can_wait(job.images.slots[slot])]
        if not interrupt or not extra:
            return None
        slot, job = min(extra, key=lambda pair: self._slots.decoded(pair[0]))
        job.images.interrupt(self._slots, slot)
        return slot

    def _enter(self, job: Job, slot: int) -> None:
        job.sketches.begin(time.monotonic())
        job.images.enter(self._slots, slot)  # not an argument: callers must not hold replaced slots

    def _decode_step(self) -> None:
        with metrics.STEP.time():
            self._slots.step()
        for job in self._jobs:
            selected = job.images.update(self._slots)
            if not job.images.is_chosen_at_the_end:
                for image in selected:
                    self._decoded.put((job, image))
            elif job.images.is_decoded:
                self._decoded.put((job, None))

    def _sketch(self) -> None:
        """Sketch the images of a request that is due, unless that would delay any too long."""
        now = time.monotonic()
        jobs = [job for job in self._jobs if job.images.slots and not job.is_over]
        due = [job for job in jobs if job.sketches.is_due(now, job.images.decoded_share)]
        if not due:
            return
        job = min(due, key=lambda job: job.sketches.count)
        codes = job.images.codes_so_far(self._slots)
        seconds = self._pipeline.sketch_seconds(sum(map(len, codes)))
        if not all(each.sketches.allows(now, seconds) for each in jobs):
            job.sketches.postpone(now)
            return
        try:
            picture = self._pipeline.sketch(codes)
        except Exception as error:  # a broken device shows at the next step
            clear_frames(error.__traceback__)  # else the traceback holds the tensors in memory
            log.warning("request %s: no more sketches", job.task.request.id, exc_info=error)
            job.sketches.stop()
        else:
            if picture:
                job.task.sketch = job.sketches.add(now), picture
            else:
                job.sketches.postpone(now)
        for each in jobs:
            each.sketches.delay(time.monotonic() - now)

    def _within_memory(self, work: Callable[[], None]) -> None:
        """Do work on the slots; when memory runs out, halve them, or fail the last request."""
        if not _memory_sufficed(work) and not self._halve_slots():
            [job] = [job for job in self._jobs if job.images.slots]
            fail(job.task, OutOfMemory("not even for one slot"))
            self._remove_jobs()

    def _halve_slots(self) -> bool:
        """Go on with half of the slots, to free memory; False when there is only one."""
        half = self._slots.count // 2
        if not half:
            return False
        for job in self._jobs:
            job.images.restart()  # draws the same images, within the limits that `Slots` names
        del self._slots
        gc.collect()  # as in `_allocate`
        self._slots = self._allocate(half)
        log.error("out of memory: %s slots from now", self._slots.count)
        return True

    def _allocate(self, count: int) -> Slots:
        """`count` slots, or half as many, or a quarter …; raises OutOfMemory if not even one."""
        while True:
            try:
                slots = self._pipeline.slots(count)
                self.slot_count = slots.count
                return slots
            except OutOfMemory:
                if count == 1:
                    raise
            count //= 2
            gc.collect()  # a compiled step and its slots refer to each other

    def _fail_task(self, task: Task, error: Exception) -> None:
        """Fail the task that caused an error; raises when the device itself is broken."""
        if not isinstance(error, OutOfMemory):
            self._pipeline.check()
        fail(task, error)

    # --- The thread that finishes -----------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to decode."""
        return not self._jobs and self._new.empty()

    @property
    def has_decoded(self) -> bool:
        """Whether there are images to finish."""
        return not self._decoded.empty()

    def finish(self) -> None:
        """Finish a batch of images; waits until there is one."""
        batch = [self._decoded.get()]
        while self.has_decoded and len(batch) < self._finish_batch:
            batch.append(self._decoded.get())
        for job, image in batch:
            if image is None:
                in_brief_thread(partial(self._choose, job))
        images = [(job, image) for job, image in batch if image is not None]
        in_brief_thread(partial(self._finish, images))

    def _choose(self, job: Job) -> None:
        """Have the best images of a job finished; where the bundle has a judge, it selects them."""
        if job.is_over:
            return
        try:
            if self._pipeline.judge:
                shortlist = job.images.shortlist()
                job.scores = self._pipeline.judge_images(job.task.request.prompt, shortlist)
        except Exception as error:
            clear_frames(error.__traceback__)  # else the traceback holds the tensors in memory
            if isinstance(error, OutOfMemory) and self._free_memory():
                self._choose(job)
            else:
                self._fail_task(job.task, error)
        else:
            for image in job.best():
                self._decoded.put((job, image))

    def _finish(self, images: list[tuple[Job, ImageCodes]]) -> None:
        images = [(job, image) for job, image in images if not job.is_over]
        if not images:
            return
        try:
            with metrics.FINISHING.time():
                drawings = self._pipeline.finish([image for _, image in images])
        except Exception as error:
            clear_frames(error.__traceback__)  # else the traceback holds the tensors in memory
            self._retry_finish(error, images)
            return
        for (job, image), drawing in zip(images, drawings, strict=True):
            job.drawings[image.seed] = drawing
            job.report()
            if len(job.drawings) == job.task.request.count:
                self._end(job)

    def _retry_finish(self, error: Exception, images: list[tuple[Job, ImageCodes]]) -> None:
        """Finish images after an error: fewer at once, and a single one with more memory."""
        out_of_memory, half = isinstance(error, OutOfMemory), len(images) // 2
        if half:  # smaller batches show which request causes the error
            if out_of_memory:
                self._finish_batch = half
                log.error("out of memory: %s images at once are finished from now", half)
            for first in range(0, len(images), half):
                self._finish(images[first : first + half])
        elif out_of_memory and self._free_memory():
            self._finish(images)
        else:
            [(job, _)] = images
            self._fail_task(job.task, error)

    def _free_memory(self) -> bool:
        """Have the thread that decodes halve its slots; False when it has only one."""
        self._new.put(None)
        return self._halved.get()

    def _end(self, job: Job) -> None:
        """End a request whose images are all finished."""
        drawings = numbered(job.drawings[image.seed] for image in job.best())
        candidates = tuple(drawing.candidate for drawing in drawings)
        stickers = [Sticker(each.sticker, tuple(each.codes.tolist())) for each in drawings]
        task = job.task
        reading, model = job.reading, self._pipeline.bundle.name
        judge = "" if job.scores is None else JUDGE
        end = Finished(task.request.id, candidates, reading.unknown, reading.instead, model, judge)
        task.outcome = end, stickers
        log.info("request %s: drawn in %.1f s", task.request.id, time.monotonic() - job.began)
        task.ended.set()


def _memory_sufficed(work: Callable[[], None]) -> bool:
    """Whether the work succeeds; when this returns, no traceback holds its tensors any more."""
    try:
        work()
    except OutOfMemory:
        return False
    return True


def fail(task: Task, error: Exception) -> None:
    """End a task without stickers; its outcome names memory if that ran out."""
    log.error("request %s: failed", task.request.id, exc_info=error)
    if isinstance(error, OutOfMemory):
        task.outcome = Failed(task.request.id, "memory"), []
    task.ended.set()
