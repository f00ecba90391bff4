"""Sketches of a real pipeline that is slow: what they show, what they cost, and what they leave."""

import logging
import time
from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageColor
from torch import Tensor

from emojich_core.inference.memory import OutOfMemory
from emojich_core.inference.slots import ImageCodes, Slots
from emojich_core.pipeline import Pipeline
from emojich_core.request import Request
from emojich_core.sketch import MAX_BYTES, PLAIN, WIDTH
from worker.engine import sketches
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler
from worker.engine.sketches import SHARE, SLOW, Sketches
from worker.queue.events import Finished

STEP = 0.05  # seconds that a step takes here; an image of the tiny bundle has 16


@pytest.fixture(scope="module")
def pipeline(tiny_bundle: Path) -> Pipeline:
    pipeline = Pipeline.load(str(tiny_bundle), "cpu")
    pipeline.warm_up(pipeline.slots(1))
    return pipeline


@pytest.fixture
def slow_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model takes as long for a step as one that is five thousand times its size."""
    step = Slots.step

    def slow(slots: Slots) -> None:
        time.sleep(STEP)
        step(slots)

    monkeypatch.setattr(Slots, "step", slow)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of half a second counts as slow; sketches follow sooner than each half of that."""
    monkeypatch.setattr(sketches, "SLOW", 0.5)
    monkeypatch.setattr(sketches, "INTERVAL", 0.15)
    monkeypatch.setattr(sketches, "PAUSE", 0.05)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sketches may take so much time that a busy machine makes them, too."""
    monkeypatch.setattr(sketches, "SHARE", 10.0)


class Sketched(Task):
    """A task that records its sketches."""

    def __init__(self, name: str, count: int = 4):
        self.sketches: list[tuple[int, bytes]] = []
        super().__init__(Request(id=name, prompt="кот", count=count, seed=7))

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "sketch" and self.sketch[0]:
            self.sketches.append(self.sketch)


def drawn(pipeline: Pipeline, *tasks: Task, slots: int = 4) -> None:
    """Run tasks, and wait for all of them."""
    scheduler = Scheduler(pipeline, slots)
    for each in tasks:
        scheduler.put(each)
    scheduler.start()
    for each in tasks:
        assert each.ended.wait(60)


def plain_share(picture: Image.Image) -> float:
    """The share of a cell's height that is plain, from below, in the first of four images."""
    plain, x = ImageColor.getrgb(PLAIN), 100
    rows = [picture.getpixel((x, y)) for y in range(252)]
    near = [max(abs(a - b) for a, b in zip(row, plain, strict=True)) < 12 for row in rows]  # type: ignore[arg-type]
    return near[::-1].index(False) / len(near) if False in near else 1.0


@pytest.mark.usefixtures("slow_steps", "soon", "free")
def test_slow_request_is_sketched_from_the_top(pipeline: Pipeline) -> None:
    task = Sketched("1")
    drawn(pipeline, task)
    assert len(task.sketches) >= 3
    assert [number for number, _ in task.sketches] == [*range(1, len(task.sketches) + 1)]
    pictures = []
    for _, file in task.sketches:
        assert len(file) <= MAX_BYTES
        pictures.append(Image.open(BytesIO(file)).convert("RGB"))
        assert pictures[-1].size == (WIDTH, WIDTH)
    first, last = pictures[0], pictures[-1]
    assert 0.7 < plain_share(first) <= 1  # no more than one of four rows
    assert plain_share(last) < plain_share(first)


