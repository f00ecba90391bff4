"""Auxiliary losses of the transformer: it learns to predict early how the picture will look.

A code is one of 2048 numbers, and a blue cat and a grey cat of the same shape have no codes in
common.  So linear heads on intermediate layers predict properties that such pictures share.
Half way up, the last text positions predict the whole picture, a row of patches each, which the
image's positions can attend to; three quarters up, each position of the image predicts the patch
that comes next.  As in Deeply-Supervised Nets (Lee et al. 2015, arXiv 1409.5185), the heads are
dropped when training ends.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emojich_core.networks.transformer import Transformer

CELLS = 4  # along a side of a patch
TARGETS = 2 * CELLS**2 + 3  # numbers that describe a patch
WEIGHT = 5  # of each head's squared error, against the cross-entropy of text and image


class AuxiliaryLosses(nn.Module):
    """Two heads on the outputs of a transformer's layers, and their losses."""

    def __init__(self, model: Transformer):
        super().__init__()
        size, self.first = model.config.hidden_size, model.config.text_seq_length
        self.side = model.config.image_tokens_per_dim
        layers = model.transformer.layers
        self.plan = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, self.side * TARGETS))
        self.patches = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, TARGETS))
        self._outputs: dict[str, Tensor] = {}
        layers[len(layers) // 2 - 1].register_forward_hook(self._keep("plan"))
        layers[len(layers) * 3 // 4 - 1].register_forward_hook(self._keep("patches"))

    def losses(self, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Mean squared errors () of both heads, for the last forward pass of the model.

        `truth` (B, codes, TARGETS) as `patch_targets` gives it.
        """
        last = slice(self.first + 1 - self.side, self.first + 1)
        plan = self.plan(self._outputs.pop("plan")[:, last]).view_as(truth)
        patches = self.patches(self._outputs.pop("patches")[:, self.first :])
        return F.mse_loss(plan.float(), truth), F.mse_loss(patches.float(), truth)

    def _keep(self, head: str) -> Any:
        def hook(layer: nn.Module, inputs: Any, output: Tensor) -> None:
            self._outputs[head] = output

        return hook


def patch_targets(pictures: np.ndarray, codes_per_side: int) -> Tensor:
    """The targets of pictures (N, S, S, 4) uint8, straight alpha, on white, patch by patch.

    Returns (N, codes, TARGETS) float16 in [0, 1]: alpha and lightness of a patch's cells, and its
    mean colour.
    """
    chunks = [
        _chunk_targets(pictures[i : i + 128], codes_per_side) for i in range(0, len(pictures), 128)
    ]
    return torch.cat(chunks)


def _chunk_targets(pictures: np.ndarray, codes_per_side: int) -> Tensor:
    x = torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2).float() / 255
    colour, alpha = x[:, :3], x[:, 3:]
    on_white = colour * alpha + 1 - alpha
    cells = F.adaptive_avg_pool2d(
        torch.cat((alpha, on_white.mean(dim=1, keepdim=True)), dim=1), CELLS * codes_per_side
    )
    patches = torch.cat(
        (F.pixel_unshuffle(cells, CELLS), F.adaptive_avg_pool2d(on_white, codes_per_side)), dim=1
    )
    return patches.flatten(2).transpose(1, 2).half()
