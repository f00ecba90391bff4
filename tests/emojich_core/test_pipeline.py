from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from emojich_core.pipeline import Cancelled, Pipeline
from emojich_core.request import InvalidRequest


@pytest.fixture(scope="module")
def pipeline(tiny_bundle: Path) -> Pipeline:
    return Pipeline.load(str(tiny_bundle), "cpu")


def test_a_prompt_becomes_stickers(pipeline: Pipeline) -> None:
    fractions: list[float] = []
    drawings = pipeline.generate("кот", count=3, seed=5, progress=fractions.append)
    assert [d.candidate.number for d in drawings] == [0, 1, 2]
    perplexities = [d.candidate.perplexity for d in drawings]
    assert perplexities == sorted(perplexities)
    assert sorted(d.candidate.seed for d in drawings) == [5, 6, 7]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    for drawing in drawings:
        sticker = Image.open(BytesIO(drawing.sticker))
        assert (sticker.format, sticker.size) == ("WEBP", (512, 512))
        assert len(drawing.sticker) <= 512 * 1024


def test_the_same_seed_gives_the_same_files(pipeline: Pipeline) -> None:
    first = pipeline.generate("кот", count=2, seed=5)
    again = pipeline.generate("кот", count=2, seed=5)
    assert [d.sticker for d in first] == [d.sticker for d in again]


def test_a_candidates_seed_draws_it_alone(pipeline: Pipeline) -> None:
    third = pipeline.generate("кот", count=4, seed=5)[2]
    [alone] = pipeline.generate("кот", count=1, seed=third.candidate.seed)
    assert alone.sticker == third.sticker


def test_cancelling_ends_at_once(pipeline: Pipeline) -> None:
    calls = 0

    def cancel_at_third(fraction: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        pipeline.generate("кот", progress=cancel_at_third)
    assert calls == 3


def test_what_cannot_be_drawn_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(InvalidRequest):
        pipeline.generate("cat")
