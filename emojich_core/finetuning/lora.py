"""LoRA (Hu et al. 2021, arXiv 2106.09685): low-rank adapters of frozen matrices.

The library peft is not used: it needs transformers and accelerate, and a bundle stores only the sum
of a matrix and its adapter, which is one line.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RANK = 16


class LoRALinear(nn.Linear):
    """A linear layer (…, in) → (…, out) that computes with `weight + up @ down`."""

    def __init__(self, linear: nn.Linear):
        nn.Module.__init__(self)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.weight, self.bias = linear.weight, linear.bias
        device = linear.weight.device
        self.down = nn.Parameter(torch.empty(RANK, self.in_features, device=device))
        self.up = nn.Parameter(torch.zeros(self.out_features, RANK, device=device))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """The layer plus its adapter, which is zero at first."""
        return super().forward(x) + F.linear(F.linear(x, self.down), self.up)


def add_adapters(module: nn.Module) -> None:
    """Put a LoRALinear in the place of every linear layer inside `module`."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, LoRALinear(child))
        else:
            add_adapters(child)


def merged(weights: dict[str, Tensor], trained: dict[str, Tensor]) -> dict[str, Tensor]:
    """`weights` with the `trained` ones in their places, each in its old dtype.

    Adapters `NAME.up` (outputs, rank) and `NAME.down` (rank, inputs) are added to `NAME.weight`.
    """
    out = {}
    for name, weight in weights.items():
        up, down = (trained.get(f"{name.removesuffix('weight')}{end}") for end in ("up", "down"))
        new = trained.get(name, weight)
        if up is not None and down is not None:
            new = weight.float() + up @ down
        out[name] = new.to(weight.dtype)
    return out
