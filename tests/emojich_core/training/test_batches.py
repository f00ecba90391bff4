"""The batches that each trainer gets in a step."""

from pathlib import Path

import numpy as np
import pytest
import torch

from emojich_core.bundles.bundle import load_bundle
from emojich_core.inference.sampling import in_style
from emojich_core.networks.tokenizer import Tokenizer
from emojich_core.networks.vqgan import VQGAN
from emojich_core.pipeline import load_network
from emojich_core.training.data.dataset import Dataset, Row
from emojich_core.training.matting import batch_of
from emojich_core.training.presets import STYLES
from emojich_core.training.transformer import (
    CORRUPTED,
    STYLE_SHARES,
    UNCAPTIONED,
    Data,
    corrupt_codes,
)
from emojich_core.training.upscale import PATCH, patches


def test_half_of_the_images_lose_many_codes_and_the_others_few() -> None:
    torch.manual_seed(0)
    codes = torch.arange(2000)[:, None].expand(2000, 144)  # of each image a code of its own
    lost = (corrupt_codes(codes) != codes).float().mean(dim=1)
    many = lost > 2 * CORRUPTED
    assert 0.37 < many.float().mean() < 0.5  # of the half some lose few, by chance
    assert lost.max() > 0.95
    assert 0.5 < lost[many].mean() < 0.65
    assert lost[~many].mean() < CORRUPTED


def test_lost_codes_are_those_of_another_image_in_the_same_places() -> None:
    torch.manual_seed(0)
    codes = torch.stack([torch.arange(144) + 1000 * i for i in range(20)])
    corrupted = corrupt_codes(codes)
    assert (corrupted % 1000 == torch.arange(144)).all()
    for row, image in zip(corrupted // 1000, range(20), strict=True):
        assert len(set(row.tolist()) - {image}) <= 1  # of a single other one


def test_patches_are_the_same_squares_of_both_pictures() -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(256, size=(3, 60, 60, 3), dtype=np.uint8)
    large = small.repeat(4, axis=1).repeat(4, axis=2)
    x, y = patches(small, large, rng, 16)
    assert x.shape == (16, 3, PATCH, PATCH)
    assert y.equal(x.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3))
    assert 0 <= x.min() < 0.01
    assert 0.99 < x.max() <= 1


def test_pictures_to_cut_out_lie_as_their_alphas_do() -> None:
    clean = np.zeros((2, 32, 32, 4), np.uint8)
    clean[0, 4:20, 3:12] = (200, 30, 40, 255)
    clean[1, 10:30, 8:28] = (30, 60, 90, 255)
    real = clean[..., :3] + (255 - clean[..., 3:])  # as they stand on white
    x, alpha = batch_of(real, clean, np.random.default_rng(0), 40)
    assert x.shape == (40, 3, 32, 32)
    assert alpha.shape == (40, 32, 32)
    dark = x.mean(dim=1) < 0.75  # white stays nearly white in every recolouring
    assert (dark == (alpha > 0.5)).float().mean() > 0.99
    _, alpha = batch_of(real[:1], clean[:1], np.random.default_rng(0), 40)
    left = alpha[:, :, :16].sum(dim=(1, 2)) > alpha[:, :, 16:].sum(dim=(1, 2))
    assert 0.25 < left.float().mean() < 0.75  # the others are mirrored
    assert len({tuple(image[:, 15, 10].tolist()) for image in x}) > 20  # colours are shifted


def test_batch_has_style_words_and_some_empty_captions(
    tmp_path: Path,
) -> None:
    rows = [
        Row("plain", style, (f"{number}",), None, {"кот": 1.0}, (), 1.0)
        for number, style in enumerate(STYLE_SHARES)
    ]
    bundle = load_bundle("mini")
    pictures = np.zeros((len(rows), bundle.vqgan.resolution, bundle.vqgan.resolution, 4), np.uint8)
    pictures[..., 3] = 255
    for number, picture in enumerate(pictures):
        picture[..., number] = 200  # each in a colour of its own
    vqgan = load_network(bundle, "vqgan", VQGAN, torch.device("cpu"), torch.float32)
    tokenizer = Tokenizer(bundle.tokenizer)
    data = Data(Dataset(pictures, rows), vqgan, tokenizer, tmp_path / "codes.npy")

    text, codes, targets = data.sample(np.random.default_rng(0), 2000)
    assert text.shape == (2000, bundle.transformer.text_seq_length)
    assert len(codes) == len(targets) == 2000
    for number, (style, share) in enumerate(STYLE_SHARES.items()):
        mine = (codes == data.codes[number]).all(dim=1)
        assert mine.sum().item() == round(2000 * share)
        said = [in_style(caption, STYLES[style]) for caption in ("кот", "")]
        encoded = [tokenizer.encode(each, bundle.transformer.text_seq_length) for each in said]
        captioned, empty = ((text[mine] == each).all(dim=1).float().mean() for each in encoded)
        assert captioned + empty == 1
        assert empty == pytest.approx(UNCAPTIONED, abs=0.04)
