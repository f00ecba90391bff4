"""Prompts become the same ids, seeds the same codes, and images get the same scores and order."""

from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from rudalle.dalle.model import DalleModel
from rudalle.pipelines import ce_to_ppl
from rudalle.vae.model import VQGanGumbelVAE
from torch import Tensor
from torchvision.transforms.functional import to_tensor
from transformers import top_k_top_p_filtering

from emojich_core.inference import slots
from emojich_core.inference.sampling import Sampling, filter_logits, make_noise, perplexity
from emojich_core.inference.slots import ImagePrompt, generate
from emojich_core.networks.tokenizer import Tokenizer
from emojich_core.networks.transformer import Transformer
from emojich_core.networks.vqgan import VQGAN
from parity.compare import Compare, differing, largest, relative
from parity.reference import (
    BPE,
    SMALL,
    ImagePrompts,
    Layout,
    ReferenceImages,
    draw,
    tokenizer,
    transformers,
    vqgans,
)

SEED = 42
PROMPT = "Рыжий кот в космосе"


@dataclass
class Models:
    """Both transformers of one layout and size, both VQGANs, and the ids of PROMPT."""

    size: str
    theirs: DalleModel
    ours: Transformer
    their_vqgan: VQGanGumbelVAE
    our_vqgan: VQGAN
    text: Tensor


@pytest.fixture(
    scope="module",
    params=[(layout, side) for layout in ("v2", "v3") for side in (8, 12)],
    ids=lambda param: f"{param[0]} {param[1]}×{param[1]} codes",
)
def models(request: pytest.FixtureRequest) -> Models:
    layout: Layout
    layout, side = request.param
    theirs, ours = transformers(layout, SMALL | {"image_tokens_per_dim": side})
    text = Tokenizer(BPE).encode(PROMPT, ours.config.text_seq_length)
    size = f"{layout}, {side}×{side} codes"
    return Models(size, theirs, ours, *vqgans(dwt=True, ch=32, side=side), text)


