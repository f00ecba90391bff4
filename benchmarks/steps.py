"""One decoding step: its time, the share of matrix products, and its lower bound."""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from benchmarks.timing import CPU, median, seconds
from emojich_core.inference.int8 import Int8Linear
from emojich_core.inference.kv_cache import KVCache
from emojich_core.inference.memory import reuse_freed_memory
from emojich_core.inference.precision import Precision, offered, prepare, stored_as
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import Slots, prefill
from emojich_core.networks.transformer import Layer, Transformer, TransformerConfig

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1}  # of a weight


def cpu_precisions() -> list[Precision]:
    """The precisions that a CPU has kernels for; the last one reads the fewest bytes."""
    wanted: tuple[Precision, ...] = ("float32", "bfloat16", "int8")
    return [precision for precision in wanted if precision in offered(CPU)]


def random_model(
    config: TransformerConfig, precision: Precision, device: torch.device = CPU
) -> Transformer:
    """A transformer with random weights that keep activations near 1, ready to draw."""
    dtype = stored_as(precision) or torch.bfloat16
    with torch.device("meta"):
        model = Transformer(config)
    with device:
        weights = {key: _random(key, tensor, dtype) for key, tensor in model.state_dict().items()}
    model.load_state_dict(weights, assign=True)
    return prepare(model.to(device).eval().requires_grad_(False), precision)


def _random(key: str, like: Tensor, dtype: torch.dtype) -> Tensor:
    if like.ndim < 2:
        return torch.full(like.shape, float(key.endswith("weight")), dtype=dtype)
    std = 1.0 if "embeddings" in key else 2 / math.sqrt(like.shape[1])
    return torch.empty(like.shape, dtype=dtype).normal_(std=std)


@dataclass(frozen=True)
class Step:
    """The times of a step."""

    slots: int
    whole: float  # seconds
    products: float  # seconds of its matrix products alone

    @property
    def other_share(self) -> float:
        """The share of the time outside of matrix products."""
        return 1 - self.products / self.whole


def measure(model: Transformer, count: int, rounds: int = 15) -> Step:
    """Measure a step of `count` slots, all of them in use and halfway."""
    reuse_freed_memory()  # as Pipeline.load does
    config = model.config
    text = torch.randint(4, config.vocab_size - config.text_seq_length, (config.text_seq_length,))
    slots, prefilled = Slots(model, count), prefill(model, text)
    for slot in range(count):
        slots.enter(slot, prefilled, slot, Sampling())
    slots._position += config.image_seq_length // 2  # attends to the mean number of places
    whole = median(slots.step, rounds)
    with torch.inference_mode():
        products = median(lambda: _products(model, count), rounds)
    return Step(count, whole, products)


def _products(model: Transformer, rows: int) -> None:
    """Compute every product of a step with weights, on inputs that were made before.

    In int8 the inputs are digits already, because making them is no product.  (The kernels of
    Emojich make them in the same call, in a fiftieth of its time.)
    """
    size, like = model.config.hidden_size, model.image_embeddings.weight
    narrow, wide = like.new_ones(rows, size), like.new_ones(rows, 4 * size)
    if isinstance(model.image_head, Int8Linear):
        narrow, wide = (model.image_head.digits(inputs)[0] for inputs in (narrow, wide))
    for layer in cast(list[Layer], model.transformer.layers):
        _product(layer.attention.query_key_value, narrow)
        _product(layer.attention.dense, narrow)
        _product(layer.mlp.dense_h_to_4h, narrow)
        _product(layer.mlp.dense_4h_to_h, wide)
    _product(cast(nn.Module, model.image_head), narrow)


def _product(layer: nn.Module, inputs: Tensor) -> None:
    (layer.product if isinstance(layer, Int8Linear) else layer)(inputs)


def weight_bytes(config: TransformerConfig, precision: Precision) -> int:
    """Bytes that a step reads: the matrices of the layers and of the image logits."""
    layers = 12 * config.num_layers * config.hidden_size**2
    return (layers + config.image_vocab_size * config.hidden_size) * BYTES[precision]


def cache_bytes(cache: KVCache) -> int:
    """Bytes of keys and values that a step reads, besides the weights."""
    return sum(
        layer.nbytes * cache.places[kind].bias.shape[-1] // layer.shape[2]
        for layer, kind in zip(cache.layers, cache.kinds, strict=True)
    )


def text_seconds(model: Transformer) -> float:
    """Seconds of the prefill of a request, once for all its images."""
    text = torch.full((model.config.text_seq_length,), 5)
    prefill(model, text)
    return seconds(lambda: prefill(model, text))
