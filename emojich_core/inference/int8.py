"""Layers with weights of 8 bits, a scale for each output, on a CPU.

Each input becomes a number of two digits, high + low / BASE, rounded to a 32,258th of its row's
largest.  One integer matrix product multiplies both digits, and its sums are exact: an output
depends on its own row only, to the last bit, and nearly all of the error comes from the weights.

VnniLinear and VnniLayer compute in the kernels that Emojich compiles, Int8Linear in oneDNN.
"""

import ctypes
from typing import cast

import torch
from torch import Tensor, nn

from emojich_core.inference import kernels
from emojich_core.networks.transformer import Layer, Lookup

TINY = 1e-30  # replaces a scale of 0
DIGIT = 127  # the largest of weights and digits; the smallest is -127


def rounded_weight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (outputs, inputs) → int8 weights of this shape, and their scales (outputs,)."""
    weight = weight.float()
    scale = weight.abs().amax(dim=1).clamp(min=TINY) / DIGIT
    return (weight / scale[:, None]).round().to(torch.int8), scale


class Int8Linear(nn.Module):
    """A linear layer in oneDNN.

    oneDNN has kernels for signed inputs only with AMX.  Otherwise its loop for them takes a
    thousand times as long, so digits are shifted above zero; but not without VNNI, where sums of
    such products overflow.
    """

    BASE = 254
    ZERO = 128 if torch.cpu._is_vnni_supported() and not torch.cpu._is_amx_tile_supported() else 0

    def __init__(self, weight: Tensor, bias: Tensor):
        super().__init__()
        self.bias = bias.float()
        rounded, self.scale = rounded_weight(weight)
        self.weight = torch.ops.onednn.qlinear_prepack(rounded, None)
        self.zero = torch.zeros_like(self.scale, dtype=torch.int32)

    def forward(self, x: Tensor) -> Tensor:
        """(…, inputs) float32 → (…, outputs) float32."""
        # Few operations, because each costs as much as reading the weights of some outputs.
        digits, scale = self.digits(x.flatten(0, -2))
        high, low = self.product(digits).chunk(2)
        out = torch.addcmul(self.bias, high.add_(low, alpha=1 / self.BASE), scale)
        return out.unflatten(0, x.shape[:-1])

    def digits(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """(R, inputs) → all high digits, then all low ones (2 R, inputs); the scales (R, 1)."""
        scale = rows.abs().amax(dim=-1, keepdim=True).clamp_(min=TINY).div_(DIGIT)
        digits = rows.new_empty(2 * len(rows), rows.shape[1])
        high, low = digits.chunk(2)
        torch.div(rows, scale, out=low)
        torch.round(low, out=high)
        low.sub_(high).mul_(self.BASE).round_()
        if self.ZERO:
            return digits.add_(self.ZERO).to(torch.uint8), scale
        return digits.to(torch.int8), scale

    def product(self, digits: Tensor) -> Tensor:
        """(2 R, inputs) → (2 R, outputs) float32."""
        product: Tensor = torch.ops.onednn.qlinear_pointwise(
            *(digits, 1.0, self.ZERO, self.weight, self.scale, self.zero, None),
            *(1.0, 0, torch.float32, "none", [], ""),
        )
        return product


class VnniLinear(nn.Module):
    """A linear layer in `step.c`."""

    def __init__(self, weight: Tensor, bias: Tensor):
        super().__init__()
        self.bias = bias.float().contiguous()
        rounded, self.scale = rounded_weight(weight)
        self.weight = kernels.pack(rounded)
        self.inputs = weight.shape[1]

    def forward(self, x: Tensor) -> Tensor:
        """(…, inputs) float32 → (…, outputs) float32."""
        x = x.contiguous()
        out = x.new_empty(*x.shape[:-1], len(self.bias))
        linear, rows = self.c_struct(), x.numel() // self.inputs
        kernels.loaded().apply(ctypes.byref(linear), x.data_ptr(), rows, out.data_ptr())
        return out

    def c_struct(self) -> kernels.Linear:
        """The layer as `step.c` takes it; valid for as long as this module."""
        pointers = (tensor.data_ptr() for tensor in (self.weight, self.scale, self.bias))
        return kernels.Linear(*pointers, self.inputs, len(self.bias))


class VnniLayer(Layer):
    """A layer whose linear layers are VnniLinear: `step` is one call of `step.c`."""

    def __init__(self, layer: Layer):
        nn.Module.__init__(self)
        for name, child in layer.named_children():
            self.add_module(name, child)
        norms = (
            *(self.input_layernorm, self.before_first_addition_layernorm),
            *(self.post_attention_layernorm, self.before_second_addition_layernorm),
        )
        linears = (
            *(self.attention.query_key_value, self.attention.dense),
            *(self.mlp.dense_h_to_4h, self.mlp.dense_4h_to_h),
        )
        self._c_struct = kernels.Layer(
            *(kernels.Norm(norm.weight.data_ptr(), norm.bias.data_ptr()) for norm in norms),
            *(cast(VnniLinear, linear).c_struct() for linear in linears),
            self.attention.heads,
        )

    def step(self, x: Tensor, cache: Tensor, lookup: Lookup) -> Tensor:
        """As Layer.step; the cache is in bfloat16."""
        read = None if lookup.read is None else lookup.read.data_ptr()
        places = kernels.Cache(
            *(cache[0].data_ptr(), cache[1].data_ptr(), lookup.write.data_ptr(), read),
            *(lookup.bias.data_ptr(), cache.shape[2], lookup.bias.shape[-1]),
        )
        out = x.clone(memory_format=torch.contiguous_format)
        kernels.loaded().step(ctypes.byref(self._c_struct), places, len(x), out.data_ptr())
        return out
