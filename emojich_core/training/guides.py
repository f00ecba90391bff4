"""What the transformer learns besides its codes: to say early what the picture will look like.

A code is one of 2048 numbers, and those of a blue cat have none in common with those of a grey one,
though the shape is the same.  So the features on the way up are made to tell what both share: the
last text position foretells, half way up, the silhouette and the main colour of the whole picture;
each position of the image, three quarters up, the look of the patch that comes next.  Two linear
guesses, as in Deeply-Supervised Nets (Lee et al. 2015), that are left behind when training ends.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emojich_core.transformer import Transformer

PLAN = 24  # cells along a side of the silhouette
CELLS = 4  # along a side of a patch
WEIGHT = 5  # of each guess's squared error, against the cross-entropy of text and image


class Looks(NamedTuple):
    """How pictures look, coarsely; all in [0, 1]."""

    plan: Tensor  # (B, PLAN² + 3): the silhouette's alpha, and the mean colour within
    patches: Tensor  # (B, codes, 2·CELLS² + 3): alpha and lightness of its cells, mean colour


class Guides(nn.Module):
    """The two guesses, made of what passes through a transformer's layers."""

    def __init__(self, model: Transformer):
        super().__init__()
        size, self.first = model.config.hidden_size, model.config.text_seq_length
        layers = model.transformer.layers
        self.plan = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, PLAN**2 + 3))
        self.patches = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 2 * CELLS**2 + 3))
        self._passed: dict[str, Tensor] = {}
        layers[len(layers) // 2 - 1].register_forward_hook(self._keep("plan"))
        layers[len(layers) * 3 // 4 - 1].register_forward_hook(self._keep("patches"))

    def losses(self, truth: Looks) -> tuple[Tensor, Tensor]:
        """Mean squared errors of plan and patches, for what last passed through the model."""
        plan = self.plan(self._passed.pop("plan")[:, self.first])
        patches = self.patches(self._passed.pop("patches")[:, self.first :])
        return F.mse_loss(plan.float(), truth.plan), F.mse_loss(patches.float(), truth.patches)

    def _keep(self, what: str) -> Any:
        def hook(layer: nn.Module, inputs: Any, output: Tensor) -> None:
            self._passed[what] = output

        return hook


def looks(pictures: np.ndarray, codes_per_side: int) -> Looks:
    """How pictures (N, S, S, 4) uint8, straight alpha, look on white; kept in half precision."""
    chunks = [_looks(pictures[i : i + 128], codes_per_side) for i in range(0, len(pictures), 128)]
    return Looks(*(torch.cat(parts) for parts in zip(*chunks, strict=True)))


def _looks(pictures: np.ndarray, codes_per_side: int) -> Looks:
    x = torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2).float() / 255
    colour, alpha = x[:, :3], x[:, 3:]
    on_white = colour * alpha + 1 - alpha
    mean = (colour * alpha).sum((2, 3)) / alpha.sum((2, 3)).clamp(min=1)
    plan = F.adaptive_avg_pool2d(alpha, PLAN).flatten(1)
    cells = F.adaptive_avg_pool2d(
        torch.cat((alpha, on_white.mean(dim=1, keepdim=True)), dim=1), CELLS * codes_per_side
    )
    patches = torch.cat(
        (F.pixel_unshuffle(cells, CELLS), F.adaptive_avg_pool2d(on_white, codes_per_side)), dim=1
    )
    patches = patches.flatten(2).transpose(1, 2)
    return Looks(torch.cat((plan, mean), dim=1).half(), patches.half())
