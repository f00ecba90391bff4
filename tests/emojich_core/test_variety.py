"""Candidates that repeat one another are drawn again."""

import math

import pytest
import torch

from emojich_core import variety
from emojich_core.generation import Drawn, Sampling
from emojich_core.pipeline import Pipeline
from emojich_core.variety import COOLER, HEATS, REDRAWS, Variety


def image(code: int, seed: int, perplexity: float = 1.0) -> Drawn:
    return Drawn(torch.full((16,), code), seed, perplexity)


def test_an_image_that_repeats_another_is_drawn_again() -> None:
    request = Variety(Sampling(temperature=0.8, top_k=5, top_p=0.9))
    images = [image(code, seed) for seed, code in enumerate((5, 6, 5, 6))]
    assert request.sift(images[::-1]) == images[:2]
    assert request.next_round() == [2, 3]
    hot = request.sampling(2)
    assert hot.temperature == pytest.approx(0.8 * HEATS[0])
    assert (hot.top_p, hot.top_k > 5) == (1, True)
    others = [image(7, 2), image(7, 3)]
    assert request.sift(others) == others[:1]  # they repeat each other
    assert request.next_round() == [3]
    assert request.sampling(3).temperature == pytest.approx(0.8 * HEATS[1])
    other = image(8, 3)
    assert request.sift([other]) == [other]
    assert request.next_round() == []


def test_a_blot_that_stays_one_is_kept_in_the_end() -> None:
    request = Variety(Sampling())
    first, second = image(5, 1, 1), image(6, 2, 9)
    assert request.sift([first, second]) == [first]
    for _ in range(REDRAWS - 1):
        assert request.next_round() == [2]
        assert request.sift([second]) == []
    assert request.next_round() == [2]
    assert request.sift([second]) == [second]
    assert request.next_round() == []


def test_what_replaces_a_repeat_is_no_blot_if_it_can_be_helped() -> None:
    request = Variety(Sampling())
    first, repeat = image(5, 1, 1.5), image(5, 2, 1.5)
    assert request.sift([first, repeat]) == [first]
    strange = [image(6, 2, 14), image(7, 2, 13), image(8, 2, 15)]
    for other in strange[: REDRAWS - 1]:
        assert request.next_round() == [2]
        assert request.sift([other]) == []
    assert request.next_round() == [2]
    assert request.sift([strange[-1]]) == [strange[1]]  # the likeliest of them
    assert request.next_round() == []


def test_a_repeat_is_never_kept_while_it_can_be_made_to_differ() -> None:
    request = Variety(Sampling())
    first, repeat, blot = image(5, 1, 1.5), image(5, 2, 1.5), image(6, 2, 99)
    assert request.sift([first, repeat]) == [first]
    for heat in HEATS[:-1]:
        assert request.next_round() == [2]
        assert request.sampling(2).temperature == heat
        assert request.sift([repeat]) == []
    assert request.next_round() == [2]
    assert request.sift([blot]) == [blot]


def test_a_blot_is_drawn_again_with_more_care() -> None:
    request = Variety(Sampling(temperature=0.8))
    good, fair, blot = image(5, 1, 1.5), image(6, 2, 2.9), image(7, 3, 3.1)
    assert request.sift([good, fair, blot, image(8, 4, 13)]) == [good, fair]
    assert request.next_round() == [3, 4]
    assert request.sampling(3).temperature == pytest.approx(0.8 * COOLER)
    # Cooled, the first of them became the image that is there already: it stays as it was.
    likelier = image(9, 4, 8)
    assert request.sift([image(5, 3, 1.5), likelier]) == [blot]
    assert request.next_round() == [4]
    assert request.sampling(4).temperature == pytest.approx(0.8 * COOLER**2)
    # The other one had been too unlikely for that.
    assert request.sift([image(5, 4, 1.5)]) == [likelier]


def test_a_pipeline_that_is_sure_of_itself(
    tiny_bundle: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variety, "HEATS", (1000,) * 6)
    monkeypatch.setattr(variety, "BLOT", math.inf)
    monkeypatch.setattr(variety, "STRANGE", math.inf)
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
    # Even where the only code allowed is the likeliest.
    same = pipeline.generate("кот", count=2, seed=3, top_k=1)
    assert same[0].sticker != same[1].sticker
