"""The judge: ruCLIP's network, its texts, and the order in which it puts images."""

import copy
import json
import math
import shutil
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from emojich_core.bundles.bundle import BundleError, sha256
from emojich_core.inference.slots import ImageCodes
from emojich_core.networks.ruclip import TEMPLATES, RuCLIP, preprocess, similarity, text_feature
from emojich_core.networks.tokenizer import EOS_ID, Tokenizer
from emojich_core.pipeline import Drawing, Pipeline
from tests.emojich_core.tiny import RUCLIP


@pytest.fixture(scope="module")
def model() -> RuCLIP:
    torch.manual_seed(0)
    return RuCLIP(RUCLIP).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def tokenizer(tiny_bundle: Path) -> Tokenizer:
    return Tokenizer(tiny_bundle / "bpe.model")


def test_eos_of_a_long_text_is_kept_on_request(tokenizer: Tokenizer) -> None:
    text = "красное сердце и собака летит в космосе"
    assert EOS_ID not in tokenizer.encode(text, 8)
    whole = tokenizer.encode(text, 100, keep_eos=True)
    cut = tokenizer.encode(text, 8, keep_eos=True)
    assert cut[:7].equal(whole[:7])
    assert cut[7] == EOS_ID
    assert whole.equal(tokenizer.encode(text, 100))


def test_text_feature_is_that_of_eos_and_sees_no_padding(
    model: RuCLIP, tokenizer: Tokenizer
) -> None:
    ids = torch.stack([tokenizer.encode(text, 24, keep_eos=True) for text in ("кот", "ракета")])
    features = model.encode_texts(ids)
    assert features.shape == (2, RUCLIP.embed_dim)
    padded = ids.clone()
    padded[ids == 0] = 7
    torch.testing.assert_close(model.encode_texts(padded), features)
    padded[:, 1] = 9
    assert not torch.allclose(model.encode_texts(padded), features)


def test_description_is_the_mean_of_the_templates(model: RuCLIP, tokenizer: Tokenizer) -> None:
    features = [
        model.encode_texts(tokenizer.encode(each.format("кот"), 24, keep_eos=True)[None])[0]
        for each in TEMPLATES
    ]
    expected = sum(features) / len(features)
    found = text_feature(model, tokenizer, "  КОТ ")
    torch.testing.assert_close(found, expected / expected.norm())


