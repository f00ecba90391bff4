"""Sampling: the next code from its logits, and the perplexity of an image."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from emojich_core.networks.transformer import Transformer

MAX_GUIDANCE = 20


@dataclass(frozen=True)
class Sampling:
    """How to sample codes from logits.  The defaults are those of ru-dalle's examples.

    Raises ValueError for a number out of range.
    """

    temperature: float = 1.0
    top_k: int = 2048  # sample among this number of the likeliest codes
    top_p: float = 0.995  # and among the likeliest that together have this probability
    # Words for the styles that the model has learned; one goes before the prompt.
    styles: tuple[str, ...] = ()
    # Classifier-free guidance (Ho, Salimans 2022, arXiv 2207.12598): how far logits go from those
    # without a prompt to those with it.  At 1 they are those with it, and guidance costs nothing.
    guidance: float = 1.0

    def __post_init__(self) -> None:
        if self.temperature <= 0 or self.top_k < 1 or not 0 <= self.top_p <= 1:
            raise ValueError("temperature must be above 0, top_k at least 1, top_p 0 to 1")
        if not 1 <= self.guidance <= MAX_GUIDANCE:
            raise ValueError(f"guidance must be 1 to {MAX_GUIDANCE}")

    @property
    def is_guided(self) -> bool:
        """Whether logits without a prompt are needed, too."""
        return self.guidance != 1


def in_style(prompt: str, style: str) -> str:
    """The prompt after the word of a style; the style "" has no word."""
    return f"{style} {prompt}".strip()


def filter_logits(logits: Tensor, top_k: Tensor, top_p: Tensor, largest: int) -> Tensor:
    """Set to -inf all but the `top_k` likeliest, and of those all past probability `top_p`.

    Logits (B, V), `top_k` (B, 1) from 1 to `largest`, at most V, `top_p` (B, 1).  Nucleus sampling
    (Holtzman et al. 2020, arXiv 1904.09751): the code that crosses `top_p` stays.  So do those as
    likely as the last of the `top_k`; in float16 there are many.
    """
    least = logits.topk(largest).values.gather(-1, top_k - 1)
    # The codes that were cut off are sorted, too: so equal codes are in ru-dalle's order, and the
    # same ones stay at the border of `top_p`.
    values, indices = logits.masked_fill(logits < least, -torch.inf).sort(dim=-1, descending=True)
    # At least two rows: a GPU rounds the sums of a single one differently from run to run.
    rows, width = values.shape
    sums = values.softmax(dim=-1).expand(max(rows, 2), width).cumsum(dim=-1)
    before = F.pad(sums[:rows, :-1], (1, 0))
    return torch.empty_like(logits).scatter(
        -1, indices, values.masked_fill(before > top_p, -torch.inf)
    )


def make_noise(noise: Tensor, generators: list[torch.Generator | None]) -> None:
    """Fill each row of `noise` (B, V) from its own generator; rows without one keep their noise."""
    for row, generator in zip(noise, generators, strict=True):
        if generator is not None:
            row.exponential_(generator=generator)


def sample(logits: Tensor, noise: Tensor) -> Tensor:
    """Sample one code for each row of logits (B, V) with exponential noise (B, V) → (B,).

    This has the distribution of multinomial(), which would make the host wait for the GPU.
    """
    return (logits.softmax(dim=-1) / noise).argmax(dim=-1)


def perplexity(losses: Tensor) -> Tensor:
    """Score of images (B,) from the losses (B, N) of their codes, as ru-dalle ranks them.

    Lower is better.  It is the mean of the inverse probabilities, not the usual exp of the mean
    loss: a single unlikely code, often a visible flaw, weighs much.
    """
    return losses.exp().mean(dim=-1)


@torch.inference_mode()
def image_loss(model: Transformer, text: Tensor, codes: Tensor) -> float:
    """Mean cross-entropy of codes (image_seq_length,) after a text (text_seq_length,)."""
    embeddings = torch.cat((model.embed_text(text[None]), model.embed_codes(codes[None])), dim=1)
    features = model(embeddings[:, :-1])[0, model.config.prefix_length - 1 :]
    return F.cross_entropy(model.image_logits(features).float(), codes).item()
