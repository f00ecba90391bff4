"""The cache keeps what the masks need, and a step through it equals the whole sequence."""

import pytest
import torch

from emojich_core.inference.kv_cache import KVCache, layout_of
from emojich_core.networks.transformer import (
    KeyValues,
    Transformer,
    TransformerConfig,
    attention_masks,
)
from tests.emojich_core.test_transformer import config


@pytest.mark.parametrize("layout", ["v2", "v3"])
@pytest.mark.parametrize("kind", ["row", "column", "conv"])
@pytest.mark.parametrize("side", [8, 12])
def test_every_position_finds_the_keys_its_mask_allows(layout: str, kind: str, side: int) -> None:
    mask = attention_masks(config(layout, side))[kind]  # type: ignore[index]
    places = layout_of(mask)
    occupant: dict[int, int] = {}  # place → position
    for position in range(len(mask)):
        occupant[int(places.write[position])] = position
        row = range(places.size) if places.read is None else places.read[position].tolist()
        found = [occupant[p] for p, seen in zip(row, places.seen[position], strict=True) if seen]
        assert sorted(found) == mask[position].nonzero().squeeze(1).tolist()


def test_a_row_layer_keeps_the_text_and_a_row() -> None:
    published = TransformerConfig()
    sizes = {kind: layout_of(mask).size for kind, mask in attention_masks(published).items()}
    assert sizes["row"] == 128 + 33
    assert sizes["column"] <= 1152


def test_a_slot_takes_less_than_a_dense_cache() -> None:
    numbers = TransformerConfig(hidden_size=32, num_attention_heads=2, vocab_size=16 + 128)
    cache = KVCache(numbers, 1, torch.empty(0))
    dense = 2 * numbers.num_layers * numbers.total_seq_length * numbers.hidden_size * 4
    assert cache.bytes_per_slot <= 0.4 * dense


@pytest.mark.parametrize("layout", ["v2", "v3"])
@pytest.mark.parametrize("known", [0, 50])
def test_one_step_at_a_time_equals_the_whole_sequence(layout: str, known: int) -> None:
    torch.manual_seed(0)
    cfg = config(layout)
    model = Transformer(cfg).eval()
    text = torch.randint(3, 50, (2, 6))
    codes = torch.randint(0, 20, (2, cfg.image_seq_length))
    with torch.inference_mode():
        embeddings = torch.cat((model.embed_text(text), model.embed_codes(codes)), dim=1)
        embeddings = embeddings[:, : cfg.total_seq_length]
        whole = model(embeddings)
        cache, begun = KVCache(cfg, 3, embeddings), cfg.prefix_length + known
        for slot, sequence in ((2, 0), (0, 1)):
            key_values: KeyValues = []
            model(embeddings[sequence : sequence + 1, :begun], key_values)
            cache.fill(slot, key_values)
        steps = []
        for position in range(begun, cfg.total_seq_length):
            now = torch.tensor([position, 0, position])  # slot 1 is empty
            embedded = torch.stack((embeddings[1, position], whole[0, 0], embeddings[0, position]))
            steps.append(model.step(embedded, cache.layers, cache.at(now))[[2, 0]])
    torch.testing.assert_close(torch.stack(steps, dim=1), whole[:, begun:], rtol=1e-4, atol=1e-5)
