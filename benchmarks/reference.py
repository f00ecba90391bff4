"""Times ru-dalle 1.1.3: a few steps, from which the time of a whole generation is interpolated.

Runs where parity/ runs, with the same models.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from rudalle.dalle.model import DalleModel
from torch import Tensor
from transformers import top_k_top_p_filtering

from benchmarks.timing import seconds
from emojich_core.networks.transformer import TransformerConfig
from parity.reference import causal_mask, sequence

POSITIONS = 5

Cache = dict[int, tuple[Tensor, ...]]  # by layer


@dataclass(frozen=True)
class GenerationTimes:
    """Seconds of steps, by the number of codes before them, and of the pass that scores images."""

    steps: dict[int, float]
    scoring: float
    length: int  # codes of an image

    @property
    def whole(self) -> float:
        """Seconds of the whole generation, interpolated linearly between the timed steps."""
        known = sorted(self.steps)
        areas = ((b - a) * (self.steps[a] + self.steps[b]) / 2 for a, b in pairwise(known))
        return sum(areas) * self.length / (known[-1] - known[0]) + self.scoring


@torch.no_grad()
def time_generation(
    model: DalleModel, config: TransformerConfig, counts: tuple[int, ...]
) -> dict[int, GenerationTimes]:
    """Time steps at POSITIONS positions from the first code to the last, for batches of `counts`.

    The keys and values at each position come from one pass over a whole image, cut to length.  That
    pass is the scoring of one image; scoring n images takes n times as long.
    """
    length = config.image_seq_length
    text, codes = sequence(config, 1)
    cache: Cache = {}

    def score() -> None:
        ids = torch.cat((text, codes), dim=1)
        cache.update(model(ids, causal_mask(model, 1), use_cache=True)[1])

    scoring = seconds(score)
    known = [max(1, i * (length - 1) // (POSITIONS - 1)) for i in range(POSITIONS)]
    return {
        count: GenerationTimes(
            {
                k: _step_at(model, torch.cat((text, codes[:, :k]), dim=1), cache, count)
                for k in known
            },
            count * scoring,
            length,
        )
        for count in counts
    }


def _step_at(model: DalleModel, ids: Tensor, cache: Cache, count: int) -> float:
    """Seconds of the step that has these ids (1, L), for `count` images; the better of two."""
    before = ids.shape[1] - 1 + (model.hf_version == "v2")
    cut = {
        layer: tuple(
            part[..., :before, :].expand(count, *part.shape[1:-2], -1, -1) for part in parts
        )
        for layer, parts in cache.items()
    }
    ids, mask = ids.expand(count, -1), causal_mask(model, count)
    # Each call gets its own dictionary, because the step writes to it.
    return min(seconds(lambda: _step(model, ids, mask, dict(cut))) for _ in range(2))


def _step(
    model: DalleModel, ids: Tensor, mask: Tensor, cache: dict[int, tuple[Tensor, ...]]
) -> None:
    """One step, as `generate_images` of ru-dalle computes it."""
    logits, _ = model(ids, mask, use_cache=True, cache=cache, return_loss=False)
    logits = top_k_top_p_filtering(logits[:, -1, model.vocab_size :], top_k=2048, top_p=0.995)
    torch.multinomial(logits.softmax(dim=-1), 1)
