"""Candidates that repeat one another are drawn again."""

import math

import pytest
import torch

from emojich_core import variety
from emojich_core.generation import Drawn, Sampling
from emojich_core.pipeline import Pipeline
from emojich_core.variety import HOTTER, REDRAWS, Variety


def image(code: int, seed: int, perplexity: float = 1.0) -> Drawn:
    return Drawn(torch.full((16,), code), seed, perplexity)


def test_what_comes_second_is_drawn_again() -> None:
    request = Variety(Sampling(temperature=0.8))
    images = [image(code, seed) for seed, code in enumerate((5, 6, 5, 6))]
    assert [request.keep(each) for each in images] == [*images[:2], None, None]
    assert request.next_round() == [2, 3]
    assert request.sampling.temperature == pytest.approx(0.8 * HOTTER)
    assert request.keep(image(7, 2))
    assert not request.keep(image(7, 3))
    assert request.next_round() == [3]
    assert request.keep(image(8, 3))
    assert request.next_round() == []


def test_what_repeats_for_ever_is_kept_in_the_end() -> None:
    request = Variety(Sampling())
    assert request.keep(image(5, 1))
    for _ in range(REDRAWS):
        assert not request.keep(image(5, 2))
        assert request.next_round() == [2]
    assert request.keep(image(5, 2))
    assert request.next_round() == []


def test_a_blot_does_not_replace_a_repeat() -> None:
    request = Variety(Sampling())
    assert request.keep(image(5, 1, 1.5))
    repeat = image(5, 2, 1.5)
    assert request.keep(repeat) is None
    assert request.next_round() == [2]
    assert request.keep(image(6, 2, 3.1)) is repeat
    assert request.next_round() == []

    assert request.keep(image(5, 3, 1.5)) is None
    assert request.next_round() == [3]
    other = image(6, 3, 2.9)
    assert request.keep(other) is other


def test_a_pipeline_that_is_sure_of_itself(
    tiny_bundle: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variety, "HOTTER", 1000)
    monkeypatch.setattr(variety, "BLOT", math.inf)
    pipeline = Pipeline.load(str(tiny_bundle), "cpu")
    cold = {"seed": 3, "count": 4, "temperature": 0.001}
    drawings = pipeline.generate("кот", **cold)  # type: ignore[arg-type]
    assert len({drawing.sticker for drawing in drawings}) == 4
    assert sorted(drawing.candidate.seed for drawing in drawings) == [3, 4, 5, 6]
    again = pipeline.generate("кот", **cold)  # type: ignore[arg-type]
    assert [d.sticker for d in again] == [d.sticker for d in drawings]
    # Of many, those are taken that differ, before any is drawn again.
    mixed = pipeline.generate("кот", count=2, seed=3, best_of=9, temperature=0.05)
    assert mixed[0].sticker != mixed[1].sticker
    # What has but one way to be drawn is handed out all the same.
    same = pipeline.generate("кот", count=2, seed=3, top_k=1)
    assert same[0].codes.equal(same[1].codes)