@pytest.mark.usefixtures("slow_steps")
def test_stickers_are_the_same_with_and_without_sketches(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, sketched = Sketched("1"), Sketched("2")
    drawn(pipeline, plain)
    for name, value in {"SLOW": 0.5, "INTERVAL": 0.15, "PAUSE": 0.05, "SHARE": 10.0}.items():
        monkeypatch.setattr(sketches, name, value)
    drawn(pipeline, sketched)
    assert plain.sketches == []  # a second or two are not slow
    assert sketched.sketches != []
    assert isinstance(plain.outcome[0], Finished)
    assert isinstance(sketched.outcome[0], Finished)
    assert sketched.outcome[0].candidates == plain.outcome[0].candidates
    assert sketched.outcome[1] == plain.outcome[1]


@pytest.mark.usefixtures("slow_steps", "soon")
def test_sketches_take_no_more_than_their_share(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    sketch, spent = Pipeline.sketch, list[float]()

    def heavy(pipeline: Pipeline, images: Sequence[Tensor]) -> bytes:
        began = time.monotonic()
        picture = sketch(pipeline, images)
        time.sleep(0.0005 * sum(map(len, images)))
        if picture:
            spent.append(time.monotonic() - began)
        return picture

    monkeypatch.setattr(Pipeline, "sketch", heavy)
    monkeypatch.setattr(Pipeline, "sketch_seconds", lambda _, codes: 0.0006 * codes)
    tasks = [Sketched("1", count=3), Sketched("2", count=3)]
    began = time.monotonic()
    drawn(pipeline, *tasks, slots=3)
    seconds = time.monotonic() - began
    assert 1 <= len(spent) == sum(len(task.sketches) for task in tasks)
    # One may take longer than was foreseen; after that none is allowed for a while.
    assert sum(spent) <= SHARE * (seconds - sum(spent)) + max(spent)


def test_request_allows_sketches_within_its_share_only() -> None:
    request = Sketches()
    assert not request.is_due(1e9, 0.5)  # it waits for a slot
    request.begin(100)
    assert not request.is_due(104, 0.01)  # too early
    assert request.is_due(105, 0.4)  # it will take 12.5 s
    assert not request.is_due(105, 5 / SLOW)  # it will take 10 s
    assert not request.is_due(105, 0)
    assert request.allows(120, 1.0)
    assert not request.allows(120, 1.1)
    request.delay(0.5)  # by any request's sketch
    assert not request.allows(120, 0.5)
    assert request.allows(120.5, 0.5)
    request.postpone(120)
    assert [request.is_due(now, 0.1) for now in (120.5, 121)] == [False, True]
    assert [request.add(121), request.add(122)] == [1, 2]
    assert [request.is_due(now, 0.1) for now in (126, 127)] == [False, True]
    request.stop()
    assert not request.is_due(1e9, 0.1)


def test_time_of_a_sketch_follows_the_last_images(pipeline: Pipeline) -> None:
    """Else an engine that starts on a busy machine would never sketch."""
    slots = pipeline.slots(1)
    before = pipeline._decoded
    pipeline._decoded = 1000.0, 16.0
    for _ in range(20):
        pipeline.finish([ImageCodes(slots.codes[0].clone(), 7, 1.0)])
    assert pipeline.sketch_seconds(16) < 10
    pipeline._decoded = before


def test_quick_request_gets_none(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketches, "INTERVAL", 0.0)
    task = Sketched("1")
    drawn(pipeline, task)
    assert isinstance(task.outcome[0], Finished)
    assert task.sketches == []


@pytest.mark.usefixtures("slow_steps", "soon", "free")
def test_cancelled_request_gets_no_more(pipeline: Pipeline) -> None:
    scheduler, gone, other = Scheduler(pipeline, 4), Sketched("1", 2), Sketched("2", 2)
    for task in (gone, other):
        scheduler.put(task)
    while not gone.sketches:
        scheduler.step()
    gone.cancelled, count = True, len(gone.sketches)
    while not scheduler.is_idle:
        scheduler.step()
    assert len(gone.sketches) == count
    assert len(other.sketches) > 1


@pytest.mark.usefixtures("slow_steps", "soon", "free")
@pytest.mark.parametrize("error", [OutOfMemory("a sketch"), RuntimeError("a bug")])
def test_sketch_that_fails_does_no_harm_and_is_logged_once(
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    def failing(*_: object) -> bytes:
        raise error

    monkeypatch.setattr(Pipeline, "sketch", failing)
    task = Sketched("1")
    with caplog.at_level(logging.WARNING):
        drawn(pipeline, task)
    assert isinstance(task.outcome[0], Finished)
    assert task.sketches == []
    assert caplog.text.count("no more sketches") == 1


def test_images_of_a_sketch_keep_their_places(pipeline: Pipeline) -> None:
    """Whichever of them is decoded first, waits, or is complete."""
    scheduler, task = Scheduler(pipeline, 2), Sketched("1", count=3)
    scheduler.put(task)
    scheduler.step()
    [job] = scheduler._jobs

    def codes_so_far() -> list[list[int]]:
        return [codes.tolist() for codes in job.images.codes_so_far(scheduler._slots)]

    states = [codes_so_far()]
    while not job.images.is_decoded:
        scheduler.step()
        states.append(codes_so_far())
    assert [len(codes) for codes in states[0]] == [1, 1, 0]
    for before, after in pairwise(states[: 2 * 16 - 1]):  # the first round
        assert all(b[: len(a)] == a for a, b in zip(before, after, strict=True))
