"""The captions that are tried for an emoji, and the one that `mini` draws best."""

import numpy as np
import pytest

from emojich_core.image_file import on_white
from emojich_core.pipeline import Pipeline
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.training import best_captions
from emojich_core.training.best_captions import captions_that_win, other_captions
from emojich_core.training.evaluation.judge import Judge
from tests.emojich_core.training.meanings import MEANINGS

NAMES = {"🏠": "дом", "🏡": "дом с садом", "🚗": "автомобиль"}


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.load("mini", "cpu")


@pytest.fixture(scope="module")
def judge(pipeline: Pipeline) -> Judge:
    """It knows a banana and a pizza, as `mini` draws them."""
    drawn = [pipeline.generate(name, count=1, seed=1)[0].image for name in ("банан", "пицца")]
    return Judge(np.stack([np.asarray(on_white(image)) for image in drawn]), ["1F34C", "1F355"])


def test_caption_that_is_drawn_right_more_often_wins(
    pipeline: Pipeline, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(best_captions, "OF_FINALIST", range(9, 12))  # twenty take long
    right = {"пицца": {"1F34C"}, "банан": {"1F34C"}}
    others = {"пицца": ["кусок пиццы", "банан"], "банан": ["бананы", "пицца"]}
    assert captions_that_win(pipeline, judge, right, right, others) == {"пицца": "банан"}


def test_learned_captions_that_are_no_names_are_tried() -> None:
    vocabulary = Vocabulary(NAMES, {"дом", "дача", "машина", "крыша", "автомобиль"})
    others = other_captions(vocabulary, MEANINGS)
    assert {"дача"} <= set(others["дом"])
    assert "машина" in others["автомобиль"]
    tried = {caption for captions in others.values() for caption in captions}
    assert tried.isdisjoint({*NAMES.values(), "стены", "сад", "транспорт"})  # not learned
