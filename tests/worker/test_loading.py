"""The engine loads and warms its models before it is ready."""

import threading
from pathlib import Path

import pytest

from emojich_core.inference.slots import ImageCodes
from emojich_core.pipeline import MAX_SLOTS, RESERVED_MEMORY, Drawing, Pipeline, slots_in
from emojich_core.request import MAX_COUNT
from worker.config import Settings
from worker.engine.__main__ import load


def test_ready_engine_has_finished_an_image(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, finished, threads = Pipeline.finish, list[int](), list[threading.Thread]()

    def noted(pipeline: Pipeline, images: list[ImageCodes]) -> list[Drawing]:
        finished.append(len(images))
        threads.append(threading.current_thread())
        return finish(pipeline, images)

    monkeypatch.setattr(Pipeline, "finish", noted)
    load(Settings(str(tiny_bundle), "cpu", slots=2))
    assert finished == [1]
    assert not threads[0].is_alive()  # else its OpenMP threads would slow down decoding


def test_slots_are_limited_to_the_images_of_all_requests(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pipeline, "slots_that_fit", lambda *_: 64)
    counts, slots = list[int](), Pipeline.slots
    monkeypatch.setattr(
        Pipeline, "slots", lambda self, count: counts.append(count) or slots(self, count)
    )
    load(Settings(str(tiny_bundle), "cpu", requests=2))
    assert max(counts) == 2 * MAX_COUNT


def test_slots_fit_into_a_share_of_the_memory() -> None:
    size = 2**20
    assert slots_in(RESERVED_MEMORY + 5 * size, 1, size) == 5
    assert slots_in(2 * (RESERVED_MEMORY + 5 * size), 2, size) == 5
    plenty = RESERVED_MEMORY + MAX_SLOTS * size
    assert slots_in(2 * plenty, 2, size) == MAX_SLOTS  # not half of what one engine may have
    assert slots_in(4 * plenty, 2, size) == MAX_SLOTS
    assert slots_in(RESERVED_MEMORY, 1, size) == slots_in(0, 2, size) == 1
