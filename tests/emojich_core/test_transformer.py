"""The attention masks against their definition, and the logits that follow from them."""

import pytest
import torch

from emojich_core.networks.transformer import (
    Transformer,
    TransformerConfig,
    attention_masks,
    layer_kind,
)


def config(layout: str = "v2", side: int = 12) -> TransformerConfig:
    return TransformerConfig(
        layout=layout,  # type: ignore[arg-type]
        num_layers=4,
        hidden_size=32,
        num_attention_heads=4,
        vocab_size=50 + 6,
        text_seq_length=6,
        image_vocab_size=20,
        image_tokens_per_dim=side,
    )


def may_see(kind: str, layout: str, side: int, query: int, key: int) -> bool:
    """The definition, for image positions (0 is the first pixel): written out, not vectorised."""
    if key > query:
        return False
    if kind == "row":
        return query - key <= side
    if kind == "column":
        return query % side == key % side
    rows = abs(query // side - key // side)
    columns = abs(query % side - key % side)
    if layout == "v2":
        rows, columns = min(rows, side - rows), min(columns, side - columns)
    return rows <= 5 and columns <= 5


@pytest.mark.parametrize("layout", ["v2", "v3"])
@pytest.mark.parametrize("kind", ["row", "column", "conv"])
@pytest.mark.parametrize("side", [8, 12])
def test_masks_follow_their_definition(layout: str, kind: str, side: int) -> None:
    mask = attention_masks(config(layout, side))[kind]  # type: ignore[index]
    text, total = 6, 6 + side * side
    assert mask.shape == (total, total)
    assert mask[:, :text].equal(torch.ones(total, total).tril().bool()[:, :text])
    for query in range(side * side):
        row = [may_see(kind, layout, side, query, key) for key in range(side * side)]
        assert mask[text + query, text:].tolist() == row
    assert not mask[:text, text:].any()


def test_layer_kinds_alternate() -> None:
    kinds = "".join(layer_kind(i, 24)[0] + layer_kind(i, 24)[1] for i in range(24))
    assert kinds == "rocororo" * 5 + "rocoroco"
    assert layer_kind(21, 24) == "column"
    assert layer_kind(23, 24) == "conv"
    assert layer_kind(5, 6) == "column"  # a column layer stays one even if it is the last


def test_training_and_inference_attention_agree() -> None:
    torch.manual_seed(0)
    cfg = config("v2")
    model = Transformer(cfg)
    text, codes = torch.randint(3, 50, (2, 6)), torch.randint(0, 20, (2, cfg.image_seq_length))
    with torch.inference_mode():
        trained, drawn = model.train().losses(text, codes), model.eval().losses(text, codes)
    torch.testing.assert_close(trained, drawn)


def test_padding_has_tokens_of_its_own_and_v2_a_bos() -> None:
    model = Transformer(config("v2"))
    text = torch.tensor([[2, 7, 3, 0, 0, 0]])
    assert model._with_padding_tokens(text).tolist() == [[2, 2, 7, 3, 53, 54, 55]]
    assert Transformer(config("v3"))._with_padding_tokens(text).tolist() == [[2, 7, 3, 53, 54, 55]]


@pytest.mark.parametrize("layout", ["v2", "v3"])
def test_a_later_code_does_not_change_an_earlier_logit(layout: str) -> None:
    torch.manual_seed(0)
    cfg = config(layout)
    model = Transformer(cfg).eval()
    text, codes = torch.randint(3, 50, (1, 6)), torch.randint(0, 20, (1, cfg.image_seq_length))
    other = codes.clone()
    other[:, 60:] = (other[:, 60:] + 1) % 20
    with torch.inference_mode():
        features = [
            model(torch.cat((model.embed_text(text), model.embed_codes(c)), dim=1)[:, :-1])
            for c in (codes, other)
        ]
    cut = cfg.prefix_length + 60
    torch.testing.assert_close(features[0][:, :cut], features[1][:, :cut])
    assert not torch.allclose(features[0][:, cut:], features[1][:, cut:])


def test_losses_are_those_of_the_logits() -> None:
    torch.manual_seed(0)
    cfg = config("v2")
    model = Transformer(cfg).eval()
    text, codes = torch.randint(3, 50, (2, 6)), torch.randint(0, 20, (2, cfg.image_seq_length))
    with torch.inference_mode():
        text_loss, image_loss = model.losses(text, codes)
        embeddings = torch.cat((model.embed_text(text), model.embed_codes(codes)), dim=1)
        logits = model.to_logits(model(embeddings[:, :-1]))
        chosen = logits[:, 6:, 56:].log_softmax(-1).gather(-1, codes[..., None])
        said = logits[:, :6, :56].log_softmax(-1).gather(-1, text[..., None])
    torch.testing.assert_close(image_loss, -chosen.mean())
    torch.testing.assert_close(text_loss, -said.mean())