def test_similarity_is_the_cosine_of_each_picture(model: RuCLIP, tokenizer: Tokenizer) -> None:
    pictures = torch.rand(3, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    text = text_feature(model, tokenizer, "кот")
    found = similarity(model, text, pictures)
    features = model.visual(preprocess(RUCLIP, pictures))
    torch.testing.assert_close(found, F.cosine_similarity(features, text[None]))
    torch.testing.assert_close(similarity(model, text, pictures[1:2]), found[1:2])


def test_scores_in_float16_are_close_to_those_in_float32(
    model: RuCLIP, tokenizer: Tokenizer
) -> None:
    """On a GPU VQGAN and judge compute in float16."""
    pictures = torch.rand(3, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    half = copy.deepcopy(model).half()
    found = similarity(half, text_feature(half, tokenizer, "кот"), pictures.half())
    expected = similarity(model, text_feature(model, tokenizer, "кот"), pictures)
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=0)


def test_pictures_are_resized_whole_and_normalised() -> None:
    white, size = torch.ones(1, 3, 100, 100), RUCLIP.image_resolution
    white[..., 50:] = 0
    seen = preprocess(RUCLIP, white)
    assert seen.shape == (1, 3, size, size)
    mean, std = torch.tensor(RUCLIP.mean), torch.tensor(RUCLIP.std)
    torch.testing.assert_close(seen[0, :, 0, 0], (1 - mean) / std)
    torch.testing.assert_close(seen[0, :, -1, -1], -mean / std)


# --- The order of images --------------------------------------------------------------------------


@pytest.fixture
def pipeline(judged_bundle: Path) -> Pipeline:
    return Pipeline.load(str(judged_bundle), "cpu")


def order(drawings: list[Drawing]) -> list[int]:
    return [drawing.candidate.seed for drawing in drawings]


def test_judge_orders_the_images_and_a_wrong_one_reverses_them(pipeline: Pipeline) -> None:
    fractions: list[float] = []
    drawings = pipeline.generate("кот", count=2, seed=5, best_of=8, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    images = [
        ImageCodes(each.codes, each.candidate.seed, each.candidate.perplexity)
        for each in pipeline.generate("кот", count=8, seed=5)
    ]
    scores = pipeline.judge_images("кот", images)
    judged = sorted(zip(scores, images, strict=True), key=lambda pair: pair[0], reverse=True)
    assert len(set(scores)) == 8
    assert order(drawings) == [image.seed for _, image in judged[:2]]
    expected = [pytest.approx(score, abs=1e-4) for score, _ in judged[:2]]
    assert [drawing.candidate.score for drawing in drawings] == expected
    assert [drawing.candidate.number for drawing in drawings] == [0, 1]

    assert pipeline.judge is not None
    pipeline.judge.text_projection.neg_()
    reverse = pipeline.generate("кот", count=2, seed=5, best_of=8)
    assert order(reverse) == [image.seed for _, image in judged[:-3:-1]]
    assert pipeline.judge_images("кот", images) == pytest.approx([-score for score in scores])


def test_judged_stickers_are_the_same_from_the_same_seed(pipeline: Pipeline) -> None:
    first, again = (pipeline.generate("кот", count=2, seed=5, best_of=9) for _ in range(2))
    assert [d.sticker for d in first] == [d.sticker for d in again]
    assert [d.candidate for d in first] == [d.candidate for d in again]
    [alone] = pipeline.generate("кот", count=1, seed=first[0].candidate.seed)
    assert alone.sticker == first[0].sticker


def test_judge_sees_only_the_images_that_perplexity_selects(pipeline: Pipeline) -> None:
    everything = pipeline.generate("кот", count=9, seed=5)
    [best] = pipeline.generate("кот", count=1, seed=5, best_of=9)
    assert best.candidate.seed in order(everything[:4])


def test_without_a_choice_or_a_judge_perplexity_orders(
    pipeline: Pipeline, tiny_bundle: Path
) -> None:
    unjudged = Pipeline.load(str(tiny_bundle), "cpu")
    assert unjudged.judge is None
    drawings = pipeline.generate("кот", count=3, seed=5)
    assert drawings == unjudged.generate("кот", count=3, seed=5)
    assert {drawing.candidate.score for drawing in drawings} == {None}
    with pytest.raises(ValueError, match="tiny has no judge"):
        unjudged.judge_images("кот", [])


def test_numbers_that_overflow_are_one_sentence(pipeline: Pipeline) -> None:
    codes = torch.zeros(pipeline.bundle.transformer.image_seq_length, dtype=torch.long)
    with pytest.raises(BundleError, match="EMOJICH_PRECISION"):
        pipeline.judge_images("кот", [ImageCodes(codes, seed=0, perplexity=math.nan)])
    assert pipeline.judge is not None
    pipeline.judge.text_projection.fill_(math.inf)
    with pytest.raises(BundleError, match=r"judge\.safetensors gives no finite numbers"):
        pipeline.judge_images("кот", [ImageCodes(codes, seed=0, perplexity=1.0)])


def test_judge_that_does_not_fit_bundle_json_is_refused(
    judged_bundle: Path, tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(judged_bundle, tmp_path / "copy"))
    description = json.loads((bundle / "bundle.json").read_text())
    description["judge"]["vision_layers"] = 3
    (bundle / "bundle.json").write_text(json.dumps(description))
    with pytest.raises(BundleError, match=r"judge\.safetensors does not fit bundle\.json"):
        Pipeline.load(str(bundle), "cpu")

    shutil.copy(bundle / "vqgan.safetensors", bundle / "judge.safetensors")
    description["files"]["judge.safetensors"] = sha256(bundle / "judge.safetensors")
    (bundle / "bundle.json").write_text(json.dumps(description))
    with pytest.raises(BundleError, match=r"judge\.safetensors does not fit bundle\.json"):
        Pipeline.load(str(bundle), "cpu")
