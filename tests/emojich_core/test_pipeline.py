import math
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from emojich_core.bundles.bundle import BundleError
from emojich_core.inference.slots import ImageCodes
from emojich_core.pipeline import Pipeline
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


def test_candidates_alternate_between_the_styles(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojich_core.inference.retries.BLOT", math.inf)  # no image is retried
    in_style = {
        seed: pipeline.generate(prompt, count=1, seed=seed)[0].sticker
        for seed, prompt in ((6, "кот"), (7, "ракета кот"), (8, "собака кот"), (9, "кот"))
    }
    styled = replace(pipeline.bundle.sampling, styles=("", "ракета", "собака"))
    monkeypatch.setattr(pipeline, "bundle", replace(pipeline.bundle, sampling=styled))
    together = pipeline.generate("кот", count=4, seed=6)
    assert {each.candidate.seed: each.sticker for each in together} == in_style
    # Images similar to another one are in its style: one Prefill for all of them.
    codes = together[0].codes
    likely = pipeline.prefill(["кот"], pipeline.similar_to(tuple(codes.tolist())))
    assert len(likely) == 1


class Cancelled(Exception):
    """Raised inside a progress callback."""


def test_cancelled_in_a_progress_callback_stops_generate(pipeline: Pipeline) -> None:
    calls = 0

    def cancel_at_third(fraction: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        pipeline.generate("кот", progress=cancel_at_third)
    assert calls == 3


def test_generate_refuses_a_prompt_without_russian_words(pipeline: Pipeline) -> None:
    with pytest.raises(InvalidRequest):
        pipeline.generate("Katze")


def test_best_of_returns_the_lowest_perplexities(pipeline: Pipeline) -> None:
    everything = pipeline.generate("кот", count=9, seed=5)
    everything += pipeline.generate("кот", count=9, seed=14)
    everything.sort(key=lambda drawing: drawing.candidate.perplexity)
    fractions: list[float] = []
    chosen = pipeline.generate("кот", count=2, seed=5, best_of=18, progress=fractions.append)
    assert [d.candidate.seed for d in chosen] == [d.candidate.seed for d in everything[:2]]
    assert [d.sticker for d in chosen] == [d.sticker for d in everything[:2]]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_sampling_is_set_for_one_call(pipeline: Pipeline) -> None:
    likeliest = [pipeline.generate("кот", count=1, seed=seed, top_k=1)[0] for seed in (1, 2)]
    assert likeliest[0].codes.equal(likeliest[1].codes)
    for bad in ({"temperature": 0.0}, {"top_p": 2.0}, {"top_k": 0}, {"best_of": 1}):
        with pytest.raises(ValueError, match="must be"):
            pipeline.generate("кот", **bad)  # type: ignore[arg-type]


def test_codes_of_the_image_prompt_are_kept(pipeline: Pipeline) -> None:
    side = pipeline.bundle.transformer.image_tokens_per_dim
    prompt = pipeline.image_prompt(Image.effect_noise((100, 60), 90), up=2, left=1)
    given = prompt.given.view(side, side)
    assert given[:2].all()
    assert given[:, 0].all()
    assert not given[2:, 1:].any()
    [drawing] = pipeline.generate("кот", count=1, seed=3, image_prompt=prompt)
    assert drawing.codes[prompt.given].equal(prompt.codes[prompt.given])
    assert not drawing.codes.equal(prompt.codes)


def test_image_prompt_is_placed_on_white(pipeline: Pipeline) -> None:
    cut_out = Image.new("RGBA", (32, 32))  # black where nothing can be seen
    cut_out.paste((200, 30, 30, 255), (8, 8, 24, 24))
    on_paper = Image.new("RGB", (32, 32), "white")
    on_paper.paste((200, 30, 30), (8, 8, 24, 24))
    assert pipeline.image_prompt(cut_out).codes.equal(pipeline.image_prompt(on_paper).codes)
    assert not pipeline.image_prompt(cut_out).codes.equal(
        pipeline.image_prompt(cut_out.convert("RGB")).codes
    )


def test_images_of_several_batches_equal_those_generated_alone(pipeline: Pipeline) -> None:
    borders = pipeline.image_prompt(Image.new("RGB", (32, 32), "green"), down=1)
    for each in pipeline.generate("кот", 9, seed=5, best_of=19, image_prompt=borders):
        seed = each.candidate.seed
        [alone] = pipeline.generate("кот", 1, seed=seed, image_prompt=borders)
        assert alone.codes.equal(each.codes)


def test_finish_raises_for_numbers_that_overflow(pipeline: Pipeline) -> None:
    codes = torch.zeros(pipeline.bundle.transformer.image_seq_length, dtype=torch.long)
    with pytest.raises(BundleError, match="EMOJICH_PRECISION"):
        pipeline.finish([ImageCodes(codes, seed=0, perplexity=math.nan)])


def test_warm_slots_decode_the_same_codes_as_cold_ones(pipeline: Pipeline) -> None:
    warm, cold = pipeline.slots(2), pipeline.slots(2)
    pipeline.warm_up(warm)
    codes = []
    for slots in (warm, cold):
        slots.enter(0, pipeline.prefill(["кот"])[0], 7, pipeline.bundle.sampling)
        for _ in range(pipeline.bundle.transformer.image_seq_length):
            slots.step()
        codes.append(slots.image(0).codes)
    assert codes[0].equal(codes[1])


def test_rendering_in_bfloat16_changes_pictures_invisibly() -> None:
    pipeline = Pipeline.load("mini", "cpu")
    pictures = []
    for pipeline.renders_in_bfloat16 in (False, True):
        [drawing] = pipeline.generate("роза", count=1, seed=1)
        rgba = np.asarray(drawing.image).astype(float)
        alpha = rgba[..., 3:] / 255
        pictures.append(np.concatenate((rgba[..., :3] * alpha, 255 * alpha), axis=-1))
    difference = np.abs(pictures[0] - pictures[1])
    assert 0 < difference.mean() < 0.3  # of 255
    # At edges the colour of a pixel is that of the nearest one inside, which may be another one.
    assert (difference > 10).mean() < 4e-3
