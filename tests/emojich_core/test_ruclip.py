"""The judge: ruCLIP's network and its texts."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from emojich_core.networks.ruclip import TEMPLATES, RuCLIP, preprocess, similarity, text_feature
from emojich_core.networks.tokenizer import EOS_ID, Tokenizer
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


def test_pictures_are_resized_whole_and_normalised() -> None:
    white, size = torch.ones(1, 3, 100, 100), RUCLIP.image_resolution
    white[..., 50:] = 0
    seen = preprocess(RUCLIP, white)
    assert seen.shape == (1, 3, size, size)
    mean, std = torch.tensor(RUCLIP.mean), torch.tensor(RUCLIP.std)
    torch.testing.assert_close(seen[0, :, 0, 0], (1 - mean) / std)
    torch.testing.assert_close(seen[0, :, -1, -1], -mean / std)
