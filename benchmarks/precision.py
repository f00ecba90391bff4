"""The error of each precision of the transformer against float32, on images of `mini`.

    python -m benchmarks.precision

Logits with every code given (teacher forcing), of the whole sequence at once: root mean square
error as a share of their spread.  Perplexities of the same codes, decoded step by step through the
KV cache: mean relative error.  16-bit floats without the blocks that oneDNN packs, so
that float16, which is the choice on a GPU, goes on any CPU.
"""

import copy
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.timing import CPU
from emojich_core.bundles.bundle import load_bundle
from emojich_core.inference.precision import offered, prepare
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImagePrompt, Slots, generate, prefill
from emojich_core.networks.tokenizer import Tokenizer
from emojich_core.networks.transformer import Transformer
from emojich_core.pipeline import load_network

PROMPTS = ("кот", "красная роза", "ракета", "кот в шляпе", "синий дом", "пицца")
SEEDS = [1, 2]  # of each


class Image(NamedTuple):
    """Token ids of a text, and the codes of its image."""

    text: Tensor
    codes: Tensor


def variants(model: Transformer) -> Iterable[tuple[str, Transformer]]:
    """The model in each precision."""
    yield "bfloat16", copy.deepcopy(model).bfloat16()
    yield "float16", copy.deepcopy(model).half()
    if "int8" in offered(CPU):
        yield "int8", prepare(copy.deepcopy(model), "int8")


@torch.inference_mode()
def logits(model: Transformer, image: Image) -> Tensor:
    """Of each code (image_seq_length, image_vocab_size), after those before it."""
    known = (model.embed_text(image.text[None]), model.embed_codes(image.codes[None, :-1]))
    features = model(torch.cat(known, dim=1))[:, model.config.prefix_length - 1 :]
    return model.image_logits(features)[0].float()


def score(model: Transformer, image: Image) -> float:
    """The perplexity of the codes."""
    given = ImagePrompt(image.codes, torch.ones_like(image.codes, dtype=torch.bool))
    slots = Slots(model, 1)
    slots.enter(0, prefill(model, image.text), 1, Sampling(), given)
    for _ in image.codes:
        slots.step()
    return slots.image(0).perplexity


def main() -> None:
    """Decode in float32, then score the same codes in each precision."""
    bundle = load_bundle("mini")
    model = load_network(bundle, "transformer", Transformer, CPU, torch.float32)
    tokenizer, length = Tokenizer(bundle.tokenizer), bundle.transformer.text_seq_length
    texts = [tokenizer.encode(prompt, length) for prompt in PROMPTS]
    images = [
        Image(text, image.codes)
        for text in texts
        for image in generate(model, text, SEEDS, bundle.sampling)
    ]
    exact = torch.stack([logits(model, image) for image in images])
    scores = torch.tensor([score(model, image) for image in images])
    print("| precision | error of the logits | of the perplexities |\n| --- | --- | --- |")
    for name, other in variants(model):
        error = torch.stack([logits(other, image) for image in images]) - exact
        drift = torch.tensor([score(other, image) for image in images]) / scores - 1
        share = error.square().mean().sqrt() / exact.std()
        print(f"| {name} | {share:.2%} | {drift.abs().mean():.2%} |")


if __name__ == "__main__":
    main()