@pytest.mark.parametrize("temperature", [1.0, 0.8])
@pytest.mark.parametrize("count", [1, 4])
def test_same_seed_gives_the_images_of_ru_dalle_in_order(
    models: Models,
    count: int,
    temperature: float,
    compare: Compare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sampling = Sampling(temperature)
    assert (sampling.top_k, sampling.top_p) == (2048, 0.995)
    _share_one_generator(monkeypatch)
    results: dict[str, tuple[Tensor, Tensor]] = {}
    drawn: dict[str, ReferenceImages] = {}

    def ours() -> Tensor:
        results["ours"] = _drawn(generate(models.ours, models.text, [SEED] * count, sampling))
        return results["ours"][0]

    def theirs() -> Tensor:
        drawn["theirs"] = draw(models.theirs, models.their_vqgan, PROMPT, count, SEED, sampling)
        return drawn["theirs"].codes

    size = f"{models.size}, {count} at t = {temperature}"
    compare("sampled codes", size, ours=ours, theirs=theirs, error=differing)

    codes, scores = results["ours"]
    reference = drawn["theirs"]
    if models.ours.config.layout == "v2":
        shifted = _score_against_the_next_code(models, codes)
        assert not torch.allclose(shifted, scores, rtol=1e-2)  # so ours is not shifted
        scores = shifted
    compare(
        "images in their order, 8 bit",
        size,
        ours=lambda: _pixels(models.our_vqgan.decode(codes[scores.argsort()])),
        theirs=lambda: reference.images.int(),
        error=largest,
        limit=1,
    )
    compare(
        "perplexities",
        size,
        ours=lambda: scores.sort().values[:, None],
        theirs=lambda: torch.tensor(reference.scores)[:, None],
        error=relative,
        limit=1e-4,  # the exponential makes a relative error of the absolute one of the logits
    )


@pytest.mark.parametrize(
    "kept",
    [
        {"up": 2},
        {"down": 3},
        {"left": 2},
        {"right": 3},
        {"up": 1, "down": 2, "left": 3, "right": 1},
    ],
    ids=lambda kept: " ".join(kept),
)
def test_image_prompts_give_the_images_of_ru_dalle(
    models: Models,
    kept: dict[str, int],
    compare: Compare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Codes along the borders of an image are kept, the others drawn."""
    _share_one_generator(monkeypatch)
    side = models.ours.config.image_tokens_per_dim
    pixels = torch.randint(256, (8 * side, 8 * side, 3), generator=torch.Generator().manual_seed(0))
    picture = Image.fromarray(pixels.byte().numpy())
    given = ImagePrompt.borders(models.our_vqgan.encode(to_tensor(picture)[None])[0], **kept)
    every = {"up": 0, "down": 0, "left": 0, "right": 0} | kept
    compare(
        "sampled codes, image prompt",
        f"{models.size}, {', '.join(kept)}",
        ours=lambda: _drawn(
            generate(models.ours, models.text, [SEED] * 2, Sampling(), image_prompt=given)
        )[0],
        theirs=lambda: (
            draw(
                models.theirs,
                models.their_vqgan,
                PROMPT,
                2,
                SEED,
                Sampling(),
                ImagePrompts(picture, every, models.their_vqgan),
            ).codes
        ),
        error=differing,
    )


def _drawn(images: list[slots.ImageCodes]) -> tuple[Tensor, Tensor]:
    """Codes and perplexities."""
    return (
        torch.stack([image.codes for image in images]),
        torch.tensor([image.perplexity for image in images]),
    )


def _pixels(images: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] → pixels (B, H, W, 3), 0 … 255."""
    return (images * 255).int().permute(0, 2, 3, 1)


def _share_one_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all images of a batch draw from one generator, as they do in ru-dalle.

    In ours each has its own, so that neighbours do not matter; this is the only difference.
    """
    monkeypatch.setattr(
        "emojich_core.inference.slots.make_noise",
        lambda noise, generators: make_noise(noise, generators[:1] * len(generators)),
    )


def _score_against_the_next_code(models: Models, codes: Tensor) -> Tensor:
    """v2 as ru-dalle scores it: the prediction of each code is held against the code after it.

    `generate_images` takes the logits from the position of the last text token on, as is right for
    v3 when codes 1 … are scored.  In v2 BOS moves that position to where code 0 is predicted.
    """
    model = models.ours
    text = models.text.expand(len(codes), -1)
    embeddings = torch.cat((model.embed_text(text), model.embed_codes(codes[:, :-1])), dim=1)
    logits = model.image_logits(model(embeddings)[:, model.config.prefix_length - 1 : -1])
    return perplexity(F.cross_entropy(logits.transpose(1, 2), codes[:, 1:], reduction="none"))


LOGITS = {
    "smooth": lambda noise: noise * 2,
    "peaked": lambda noise: noise * 6,
    # As few digits as float16 has: ties at the last of the top k, and where top p is crossed.
    "with ties": lambda noise: (noise * 128).round() / 64,
}


@pytest.mark.parametrize("kind", LOGITS)
@pytest.mark.parametrize(
    ("top_k", "top_p"), [(2048, 0.995), (2048, 0.9), (100, 0.5), (10_000, 0.995)]
)
def test_top_k_and_top_p_keep_the_codes_of_ru_dalle(
    kind: str, top_k: int, top_p: float, compare: Compare
) -> None:
    noise = torch.randn(64, 8192, generator=torch.Generator().manual_seed(0))
    logits = LOGITS[kind](noise)
    compare(
        "codes that top-k and top-p keep",
        f"{kind}, k = {top_k}, p = {top_p}",
        ours=lambda: filter_logits(
            logits,
            torch.full((64, 1), min(top_k, 8192)),
            torch.full((64, 1), top_p),
            min(top_k, 8192),
        ).isfinite(),
        theirs=lambda: top_k_top_p_filtering(logits.clone(), top_k, top_p).isfinite(),
        error=differing,
    )


def test_scores_of_given_losses_equal_ru_dalle(compare: Compare) -> None:
    losses = torch.rand(4, 1023, generator=torch.Generator().manual_seed(0)) * 12
    compare(
        "perplexity of given losses",
        "4 × 1023 codes",
        ours=lambda: perplexity(losses)[:, None],
        theirs=lambda: ce_to_ppl(losses.clone())[:, None],
        error=relative,
        limit=1e-6,
    )


def test_tokenizer_gives_the_ids_of_ru_dalle(compare: Compare) -> None:
    prompts = ["Кот в космосе", "  ЁЖ, чай и 3 кекса! ", "", "ы" * 40, "кот " * 40, "emoji 🙂"]
    ours, theirs = Tokenizer(BPE), tokenizer(BPE)
    compare(
        "token ids of prompts",
        f"{len(prompts)} prompts",
        ours=lambda: torch.stack([ours.encode(p, 32) for p in prompts]),
        theirs=lambda: torch.stack([theirs.encode_text(p.lower().strip(), 32) for p in prompts]),
        error=differing,
    )
