"""Continuous batching with a real pipeline; requests do not affect each other's stickers."""

import math
import queue
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from pkgutil import resolve_name

import pytest
import torch
from PIL import Image

from emojich_core.image_file import open_square
from emojich_core.inference.memory import OutOfMemory
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes, ImagePrompt, Prefill, Slots
from emojich_core.pipeline import SIMILAR_SHARE, Drawing, Pipeline
from emojich_core.request import LONGER, ImageRef, Request
from worker.engine import scheduler as scheduler_module
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler
from worker.queue.events import Failed, Finished

Draw = Callable[..., Task]


@pytest.fixture(scope="module")
def pipeline(tiny_bundle: Path) -> Pipeline:
    return Pipeline.load(str(tiny_bundle), "cpu")


@pytest.fixture
def scheduler(pipeline: Pipeline) -> Scheduler:
    scheduler = Scheduler(pipeline, 3)
    scheduler.start()
    return scheduler


def task(name: str, prompt: str = "кот", count: int = 2, seed: int = 7) -> Task:
    return Task(Request(id=name, prompt=prompt, count=count, seed=seed))


def drawn(scheduler: Scheduler, *tasks: Task) -> None:
    """Run tasks, and wait for all of them."""
    for each in tasks:
        scheduler.put(each)
    for each in tasks:
        assert each.ended.wait(60)


class Watched(Task):
    """A task that records all its fractions."""

    def __init__(self, request: Request):
        self.fractions: list[float] = []
        super().__init__(request)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "fraction":
            self.fractions.append(self.fraction)


