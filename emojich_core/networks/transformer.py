"""The ruDALL-E transformer: Russian text, then an image, code by code (arXiv 2112.02448, sect. 3).

A decoder over one sequence, text before image.  Every layer attends to all of the text; of the
image it attends to a part only: the last row's worth of codes, the code's own column, or a window
around it.  The layers alternate, so a few of them carry information from anywhere.

Two layouts of the published checkpoints exist.  In v3 the sequence is text, image.  In v2 a BOS
token stands before the text, which pushes the image by one position against the masks: position p
holds image code p - text_seq_length - 1, and still the masks treat it as pixel p - text_seq_length.
The models were trained that way, so inference does the same.

Parameter names follow the published checkpoints.
"""

from dataclasses import dataclass
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

BOS_ID = 2
CONV_KERNEL = 11
HALF_MAX = 65504.0  # the largest float16


@dataclass(frozen=True)
class TransformerConfig:
    """The numbers of a transformer.  The defaults are the published 1.3 B Emojich."""

    layout: Literal["v2", "v3"] = "v2"
    num_layers: int = 24
    hidden_size: int = 2048
    num_attention_heads: int = 16
    vocab_size: int = 16384 + 128  # text: the BPE's tokens, then one padding token a position
    text_seq_length: int = 128
    image_vocab_size: int = 8192
    image_tokens_per_dim: int = 32

    @property
    def layer_kinds(self) -> "list[Kind]":
        """The kind of mask of each layer."""
        return [layer_kind(i, self.num_layers) for i in range(self.num_layers)]

    @property
    def image_seq_length(self) -> int:
        """How many codes an image has."""
        return self.image_tokens_per_dim**2

    @property
    def total_seq_length(self) -> int:
        """The longest sequence the masks cover."""
        return self.text_seq_length + self.image_seq_length

    @property
    def prefix_length(self) -> int:
        """How many positions come before the first image code."""
        return self.text_seq_length + (1 if self.layout == "v2" else 0)


# --- Masks ----------------------------------------------------------------------------------------


Kind = Literal["row", "column", "conv"]


def layer_kind(layer: int, num_layers: int) -> Kind:
    """A layer's mask: "column" in every fourth layer, "conv" in the last, "row" in the others."""
    if (layer - 1) % 4 == 0:
        return "column"
    return "conv" if layer == num_layers - 1 else "row"


def attention_masks(config: TransformerConfig) -> dict[Kind, Tensor]:
    """The masks (S, S), S = total_seq_length: True where a query (row) may see a key (column)."""
    return {"row": _row_mask(config), "column": _column_mask(config), "conv": _conv_mask(config)}


def _causal(config: TransformerConfig) -> tuple[Tensor, Tensor, Tensor]:
    """Query positions (S, 1), key positions (1, S), and which keys are text (1, S)."""
    # On the CPU even when the model is built on `meta`, because no weights file has the masks.
    positions = torch.arange(config.total_seq_length, device="cpu")
    query, key = positions[:, None], positions[None, :]
    return query, key, key < config.text_seq_length


def _row_mask(config: TransformerConfig) -> Tensor:
    """Text, and the last `image_tokens_per_dim` codes before the query."""
    query, key, is_text = _causal(config)
    near = query - key <= config.image_tokens_per_dim
    return (key <= query) & (is_text | near)


def _column_mask(config: TransformerConfig) -> Tensor:
    """Text, and the codes above the query."""
    query, key, is_text = _causal(config)
    same_column = (query - key) % config.image_tokens_per_dim == 0
    return (key <= query) & (is_text | same_column)


