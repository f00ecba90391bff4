"""The judge's scores equal those of ruCLIP 0.0.2: tokens, pictures, features, cosines."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ruclip
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import to_tensor

from emojich_core.bundles.convert import convert
from emojich_core.networks.ruclip import (
    TEMPLATES,
    RuCLIP,
    RuCLIPConfig,
    preprocess,
    similarity,
    text_feature,
)
from emojich_core.networks.tokenizer import Tokenizer
from parity.compare import Compare, differing, largest
from parity.reference import BPE, randomise

NUMBERS: dict[str, Any] = {
    "embed_dim": 48,
    "image_resolution": 64,
    "vision_layers": 3,
    "vision_width": 128,
    "vision_patch_size": 16,
    "context_length": 32,
    "vocab_size": 2000,
    "transformer_width": 96,
    "transformer_heads": 4,
    "transformer_layers": 3,
}
CONFIG = RuCLIPConfig(**NUMBERS)
PUBLISHED: dict[str, Any] = {  # ViT-B/32 for pictures of 384 pixels
    "embed_dim": 512,
    "image_resolution": 384,
    "vision_layers": 12,
    "vision_width": 768,
    "vision_patch_size": 32,
    "context_length": 77,
    "vocab_size": 49408,
    "transformer_width": 512,
    "transformer_heads": 8,
    "transformer_layers": 12,
}
PROMPTS = ("кот", "  Ёжик в ТУМАНЕ ", "много слов: " + "красная роза и синий шар " * 9)
SIZE = "3 + 3 layers"


@pytest.fixture(scope="module")
def models() -> tuple[ruclip.CLIP, RuCLIP]:
    """The network of ruCLIP and ours, with the same weights."""
    theirs = ruclip.CLIP(**NUMBERS).eval()
    randomise(theirs, seed=0)
    ours = RuCLIP(CONFIG).eval()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


@pytest.fixture(scope="module")
def predictor(models: tuple[ruclip.CLIP, RuCLIP]) -> ruclip.Predictor:
    return ruclip.Predictor(models[0], _processor(), "cpu", quiet=True)


def _processor(mean: list[float] | None = None, std: list[float] | None = None) -> Any:
    return ruclip.RuCLIPProcessor(
        str(BPE), CONFIG.image_resolution, CONFIG.context_length, mean, std
    )


def pictures(side: int, count: int = 3) -> list[Image.Image]:
    """Noise on a ramp: fine detail, and colours that differ from one picture to the next."""
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 200, side)[None, :, None]
    made = [
        ramp * random.random(3) + random.integers(56, size=(side, side, 3)) for _ in range(count)
    ]
    return [Image.fromarray(pixels.astype(np.uint8)) for pixels in made]


def tensors(images: list[Image.Image]) -> Tensor:
    return torch.stack([to_tensor(image) for image in images])


def test_checkpoint_of_the_published_size_has_the_same_names() -> None:
    with torch.device("meta"):
        theirs = ruclip.CLIP(**PUBLISHED).state_dict()
        ours = RuCLIP(RuCLIPConfig(**PUBLISHED)).state_dict()
    assert len(theirs) == 302
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}


def test_ids_of_texts_equal_ruclip(compare: Compare) -> None:
    """The last prompt is longer than the context."""
    processor, tokenizer = _processor(), Tokenizer(BPE)
    texts = [each.format(prompt.lower().strip()) for prompt in PROMPTS for each in TEMPLATES]
    compare(
        "ruCLIP: ids of texts",
        f"{len(texts)} texts, {CONFIG.context_length} ids",
        ours=lambda: torch.stack(
            [tokenizer.encode(text, CONFIG.context_length, keep_eos=True) for text in texts]
        ),
        theirs=lambda: processor(text=texts)["input_ids"],
        error=differing,
    )


def test_templates_equal_ruclip(predictor: ruclip.Predictor) -> None:
    assert tuple(predictor.templates) == TEMPLATES


@pytest.mark.parametrize("mean", [None, [0.5, 0.4, 0.3]])
def test_pictures_of_the_right_size_are_normalised_as_by_ruclip(
    mean: list[float] | None, compare: Compare
) -> None:
    std = mean and [0.2, 0.3, 0.25]
    config = RuCLIPConfig(**NUMBERS, mean=tuple(mean), std=tuple(std)) if mean and std else CONFIG
    images = pictures(CONFIG.image_resolution)
    compare(
        "ruCLIP: pictures",
        f"{CONFIG.image_resolution}×{CONFIG.image_resolution}, mean {'own' if mean else 'CLIP'}",
        ours=lambda: preprocess(config, tensors(images)),
        theirs=lambda: _processor(mean, std)(images=images)["pixel_values"],
        error=largest,
        limit=1e-6,
    )


@pytest.mark.parametrize("side", [32, 150, 512])
def test_resized_pictures_equal_ruclip(side: int, compare: Compare) -> None:
    """PIL rounds to 8 bits after each of its two passes, Emojich does not: 1 of 255 at most."""
    images, std = pictures(side), torch.tensor(CONFIG.std)[:, None, None]
    compare(
        "ruCLIP: resized pictures, of 255",
        f"{side}×{side} → {CONFIG.image_resolution}×{CONFIG.image_resolution}",
        ours=lambda: preprocess(CONFIG, tensors(images)) * std * 255,
        theirs=lambda: _processor()(images=images)["pixel_values"] * std * 255,
        error=largest,
        limit=1.001,
    )


@pytest.mark.parametrize(("side", "limit"), [(CONFIG.image_resolution, 1e-5), (512, 1e-3)])
def test_similarities_equal_ruclip(
    side: int,
    limit: float,
    models: tuple[ruclip.CLIP, RuCLIP],
    predictor: ruclip.Predictor,
    compare: Compare,
) -> None:
    """Where pictures are resized, PIL's rounding shows."""
    images, tokenizer = pictures(side, count=10), Tokenizer(BPE)

    def ours() -> Tensor:
        found = [
            similarity(models[1], text_feature(models[1], tokenizer, prompt), tensors(images))
            for prompt in PROMPTS
        ]
        return torch.stack(found)

    def theirs() -> Tensor:
        latents = predictor.get_text_latents(list(PROMPTS))
        return latents @ predictor.get_image_latents(images).t()

    assert theirs().std() > 0.05, "random weights tell these pictures apart"
    compare(
        "ruCLIP: cosines",
        f"{SIZE}, {len(PROMPTS)} × {len(images)}, {side}×{side}",
        ours=ours,
        theirs=theirs,
        error=largest,
        limit=limit,
    )


def test_published_converter_reads_a_checkpoint_of_ruclip(
    models: tuple[ruclip.CLIP, RuCLIP], tmp_path: Path
) -> None:
    theirs, _ = models
    torch.save(theirs.state_dict(), tmp_path / "pytorch_model.bin")
    tensors = convert("judge", CONFIG, tmp_path / "pytorch_model.bin")
    assert all(tensor.equal(theirs.state_dict()[key]) for key, tensor in tensors.items())
