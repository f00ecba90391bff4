"""Blots and repeats are decoded again."""

import math

import pytest
import torch

from emojich_core.inference import retries
from emojich_core.inference.retries import COOLER, HOTTER, RETRIES, RetryPolicy
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes
from emojich_core.pipeline import Pipeline


def image(code: int, seed: int, perplexity: float = 1.0) -> ImageCodes:
    return ImageCodes(torch.full((16,), code), seed, perplexity)


def test_a_repeat_is_retried_once_at_a_higher_temperature() -> None:
    request = RetryPolicy(Sampling(temperature=0.8))
    images = [image(code, seed) for seed, code in enumerate((5, 6, 5, 6))]
    assert request.select(images[::-1]) == images[:2]
    assert request.next_round() == [2, 3]
    assert request.sampling(2).temperature == pytest.approx(0.8 * HOTTER)
    assert request.sampling(2).top_p == 1
    others = [image(7, 2), image(7, 3)]
    assert request.select(others) == others  # one retry is enough for a model that is sure
    assert request.next_round() == []


def test_a_blot_is_accepted_after_the_last_retry() -> None:
    request = RetryPolicy(Sampling())
    first, second = image(5, 1, 1), image(6, 2, 9)
    assert request.select([first, second]) == [first]
    for _ in range(RETRIES - 1):
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


def test_a_blot_is_retried_at_a_lower_temperature() -> None:
    request = RetryPolicy(Sampling(temperature=0.8))
    good, fair = image(5, 1, 1.5), image(6, 2, 2.9)
    assert request.select([good, fair, image(7, 3, 3.1), image(8, 4, 9)]) == [good, fair]
    assert request.next_round() == [3, 4]
    assert request.sampling(3).temperature == pytest.approx(0.8 * COOLER)
    # A repeat is better than a blot.
    repeat = image(5, 3, 1.5)
    assert request.select([repeat, image(9, 4, 8)]) == [repeat]
    assert request.next_round() == [4]
    assert request.sampling(4).temperature == pytest.approx(0.8 * COOLER**2)


def test_generate_retries_repeats(tiny_bundle: object, monkeypatch: pytest.MonkeyPatch) -> None:
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
    # Among many images different ones are preferred to a retry.
    mixed = pipeline.generate("кот", count=2, seed=3, best_of=9, temperature=0.05)
    assert mixed[0].sticker != mixed[1].sticker
    # Repeats are accepted in the end when the model has no other image.
    same = pipeline.generate("кот", count=2, seed=3, top_k=1)
    assert same[0].codes.equal(same[1].codes)
