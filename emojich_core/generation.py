"""Sampling: from a text to image codes, one at a time, every image with a generator of its own."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from emojich_core.transformer import KVCache, Transformer


@dataclass(frozen=True)
class Sampling:
    """How codes are drawn from logits.  The defaults are those of ru-dalle's examples."""

    temperature: float = 1.0
    top_k: int = 2048  # only so many of the likeliest codes
    top_p: float = 0.995  # only the likeliest codes that together have this probability

    def __post_init__(self) -> None:
        if self.temperature <= 0 or self.top_k < 1 or not 0 <= self.top_p <= 1:
            raise ValueError("temperature must be above 0, top_k at least 1, top_p 0 to 1")


@dataclass(frozen=True)
class ImagePrompt:
    """Codes that are given rather than drawn: part of another image, for the model to go on from.

    ru-dalle's `ImagePrompts`.
    """

    codes: Tensor  # (image_seq_length,) int64, of the whole image
    given: Tensor  # (image_seq_length,) bool, True where the code is to be kept

    @classmethod
    def borders(
        cls, codes: Tensor, up: int = 0, down: int = 0, left: int = 0, right: int = 0
    ) -> "ImagePrompt":
        """Keep so many rows and columns along each border of an image's codes."""
        side = math.isqrt(codes.numel())
        if min(up, down, left, right) < 0:
            raise ValueError("a border cannot be narrower than nothing")
        free = torch.zeros(side, side, dtype=torch.bool)
        free[up : max(side - down, 0), left : max(side - right, 0)] = True
        return cls(codes.flatten(), ~free.flatten())


@torch.inference_mode()
def generate(
    model: Transformer,
    text: Tensor,
    seeds: list[int],
    sampling: Sampling,
    on_step: Callable[[int], None] = lambda step: None,
    image_prompt: ImagePrompt | None = None,
) -> tuple[Tensor, Tensor]:
    """Draw one image for each seed, all from the same text and, if given, parts of an image.

    `text` (text_seq_length,) token ids, `on_step` is called with the number of codes drawn so far.
    Returns codes (len(seeds), image_seq_length), int64, and their perplexities (len(seeds),).
    An image depends on the text and its own seed only, not on the others of the batch.
    """
    config, device = model.config, text.device
    generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
    batch, prefix = len(seeds), config.prefix_length

    # The text is the same for all: compute it once, then let every image go on from there.
    embeddings = model.embed_text(text[None])
    text_cache = KVCache(config, 1, embeddings)
    features = model(embeddings, 0, text_cache)[:, -1].expand(batch, -1)
    cache = text_cache.expanded(batch, prefix)

    codes = torch.empty(batch, config.image_seq_length, dtype=torch.long, device=device)
    losses = torch.empty(batch, config.image_seq_length, device=device)
    given = [] if image_prompt is None else image_prompt.given.tolist()
    for step in range(config.image_seq_length):
        logits = model.image_logits(features).float()
        if image_prompt is not None and given[step]:
            codes[:, step] = image_prompt.codes[step]
        else:
            codes[:, step] = sample(logits, sampling, generators)
        losses[:, step] = F.cross_entropy(logits, codes[:, step], reduction="none")
        on_step(step + 1)
        if step + 1 < config.image_seq_length:
            embedded = model.embed_codes(codes[:, step : step + 1], start=step)
            features = model(embedded, prefix + step, cache)[:, -1]
    return codes, perplexity(losses if config.layout == "v2" else losses[:, 1:])


def sample(logits: Tensor, sampling: Sampling, generators: list[torch.Generator]) -> Tensor:
    """One code per row of logits (B, V), each row with its own generator → (B,)."""
    kept = filter_logits(logits / sampling.temperature, sampling.top_k, sampling.top_p)
    probabilities = kept.softmax(dim=-1)
    # The race of exponentials draws from the same distribution as multinomial(), without its
    # look back at the host.
    noise = torch.empty_like(probabilities)
    for row, generator in zip(noise, generators, strict=True):
        row.exponential_(generator=generator)
    return (probabilities / noise).argmax(dim=-1)


def filter_logits(logits: Tensor, top_k: int, top_p: float) -> Tensor:
    """Set to -inf all but the `top_k` likeliest, and of those all past probability `top_p`.

    Nucleus sampling (Holtzman et al. 2020, arXiv 1904.09751): the code that crosses `top_p` stays.
    So do those as likely as the last of the `top_k`; in float16 there are many.
    """
    least = logits.topk(min(top_k, logits.shape[-1]), dim=-1).values[..., -1:]
    values, indices = logits.masked_fill(logits < least, -torch.inf).sort(dim=-1, descending=True)
    before = F.pad(values.softmax(dim=-1).cumsum(dim=-1)[..., :-1], (1, 0))
    return torch.empty_like(logits).scatter(
        -1, indices, values.masked_fill(before > top_p, -torch.inf)
    )


def perplexity(losses: Tensor) -> Tensor:
    """Score of images from the losses (B, N) of their codes, as ru-dalle ranks: lower is better.

    The mean of the inverse probabilities, so a single unlikely code weighs much: it tends to be a
    visible flaw.
    """
    return losses.exp().mean(dim=-1)
