"""The transformer's precision, and the memory layout of its weights.

A step reads all weights once and computes little with each, so reading them takes most of its time:
half the bytes, half the time.

| precision | weights of the layers | activations | keys and values |
| --- | --- | --- | --- |
| float32, bfloat16, float16 | the same | the same | the same |
| int8, on a CPU with VNNI | 8 bits, a scale for each output | float32 | bfloat16 |
| the same without AMX and without `step.c` | the same | float32 | float32 |

Against float32, on the codes of 12 images that `mini` drew (`python -m benchmarks.precision`): root
mean square error of the logits as a share of their spread, mean relative error of the perplexities.

| precision | logits | perplexities |
| --- | --- | --- |
| float16 | 0.2 % | 0.03 % |
| bfloat16 | 1.7 % | 0.2 % |
| int8 | 2.6 % | 0.2 % |

With int8, on a CPU with VNNI and without AMX, the dense blocks of a large Real-ESRGAN are computed
in int8, too, where that keeps its pictures: see int8_upscaler.py.

On a CPU the weights are packed once, into the blocks that oneDNN reads.
"""

import os
from reprlib import repr as short
from typing import cast

import torch
from torch import Tensor, nn

from emojich_core.bundles.bundle import BundleError
from emojich_core.inference import kernels
from emojich_core.inference.int8 import Int8Linear, VnniLayer, VnniLinear
from emojich_core.model_options import Precision
from emojich_core.networks.transformer import Layer, Transformer, TransformerConfig

BIG = 500_000_000  # parameters
ROWS = 8  # oneDNN packs for this number of rows of inputs, and then takes any


def choose(wanted: str | None, device: torch.device, config: TransformerConfig) -> Precision:
    """The precision `wanted`, else EMOJICH_PRECISION, else the default for device and size.

    Raises BundleError for a precision that the device does not have.
    """
    name = wanted or os.environ.get("EMOJICH_PRECISION") or _default(device, config)
    names = offered(device)
    if name not in names:
        message = f"EMOJICH_PRECISION {short(name)} is not for {device.type}"
        raise BundleError(f"{message}: set one of {', '.join(names)}, or leave it unset.")
    return name


def _default(device: torch.device, config: TransformerConfig) -> Precision:
    if device.type != "cpu":
        return "float16"
    parameters = 12 * config.num_layers * config.hidden_size**2  # of the matrices in the layers
    return "int8" if parameters >= BIG and "int8" in offered(device) else "float32"


def offered(device: torch.device) -> list[Precision]:
    """The precisions that a device has fast kernels for.

    oneDNN cannot pack weights in a format that the CPU cannot multiply.  It packs 8 bits without
    VNNI, too, but then takes a thousand times as long.
    """
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():  # weights stay unpacked
        return ["float32", "bfloat16", "float16"]
    on_cpu: dict[Precision, bool] = {
        "float32": True,
        "bfloat16": torch.ops.mkldnn._is_mkldnn_bf16_supported(),
        "float16": torch.ops.mkldnn._is_mkldnn_fp16_supported(),
        "int8": torch.cpu._is_vnni_supported(),
    }
    return [precision for precision, has in on_cpu.items() if has]


def stages_dtype(device: torch.device) -> torch.dtype:
    """The dtype of the networks after the transformer."""
    return torch.float32 if device.type == "cpu" else torch.float16


def cpu_has_bfloat16() -> bool:
    """Whether this CPU has instructions for products in bfloat16; without them they are slow."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def renders_in_bfloat16(device: torch.device) -> bool:
    """Whether VQGAN decoder and Real-ESRGAN multiply in bfloat16: on a CPU that has it.

    With AMX they take 0.4 of the time; with AVX-512's instructions the stages after the transformer
    take 0.6 for four images of `mini`.  A channel of the pictures changes by 0.2 of 255 in the
    mean, by 4 at most.  The U-Net gains little by it, and its alpha would change more.
    """
    return device.type == "cpu" and cpu_has_bfloat16()


def stored_as(precision: Precision) -> torch.dtype | None:
    """The dtype to load weights in before `prepare`; None: the stored one."""
    return None if precision == "int8" else getattr(torch, precision)


def prepare(model: Transformer, precision: Precision) -> Transformer:
    """Pack a transformer, loaded in `stored_as`, for inference; it cannot be trained any more.

    It packs layer by layer, so that two copies of all weights never exist together.
    """
    weight = model.image_embeddings.weight
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return model
    compiled = (
        precision == "int8"
        and kernels.library() is not None
        and model.config.hidden_size % kernels.INPUTS == 0
    )
    packed = PackedLinear if precision != "int8" else VnniLinear if compiled else Int8Linear
    for module in list(model.transformer.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, packed(child.weight, child.bias))
    logits, text = cast(nn.Linear, model.to_logits[1]), model.config.vocab_size
    model.image_head = packed(logits.weight[text:], logits.bias[text:])
    model.to_logits[1] = nn.Identity()  # inference needs no text logits
    if precision == "int8":
        model.float()
        # PyTorch's attention in bfloat16 is slow without AMX: on a Zen 4 a step of 8 slots of the
        # published size takes 277 ms, and 161 ms with keys and values in float32.
        if compiled or torch.cpu._is_amx_tile_supported():
            model.cache_dtype = torch.bfloat16
    if compiled:
        layers = cast(list[Layer], model.transformer.layers)
        model.transformer.layers = nn.ModuleList(VnniLayer(layer) for layer in layers)
    return model


class PackedLinear(nn.Module):
    """A linear layer on a CPU, its weights (outputs, inputs) packed in oneDNN's blocks."""

    def __init__(self, weight: Tensor, bias: Tensor):
        super().__init__()
        self.bias = bias
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)

    def forward(self, x: Tensor) -> Tensor:
        """(…, inputs) → (…, outputs)."""
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