def _conv_mask(config: TransformerConfig) -> Tensor:
    """Text, and a window around the query; v2 wraps it at the borders, v3 cuts it off."""
    query, key, is_text = _causal(config)
    side, reach = config.image_tokens_per_dim, CONV_KERNEL // 2
    pixel = query[:, 0] - config.text_seq_length
    near = torch.ones_like(key <= query)
    for axis in (pixel // side, pixel % side):
        distance = (axis[:, None] - axis[None, :]).abs()
        if config.layout == "v2":
            distance = torch.minimum(distance, side - distance)
        near &= distance <= reach
    return (key <= query) & (is_text | near)


# --- Layers ---------------------------------------------------------------------------------------


# Keys and values (B, L, H) of each layer, for the first L positions.
KeyValues = list[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Lookup:
    """Where a layer finds keys and values in its cache; each sequence has its own position.

    Places are numbered across sequences: those of the second follow those of the first.
    """

    write: Tensor  # (B,) the place for the position's own key and value
    read: Tensor | None  # (B·W,) the places to read; None: all
    bias: Tensor  # (B, 1, 1, W) 0 where the mask lets the position attend, else -inf


def _attention_to_train(q: Tensor, k: Tensor, v: Tensor, attn_mask: Tensor) -> Tensor:
    """`scaled_dot_product_attention`, written out: (B, heads, L, width) → the same.

    On a CPU the backward pass of PyTorch's fused kernel takes a third of a training step; that of
    this function, compiled, a tenth.
    """
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    return scores.masked_fill(~attn_mask, -1e4).softmax(dim=-1).to(v.dtype) @ v


class SelfAttention(nn.Module):
    """Multi-head attention under a mask.

    The checkpoints were trained with PB-relax (CogView, arXiv 2105.13290, section 2.4): scores are
    divided, shifted by their maximum and multiplied again, so that float16 does not overflow.  The
    softmax is the same without it, and PyTorch's attention keeps scores in float32.
    """

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.heads = config.num_attention_heads
        self.query_key_value = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, mask: Tensor, key_values: KeyValues | None = None) -> Tensor:
        """(B, L, H) → (B, L, H); appends the keys and values to `key_values`."""
        q, k, v = self.query_key_value(x).chunk(3, dim=-1)
        if key_values is not None:
            key_values.append((k, v))
        on_cpu = x.device.type == "cpu"
        attend = _attention_to_train if self.training and on_cpu else F.scaled_dot_product_attention
        length = x.shape[1]
        q, k, v = map(self._heads, (q, k, v))
        return self._merge(attend(q, k, v, attn_mask=mask[:length, :length]))

    def step(self, x: Tensor, cache: Tensor, lookup: Lookup) -> Tensor:
        """(B, 1, H) → (B, 1, H): one position of each sequence, with the others in the cache."""
        q, *computed = self.query_key_value(x).to(cache.dtype).chunk(3, dim=-1)
        k, v = map(self._update_cache, cache, computed, (lookup, lookup))
        out = F.scaled_dot_product_attention(self._heads(q), k, v, attn_mask=lookup.bias)
        return self._merge(out.to(x.dtype))

    def _update_cache(self, part: Tensor, computed: Tensor, lookup: Lookup) -> Tensor:
        """Write new keys or values (B, 1, H), then read those attended to (B, heads, W, width).

        Copying whole rows of H numbers takes a tenth of the time of picking them by head.
        """
        places = part.flatten(0, 1)
        places.index_copy_(0, lookup.write, computed.squeeze(1))
        if lookup.read is not None:
            part = places.index_select(0, lookup.read).unflatten(0, (len(part), -1))
        return self._heads(part)

    def _heads(self, x: Tensor) -> Tensor:
        """(B, L, H) → (B, heads, L, width)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _merge(self, out: Tensor) -> Tensor:
        """(B, heads, L, width) → (B, L, H), within what float16 holds."""
        return self.dense(out.transpose(1, 2).flatten(2)).clamp(-HALF_MAX, HALF_MAX)


class MLP(nn.Module):
    """Feed-forward layer with an inner width of 4 H: (…, H) → (…, H)."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.dense_h_to_4h = nn.Linear(config.hidden_size, 4 * config.hidden_size)
        self.dense_4h_to_h = nn.Linear(4 * config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense_4h_to_h(F.gelu(self.dense_h_to_4h(x), approximate="tanh"))


class Layer(nn.Module):
    """Attention and MLP, each between two layer norms ("sandwich", CogView, arXiv 2105.13290).

    (B, L, H) → (B, L, H); `step` as that of SelfAttention.
    """

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(config.hidden_size)
        self.before_first_addition_layernorm = nn.LayerNorm(config.hidden_size)
        self.before_second_addition_layernorm = nn.LayerNorm(config.hidden_size)
        self.attention = SelfAttention(config)
        self.post_attention_layernorm = nn.LayerNorm(config.hidden_size)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, mask: Tensor, key_values: KeyValues | None = None) -> Tensor:
        return self._add(x, self.attention(self.input_layernorm(x), mask, key_values))

    def step(self, x: Tensor, cache: Tensor, lookup: Lookup) -> Tensor:
        return self._add(x, self.attention.step(self.input_layernorm(x), cache, lookup))

    def _add(self, x: Tensor, attended: Tensor) -> Tensor:
        x = x + self.before_first_addition_layernorm(attended)
        fed = self.mlp(self.post_attention_layernorm(x))
        return x + self.before_second_addition_layernorm(fed)


class Stack(nn.Module):
    """All layers, each under its mask, and the norm after them: (B, L, H) → (B, L, H)."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.final_layernorm = nn.LayerNorm(config.hidden_size)
        # Masks follow from the configuration, so no checkpoint has them.
        for kind, mask in attention_masks(config).items():
            self.register_buffer(f"{kind}_mask", mask, persistent=False)
        self.kinds = config.layer_kinds
        # True trains in a fraction of the memory: the backward pass computes the layers again.
        self.checkpointing = False

    def forward(self, x: Tensor, key_values: KeyValues | None = None) -> Tensor:
        for layer, kind in zip(self.layers, self.kinds, strict=True):
            inputs = (x, self.get_buffer(f"{kind}_mask"), key_values)
            if self.checkpointing and torch.is_grad_enabled():
                x = checkpoint(layer, *inputs, use_reentrant=False)
            else:
                x = layer(*inputs)
        return self.final_layernorm(x)

    def step(self, x: Tensor, cache: list[Tensor], lookups: dict[Kind, Lookup]) -> Tensor:
        for layer, kind, layer_cache in zip(self.layers, self.kinds, cache, strict=True):
            x = cast(Layer, layer).step(x, layer_cache, lookups[kind])
        return self.final_layernorm(x)


# --- The model ------------------------------------------------------------------------------------


class Transformer(nn.Module):
    """Embeddings, layers, and the projection to logits of the text and image vocabularies."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.config = config
        size, side = config.hidden_size, config.image_tokens_per_dim
        self.text_embeddings = nn.Embedding(config.vocab_size, size)
        self.image_embeddings = nn.Embedding(config.image_vocab_size, size)
        self.text_pos_embeddings = nn.Embedding(config.text_seq_length + 1, size)
        self.image_row_embeddings = nn.Embedding(side, size)
        self.image_col_embeddings = nn.Embedding(side, size)
        self.transformer = Stack(config)
        self.to_logits = nn.Sequential(
            nn.LayerNorm(size), nn.Linear(size, config.vocab_size + config.image_vocab_size)
        )
        # For inference only; see precision.py.
        self.image_head: nn.Module | None = None  # replaces the image rows of `to_logits`
        self.cache_dtype: torch.dtype | None = None  # of the KV cache; None: the model's

    def embed_text(self, text: Tensor) -> Tensor:
        """Token ids (B, text_seq_length), 0 for padding → embeddings (B, prefix_length, H)."""
        text = self._with_padding_tokens(text)
        positions = torch.arange(text.shape[1], device=text.device)
        return self.text_embeddings(text) + self.text_pos_embeddings(positions)

    def embed_codes(self, codes: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Image codes (B, L) → (B, L, H).

        `numbers` (B, L) are the codes' places in the image; by default 0 to L - 1.
        """
        if numbers is None:
            numbers = torch.arange(codes.shape[1], device=codes.device)
        side = self.config.image_tokens_per_dim
        rows = self.image_row_embeddings(numbers // side)
        columns = self.image_col_embeddings(numbers % side)
        return self.image_embeddings(codes) + (rows + columns)

    def forward(self, embeddings: Tensor, key_values: KeyValues | None = None) -> Tensor:
        """Embeddings (B, L, H) of the first L positions → features (B, L, H).

        Appends each layer's keys and values to `key_values`, for `KVCache.fill`.
        """
        return self.transformer(embeddings, key_values)

    def step(self, embeddings: Tensor, cache: list[Tensor], lookups: dict[Kind, Lookup]) -> Tensor:
        """Embeddings (B, H) of one position each → features (B, H).

        Reads the keys and values of earlier positions from the layers' caches, and adds its own.
        """
        return self.transformer.step(embeddings[:, None], cache, lookups)[:, 0]

    def text_logits(self, features: Tensor) -> Tensor:
        """Features (…, H) → logits of the text vocabulary alone (…, vocab_size)."""
        return self._logits(features, slice(None, self.config.vocab_size))

    def image_logits(self, features: Tensor) -> Tensor:
        """Features (…, H) → logits of the image vocabulary alone (…, image_vocab_size)."""
        if self.image_head is not None:
            return self.image_head(self.to_logits[0](features))
        return self._logits(features, slice(self.config.vocab_size, None))

    def losses(
        self, text: Tensor, codes: Tensor, seen: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Mean cross-entropy of the text and of the image, with teacher forcing, as in ru-dalle.

        `text` (B, text_seq_length) token ids, `codes` (B, image_seq_length) the targets, `seen` the
        inputs in their place, by default `codes` themselves.
        In v3 image code 0 counts as text, as in the training of the checkpoints.
        """
        config = self.config
        seen = codes if seen is None else seen
        embeddings = torch.cat((self.embed_text(text), self.embed_codes(seen)), dim=1)
        features = self(embeddings[:, : config.total_seq_length])
        labels = torch.cat((self._with_padding_tokens(text)[:, 1:], codes), dim=1)
        split = config.text_seq_length
        text_logits = self.text_logits(features[:, :split]).float()
        image_logits = self.image_logits(features[:, split : labels.shape[1]]).float()
        return (
            F.cross_entropy(text_logits.flatten(0, 1), labels[:, :split].flatten()),
            F.cross_entropy(image_logits.flatten(0, 1), labels[:, split:].flatten()),
        )

    def _logits(self, features: Tensor, vocabulary: slice) -> Tensor:
        norm, linear = cast(nn.LayerNorm, self.to_logits[0]), cast(nn.Linear, self.to_logits[1])
        return F.linear(norm(features), linear.weight[vocabulary], linear.bias[vocabulary])

    def _with_padding_tokens(self, text: Tensor) -> Tensor:
        """Replace padding by each position's own padding token; for v2, put BOS in front."""
        config = self.config
        padding = torch.arange(config.text_seq_length, device=text.device)
        padding = padding + (config.vocab_size - config.text_seq_length)
        text = torch.where(text == 0, padding, text)
        return F.pad(text, (1, 0), value=BOS_ID) if config.layout == "v2" else text
