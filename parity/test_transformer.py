"""Logits of every position and the losses, v2 and v3, without and with the cache."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from rudalle.dalle.model import DalleModel
from torch import Tensor

from emojich_core.inference.kv_cache import KVCache
from emojich_core.networks.transformer import KeyValues, Transformer
from parity.compare import Compare, relative
from parity.reference import SMALL, Layout, causal_mask, sequence, transformers

LIMIT = 1e-5
# In v3 ru-dalle's text loss counts image code 0 as text: there must be that many words.
WORDY = SMALL | {"vocab_size": 8192 + 16}
NUMBERS: dict[str, dict[str, Any]] = {
    "8×8 codes": WORDY | {"image_tokens_per_dim": 8},  # the window of 11 reaches everywhere
    "12×12 codes": WORDY | {"image_tokens_per_dim": 12},
    "published": {},
}
BATCH = {"8×8 codes": 2, "12×12 codes": 2, "published": 1}


@dataclass
class Pair:
    """Both transformers and what they read."""

    size: str
    theirs: DalleModel
    ours: Transformer
    text: Tensor
    codes: Tensor

    def embed(self) -> Tensor:
        """Our embeddings of the whole sequence; v2 has no room for its last code."""
        whole = torch.cat((self.ours.embed_text(self.text), self.ours.embed_codes(self.codes)), 1)
        return whole[:, : self.ours.config.total_seq_length]

    def our_logits(self, features: Tensor) -> Tensor:
        """Over both vocabularies, as ru-dalle's are."""
        return torch.cat((self.ours.text_logits(features), self.ours.image_logits(features)), -1)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((layout, size), marks=[pytest.mark.full] if size == "published" else [])
        for size in NUMBERS
        for layout in ("v2", "v3")
    ],
    ids=lambda param: " ".join(param),
)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    layout: Layout
    layout, size = request.param
    theirs, ours = transformers(layout, NUMBERS[size])
    text, codes = sequence(ours.config, BATCH[size])
    both = Pair(f"{layout}, {size}", theirs, ours, text, codes)
    del theirs, ours
    yield both
    # The published model takes 5 GB and the next one needs the room, while pytest holds on to both.
    vars(both).clear()
    gc.collect()


def test_logits_of_the_whole_sequence_equal_ru_dalle(pair: Pair, compare: Compare) -> None:
    ids, mask = torch.cat((pair.text, pair.codes), 1), causal_mask(pair.theirs, len(pair.text))
    compare(
        "logits, every position",
        pair.size,
        ours=lambda: pair.our_logits(pair.ours(pair.embed())),
        theirs=lambda: pair.theirs(ids, mask)[0],
        error=relative,
        limit=LIMIT,
    )


@pytest.mark.parametrize("known", [0, 2 / 3], ids=["from the text on", "from late on"])
def test_logits_of_single_steps_equal_ru_dalle(pair: Pair, known: float, compare: Compare) -> None:
    """With a share of the codes known, each next one; at the published size, three of them."""
    config = pair.ours.config
    last = config.total_seq_length - config.prefix_length
    first = int(known * last)
    last = min(last, first + 3) if pair.size.endswith("published") else last
    compare(
        "logits, with cache",
        f"{pair.size}, {first} … {last} known",
        ours=lambda: _our_steps(pair, first, last),
        theirs=lambda: _their_steps(pair, first, last),
        error=relative,
        limit=LIMIT,
    )


def _our_steps(pair: Pair, first: int, last: int) -> Tensor:
    """Logits after `first` codes, computed at once, then after each next one up to `last`."""
    embeddings, begun = pair.embed(), pair.ours.config.prefix_length + first
    batch, kept = len(embeddings), KeyValues()
    cache = KVCache(pair.ours.config, batch, embeddings)
    steps = [pair.ours(embeddings[:, :begun], kept)[:, -1]]
    for slot in range(batch):
        cache.fill(slot, [(k[slot : slot + 1], v[slot : slot + 1]) for k, v in kept])
    for position in range(begun, begun + last - first):
        lookups = cache.at(torch.full((batch,), position))
        steps.append(pair.ours.step(embeddings[:, position], cache.layers, lookups))
    return pair.our_logits(torch.stack(steps, dim=1))


def _their_steps(pair: Pair, first: int, last: int) -> Tensor:
    mask, cache, steps = causal_mask(pair.theirs, len(pair.text)), None, []
    for count in range(first, last + 1):
        ids = torch.cat((pair.text, pair.codes[:, :count]), dim=1)
        logits, cache = pair.theirs(ids, mask, use_cache=True, cache=cache)
        steps.append(logits[:, -1])
    return torch.stack(steps, dim=1)


def test_losses_equal_ru_dalle(pair: Pair, compare: Compare) -> None:
    ids, mask = torch.cat((pair.text, pair.codes), 1), causal_mask(pair.theirs, len(pair.text))

    def theirs() -> Tensor:
        _, losses = pair.theirs(ids, mask, return_loss=True)
        return torch.stack((losses["text"], losses["image"]))

    compare(
        "losses of text and image",
        pair.size,
        ours=lambda: torch.stack(pair.ours.losses(pair.text, pair.codes)),
        theirs=theirs,
        error=lambda ours, theirs: relative(ours[:, None], theirs[:, None]),
        limit=LIMIT,
    )
