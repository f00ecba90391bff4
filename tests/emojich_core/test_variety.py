"""Candidates that repeat one another are drawn again."""

import math

import pytest
import torch

from emojich_core.inference import retries
from emojich_core.inference.retries import COOLER, HOTTER, REDRAWS, RetryPolicy
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes
from emojich_core.pipeline import Pipeline


def image(code: int, seed: int, perplexity: float = 1.0) -> ImageCodes:
    return ImageCodes(torch.full((16,), code), seed, perplexity)


def test_what_comes_second_is_drawn_again() -> None:
    request = RetryPolicy(Sampling(temperature=0.8))
    images = [image(code, seed) for seed, code in enumerate((5, 6, 5, 6))]
    assert request.select(images[::-1]) == images[:2]
    assert request.next_round() == [2, 3]
    assert request.sampling(2).temperature == pytest.approx(0.8 * HOTTER)
    assert request.sampling(2).top_p == 1
    others = [image(7, 2), image(7, 3)]
    assert request.select(others) == others  # once: a model that is sure will not change its mind
    assert request.next_round() == []


def test_a_blot_that_stays_one_is_kept_in_the_end() -> None:
    request = RetryPolicy(Sampling())
    first, second = image(5, 1, 1), image(6, 2, 9)
    assert request.select([first, second]) == [first]
    for _ in range(REDRAWS - 1):
        assert request.next_round() == [2]
        assert request.select([second]) == []
    assert request.next_round() == [2]
    assert request.select([second]) == [second]
    assert request.next_round() == []


def test_a_blot_does_not_replace_a_repeat() -> None:
    for perplexity, replaces in ((12.1, False), (11.9, True)):
        request = RetryPolicy(Sampling())
        first, repeat = image(5, 1, 1.5), image(5, 2, 1.5)
        assert request.select([first, repeat]) == [first]
        assert request.next_round() == [2]
        other = image(6, 2, perplexity)
        assert request.select([other]) == [other if replaces else repeat]
        assert request.next_round() == []


def test_a_blot_is_drawn_again_with_more_care() -> None:
    request = RetryPolicy(Sampling(temperature=0.8))
    good, fair = image(5, 1, 1.5), image(6, 2, 2.9)
    assert request.select([good, fair, image(7, 3, 3.1), image(8, 4, 9)]) == [good, fair]
    assert request.next_round() == [3, 4]
    assert request.sampling(3).temperature == pytest.approx(0.8 * COOLER)
    # Better the same picture twice than a blot.
    repeat = image(5, 3, 1.5)
    assert request.select([repeat, image(9, 4, 8)]) == [repeat]
    assert request.next_round() == [4]
    assert request.sampling(4).temperature == pytest.approx(0.8 * COOLER**2)


def test_a_pipeline_that_is_sure_of_itself(
    tiny_bundle: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "HOTTER", 1000)
    monkeypatch.setattr(retries, "BLOT", math.inf)
    monkeypatch.setattr(retries, "STRANGE", math.inf)
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