def test_finishing_threads_end(
    pipeline: Pipeline, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, threads = Pipeline.finish, list[threading.Thread]()

    def noted(pipeline: Pipeline, images: list[ImageCodes]) -> list[Drawing]:
        threads.append(threading.current_thread())
        return finish(pipeline, images)

    monkeypatch.setattr(Pipeline, "finish", noted)
    drawn(scheduler, task("a"))
    for thread in threads:  # else their OpenMP threads slow down decoding
        thread.join(10)
        assert not thread.is_alive()
    assert threads


def test_stickers_do_not_depend_on_other_requests(scheduler: Scheduler) -> None:
    alone = task("1", "кот", count=4)
    drawn(scheduler, alone)
    again = task("2", "кот", count=4)
    drawn(scheduler, task("3", "собака", 3, 1), again, task("4", "ракета", 5, 2))
    assert isinstance(alone.outcome[0], Finished)
    assert isinstance(again.outcome[0], Finished)
    assert again.outcome[0].candidates == alone.outcome[0].candidates
    assert again.outcome[1] == alone.outcome[1]


def test_candidates_are_numbered_from_the_best(scheduler: Scheduler) -> None:
    one = task("1", count=5)
    drawn(scheduler, one)
    event, stickers = one.outcome
    assert isinstance(event, Finished)
    scores = [candidate.perplexity for candidate in event.candidates]
    assert scores == sorted(scores)
    assert [candidate.number for candidate in event.candidates] == [0, 1, 2, 3, 4]
    assert len({candidate.seed for candidate in event.candidates}) == 5
    assert all(sticker.file.startswith(b"RIFF") for sticker in stickers)
    assert one.fraction == pytest.approx(1.0)


@pytest.mark.parametrize("slots", [1, 2])
def test_small_request_does_not_wait_for_a_large_one(pipeline: Pipeline, slots: int) -> None:
    scheduler = Scheduler(pipeline, slots)
    large = [task(str(i), count=9) for i in range(slots)]  # one for each slot
    small = task("small", count=1)
    for each in (*large, small):
        scheduler.put(each)
    scheduler.start()
    assert small.ended.wait(60)
    assert not any(each.ended.is_set() for each in large)
    assert all(each.ended.wait(60) for each in large)


def test_cancelling_frees_the_slots_at_the_next_step(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojich_core.inference.retries.BLOT", math.inf)  # no image is retried
    scheduler, gone, after = Scheduler(pipeline, 3), task("1", count=9), task("2", count=3)
    scheduler.put(gone)
    scheduler.step()
    gone.cancelled = True
    scheduler.put(after)
    for _ in range(pipeline.bundle.transformer.image_seq_length):  # as many steps as one image
        scheduler.step()
    assert not gone.ended.is_set()
    while scheduler.has_decoded:
        scheduler.finish()
    assert isinstance(after.outcome[0], Finished)


def test_repeats_get_the_looks_that_generate_gives_them(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = replace(pipeline.bundle, sampling=Sampling(temperature=0.001))
    monkeypatch.setattr(pipeline, "bundle", cold)
    monkeypatch.setattr("emojich_core.inference.retries.BLOT", math.inf)
    expected = [drawing.sticker for drawing in pipeline.generate("кот", count=4, seed=7)]
    assert len(set(expected)) == 4
    for slots in (1, 3, 9):
        scheduler = Scheduler(pipeline, slots)
        scheduler.start()
        one = Watched(Request(id="1", prompt="кот", count=4, seed=7))
        drawn(scheduler, one, task("2", "собака", 2, 1))
        assert [sticker.file for sticker in one.outcome[1]] == expected
        assert one.fractions == sorted(one.fractions)
        assert one.fractions[-1] == pytest.approx(1.0)


def test_images_similar_to_another_keep_its_first_codes(scheduler: Scheduler) -> None:
    one = task("1", count=1)
    drawn(scheduler, one)
    [sticker] = one.outcome[1]
    alike = Task(Request(id="2", prompt="кот", count=3, seed=1, like=sticker.codes))
    drawn(scheduler, alike)
    shared = round(SIMILAR_SHARE * len(sticker.codes))
    stickers = alike.outcome[1]
    assert {each.codes[:shared] for each in stickers} == {sticker.codes[:shared]}
    assert len({sticker.file, *(each.file for each in stickers)}) == 4


def begun(name: str, file: bytes, share: float = 0.5, count: int = 2) -> Task:
    """A task that begins with a picture."""
    image = ImageRef(name, share)
    return Task(Request(id=name, prompt="кот", count=count, seed=7, image=image), file)


@pytest.fixture
def photo() -> bytes:
    file = BytesIO()
    Image.effect_noise((60, 60), 90).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("share", "rows"), [(0.5, 2), (0.25, 1), (0.01, 1), (0.99, 3)])
def test_upper_rows_of_a_picture_are_kept(
    scheduler: Scheduler, pipeline: Pipeline, photo: bytes, share: float, rows: int
) -> None:
    side = pipeline.bundle.transformer.image_tokens_per_dim
    expected = pipeline.image_prompt(open_square(photo)).codes.tolist()
    one = begun("1", photo, share)
    drawn(scheduler, one, task("2", "собака"))
    codes = [list(sticker.codes) for sticker in one.outcome[1]]
    assert all(each[: rows * side] == expected[: rows * side] for each in codes)
    assert all(each != expected for each in codes)


def test_sticker_with_a_picture_is_the_same_alone_and_beside_others(
    pipeline: Pipeline, photo: bytes
) -> None:
    outcomes = []
    for others in ([], [task("2", "собака", 3, 1), task("3")]):
        scheduler = Scheduler(pipeline, 3)
        scheduler.start()
        one = begun("1", photo)
        drawn(scheduler, *others, one)
        outcomes.append(one.outcome)
    assert outcomes[0] == outcomes[1]


def test_damaged_picture_fails_its_request_alone(scheduler: Scheduler, photo: bytes) -> None:
    bad, good = begun("1", photo[:-100]), begun("2", photo)
    drawn(scheduler, bad, good)
    assert bad.outcome == (Failed("1", "failed"), [])
    assert isinstance(good.outcome[0], Finished)


def test_boldness_scales_the_temperature(scheduler: Scheduler) -> None:
    usual = task("1", count=1, seed=7)
    bold = Task(Request(id="2", prompt="кот", count=1, seed=7, boldness=4.0))
    again = Task(Request(id="3", prompt="кот", count=1, seed=7, boldness=1.0))
    drawn(scheduler, usual, bold, again)
    assert usual.outcome[1] == again.outcome[1]
    assert usual.outcome[1] != bold.outcome[1]


def test_codes_of_another_model_fail_their_request_alone(scheduler: Scheduler) -> None:
    short = Task(Request(id="1", prompt="кот", count=1, like=(1, 2)))
    large = Task(Request(id="2", prompt="кот", count=1, like=(9999,) * 16))
    good = task("3")
    drawn(scheduler, short, large, good)
    assert short.outcome == (Failed("1", "failed"), [])
    assert large.outcome == (Failed("2", "failed"), [])
    assert isinstance(good.outcome[0], Finished)


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[int]]:
    """Seeds whose images cannot be finished."""
    seeds: set[int] = set()
    finish = Pipeline.finish

    def poisoned(pipeline: Pipeline, images: list[ImageCodes]) -> list[Drawing]:
        if any(image.seed in seeds for image in images):
            raise RuntimeError("a poisoned image")
        return finish(pipeline, images)

    monkeypatch.setattr(Pipeline, "finish", poisoned)
    monkeypatch.setattr(Pipeline, "finish_batch", 4)
    return seeds


def test_an_image_that_fails_ends_its_request_alone(poison: set[int], scheduler: Scheduler) -> None:
    poison.add(100)
    bad, good = task("1", seed=99), task("2", seed=5)
    drawn(scheduler, bad, good)
    assert bad.outcome == (Failed("1", "failed"), [])
    assert isinstance(good.outcome[0], Finished)


def test_out_of_memory_for_one_image_fails_its_request_with_memory(
    pipeline: Pipeline, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(pipeline: Pipeline, images: list[ImageCodes]) -> list[Drawing]:
        raise OutOfMemory("of 80 GB")

    monkeypatch.setattr(Pipeline, "finish", greedy)
    one, other = task("1"), task("2")
    drawn(scheduler, one, other)
    assert one.outcome == (Failed("1", "memory"), [])
    assert other.outcome == (Failed("2", "memory"), [])


def test_out_of_memory_while_finishing_finishes_fewer_at_once(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, sizes = Pipeline.finish, list[int]()
    before: weakref.ref[torch.Tensor] | None = None

    def greedy(pipeline: Pipeline, images: list[ImageCodes]) -> list[Drawing]:
        nonlocal before
        assert before is None or before() is None  # the full memory is freed
        sizes.append(len(images))
        taken = torch.empty(len(images))
        before = weakref.ref(taken)
        if len(taken) > 2:
            raise OutOfMemory("of 80 GB")
        return finish(pipeline, images)

    monkeypatch.setattr(Pipeline, "finish", greedy)
    monkeypatch.setattr(Pipeline, "finish_batch", 9)
    scheduler = Scheduler(pipeline, 9)
    first, second = task("1", count=9), task("2", "собака", 9)
    scheduler.put(first)
    while first.fraction < 0.8 and not scheduler.has_decoded:  # all nine together
        scheduler.step()
    scheduler.start()
    drawn(scheduler, second)
    assert first.ended.wait(60)
    assert isinstance(first.outcome[0], Finished)
    assert isinstance(second.outcome[0], Finished)
    assert [size for size in sizes if size > 2] == [9, 4, 4]  # all of the first request


@pytest.mark.parametrize("work", ["prefill", "finish"])
def test_out_of_memory_is_retried_with_fewer_slots(
    pipeline: Pipeline, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    expected = task("0", count=4)
    drawn(scheduler, expected)
    slots, done, counts = Pipeline.slots, getattr(Pipeline, work), list[int]()
    taken, held = list[weakref.ref[torch.Tensor]](), list[bool]()

    def noted(pipeline: Pipeline, count: int) -> Slots:
        counts.append(count)
        held.append(any(each() is not None for each in taken))
        return slots(pipeline, count)

    def greedy(pipeline: Pipeline, *what: object) -> object:
        if counts[-1] > 1:
            much = torch.empty(1)
            taken.append(weakref.ref(much))
            raise OutOfMemory("of 80 GB")
        return done(pipeline, *what)

    monkeypatch.setattr(Pipeline, "slots", noted)
    monkeypatch.setattr(Pipeline, work, greedy)
    small = Scheduler(pipeline, 4)
    small.start()
    one, other = task("1", count=4), task("2", "собака")
    drawn(small, one, other)
    assert counts == [4, 2, 1]
    assert not any(held)  # the full memory is freed before new slots are made
    assert one.outcome[1] == expected.outcome[1]
    assert isinstance(other.outcome[0], Finished)


@pytest.mark.parametrize(
    "work",
    [
        "pipeline.Slots",
        "pipeline.prefill",
        "inference.slots.KVCache.fill",
        "inference.slots.Slots._decode_step",
        "inference.slots.perplexity",
        "pipeline.cut_out",
    ],
)
def test_out_of_memory_of_a_cpu_is_retried_with_fewer_slots(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    done, calls = resolve_name(f"emojich_core.{work}"), 0

    def greedy(*what: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            torch.empty(2**50)  # 4 PiB
        return done(*what, **more)

    monkeypatch.setattr(f"emojich_core.{work}", greedy)
    scheduler = Scheduler(pipeline, 2)
    scheduler.start()
    one = task("1")
    drawn(scheduler, one)
    assert isinstance(one.outcome[0], Finished)
    assert calls > 1


@pytest.mark.parametrize("work", ["prefill", "finish"])
def test_a_broken_device_ends_the_engine_and_no_request(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("an illegal memory access")

    exits = queue.SimpleQueue[int]()
    monkeypatch.setattr(Pipeline, work, broken)
    monkeypatch.setattr(Pipeline, "check", broken)
    monkeypatch.setattr("worker.engine.scheduler.os._exit", exits.put)
    scheduler = Scheduler(pipeline, 1)
    scheduler.start()
    one = task("1", count=1)
    scheduler.put(one)
    assert exits.get(timeout=60) == 1
    assert not one.ended.is_set()  # a new engine tries it again


def test_a_prompt_is_prefilled_once_and_never_for_a_cancelled_request(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefill, seen = Pipeline.prefill, list[Sequence[str]]()

    def noted(
        pipeline: Pipeline, prompts: Sequence[str], image_prompt: ImagePrompt | None
    ) -> list[Prefill]:
        seen.append(prompts)
        return prefill(pipeline, prompts, image_prompt)

    monkeypatch.setattr(Pipeline, "prefill", noted)
    gone = task("1", "собака")
    gone.cancelled = True
    scheduler.put(gone)
    drawn(scheduler, task("2", count=9))
    assert seen == [("кот",)]


def test_nan_logits_fail_their_request_alone(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_of = Slots.image

    def broken(slots: Slots, slot: int) -> ImageCodes:
        image = image_of(slots, slot)
        return ImageCodes(image.codes, image.seed, math.nan) if image.seed == 42 else image

    monkeypatch.setattr(Slots, "image", broken)
    bad, good = task("1", seed=42), task("2", seed=5)
    drawn(scheduler, bad, good)
    assert bad.outcome == (Failed("1", "failed"), [])
    assert isinstance(good.outcome[0], Finished)


@pytest.mark.parametrize("work", ["enter", "step", "image"])
def test_out_of_memory_fails_no_request_while_slots_can_be_halved(
    pipeline: Pipeline, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    expected = task("0", seed=5)
    drawn(scheduler, expected)
    done = getattr(Slots, work)

    def greedy(slots: Slots, *what: object) -> object:
        if slots.count > 2 and sum(slots.decoded(slot) for slot in range(slots.count)) > 6:
            raise OutOfMemory("of 80 GB")
        return done(slots, *what)

    monkeypatch.setattr(Slots, work, greedy)
    first, youngest = task("1", seed=5), task("2", seed=9)
    drawn(scheduler, first, youngest)
    assert first.outcome[1] == expected.outcome[1]
    assert isinstance(youngest.outcome[0], Finished)


@pytest.mark.parametrize("work", ["enter", "step", "image"])
def test_out_of_memory_in_a_single_slot_fails_the_request_with_memory(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    with monkeypatch.context() as patch:

        def greedy(slots: Slots, *what: object) -> None:
            raise OutOfMemory("of 80 GB")

        patch.setattr(Slots, work, greedy)
        one, other = task("1"), task("2")
        drawn(scheduler, one, other)
    assert one.outcome == (Failed("1", "memory"), [])
    assert other.outcome == (Failed("2", "memory"), [])
    after = task("3")
    drawn(scheduler, after)
    assert isinstance(after.outcome[0], Finished)


def test_slots_are_halved_until_they_fit(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def greedy(pipeline: Pipeline, count: int) -> Slots:
        asked.append(count)
        if count > 2:
            raise OutOfMemory("of 80 GB")
        return Slots(pipeline.transformer, count)

    monkeypatch.setattr(Pipeline, "slots", greedy)
    scheduler = Scheduler(pipeline, 9)
    scheduler.start()
    one = task("1", count=5)
    drawn(scheduler, one)
    assert asked == [9, 4, 2]
    assert isinstance(one.outcome[0], Finished)


def stickers_of(drawings: list[Drawing]) -> list[bytes]:
    return [drawing.sticker for drawing in drawings]


def test_best_of_selects_what_generate_selects(pipeline: Pipeline) -> None:
    scheduler = Scheduler(pipeline, 3, best_of=4)
    scheduler.start()
    one = task("1", "кот", count=2)
    drawn(scheduler, task("2", "собака", 1, 1), one)
    best = pipeline.generate("кот", count=2, seed=7, best_of=8)
    assert [sticker.file for sticker in one.outcome[1]] == stickers_of(best)


def test_judge_selects_the_best_of_a_request(judged_bundle: Path) -> None:
    pipeline = Pipeline.load(str(judged_bundle), "cpu")
    scheduler = Scheduler(pipeline, 3, best_of=4)
    scheduler.start()
    one = task("1", "кот", count=2)
    drawn(scheduler, one)
    event, stickers = one.outcome
    best = pipeline.generate("кот", count=2, seed=7, best_of=8)
    assert isinstance(event, Finished)
    assert event.candidates == tuple(drawing.candidate for drawing in best)
    assert None not in [candidate.score for candidate in event.candidates]
    assert [sticker.file for sticker in stickers] == stickers_of(best)


def test_extra_images_give_up_their_slots_and_come_out_the_same(pipeline: Pipeline) -> None:
    scheduler = Scheduler(pipeline, 3, best_of=4)
    first, second = task("1", "кот", count=1), task("2", "собака", count=3)
    scheduler.put(first)
    for _ in range(3):
        scheduler.step()  # one image of the first request's and two extra ones are in slots
    scheduler.put(second)
    scheduler.step()
    jobs = {job.task.request.id: job.images for job in scheduler._jobs}
    assert len(jobs["1"].slots) == 1
    assert len(jobs["2"].slots) == 2
    scheduler.start()
    assert first.ended.wait(60)
    assert second.ended.wait(60)
    best = pipeline.generate("кот", count=1, seed=7, best_of=4)
    assert [sticker.file for sticker in first.outcome[1]] == stickers_of(best)


def test_extra_images_that_have_waited_long_keep_their_slots(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_module, "EXTRA_WAIT", 0)
    scheduler = Scheduler(pipeline, 3, best_of=4)
    scheduler.put(task("1", "кот", count=1))
    scheduler.step()
    scheduler.put(task("2", "собака", count=3))
    scheduler.step()
    jobs = {job.task.request.id: job.images for job in scheduler._jobs}
    assert len(jobs["1"].slots) == 3


def longer(name: str, prompt: str = "кот", count: int = 2) -> Task:
    return Task(replace(task(name, prompt, count).request, longer=True))


def test_longer_request_has_its_judge_choose_among_more(judged_bundle: Path) -> None:
    pipeline = Pipeline.load(str(judged_bundle), "cpu")
    scheduler = Scheduler(pipeline, 3)
    scheduler.start()
    usual, one = task("1", "кот", count=2), longer("2", "кот", count=2)
    drawn(scheduler, usual, one)
    best = pipeline.generate("кот", count=2, seed=7, best_of=2 * LONGER)
    assert isinstance(usual.outcome[0], Finished)
    assert isinstance(one.outcome[0], Finished)
    assert [sticker.file for sticker in one.outcome[1]] == stickers_of(best)
    assert one.outcome[0].candidates == tuple(drawing.candidate for drawing in best)
    assert (usual.outcome[0].judge, one.outcome[0].judge) == ("", "ruCLIP")


def test_longer_request_delays_no_other(judged_bundle: Path) -> None:
    scheduler = Scheduler(Pipeline.load(str(judged_bundle), "cpu"), 3)
    one, other = longer("1", "кот", count=1), task("2", "собака", count=3)
    scheduler.put(one)
    scheduler.step()
    scheduler.put(other)
    scheduler.step()
    jobs = {job.task.request.id: job.images for job in scheduler._jobs}
    assert (len(jobs["1"].slots), len(jobs["2"].slots)) == (1, 2)
    assert len(jobs["1"].waiting) == LONGER - 1
    scheduler.start()
    assert other.ended.wait(60)
    assert not one.ended.is_set()
    assert one.ended.wait(60)


def test_longer_request_without_a_judge_is_drawn_as_usual(pipeline: Pipeline) -> None:
    scheduler = Scheduler(pipeline, 3)
    scheduler.measure()
    assert scheduler.judged_per_minute == 0
    scheduler.start()
    usual, one = task("1"), longer("2")
    drawn(scheduler, usual, one)
    assert one.outcome[1] == usual.outcome[1]
    assert isinstance(one.outcome[0], Finished)
    assert one.outcome[0].judge == ""


def test_speed_is_that_of_candidates_for_each_sticker(judged_bundle: Path) -> None:
    pipeline = Pipeline.load(str(judged_bundle), "cpu")
    usual, best = Scheduler(pipeline, 8), Scheduler(pipeline, 8, best_of=100)
    for scheduler in (usual, best):
        scheduler.measure()
    assert 0 < 10 * best.judged_per_minute < usual.judged_per_minute
