"""Candidates that repeat one another are drawn again."""

import pytest
import torch

from emojich_core import variety
from emojich_core.generation import Drawn, Sampling
from emojich_core.pipeline import Pipeline
from emojich_core.variety import HOTTER, REDRAWS, Variety


def image(code: int, seed: int) -> Drawn:
    return Drawn(torch.full((16,), code), seed, 1.0)


def test_what_comes_second_is_drawn_again() -> None:
    request = Variety(Sampling(temperature=0.8))
    assert [request.keeps(image(code, seed)) for seed, code in enumerate((5, 6, 5, 6))] == [
        True, True, False, False,
    ]  # fmt: skip
    assert request.next_round() == [2, 3]
    assert request.sampling.temperature == pytest.approx(0.8 * HOTTER)
    assert request.keeps(image(7, 2))
    assert not request.keeps(image(7, 3))
    assert request.next_round() == [3]
    assert request.keeps(image(8, 3))
    assert request.next_round() == []


def test_what_repeats_for_ever_is_kept_in_the_end() -> None:
    request = Variety(Sampling())
    assert request.keeps(image(5, 1))
    for _ in range(REDRAWS):
        assert not request.keeps(image(5, 2))
        assert request.next_round() == [2]
    assert request.keeps(image(5, 2))
    assert request.next_round() == []


def test_a_pipeline_that_is_sure_of_itself(
    tiny_bundle: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variety, "HOTTER", 1000)
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
