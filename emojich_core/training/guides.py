"""What the transformer learns besides its codes: to say early what the picture will look like.

A code is one of 2048 numbers, and those of a blue cat have none in common with those of a grey one,
though the shape is the same.  So the features on the way up are made to tell what both share: half
way up, the last text positions foretell the whole picture, a row of patches each, for the image's
positions to look up; three quarters up, each position of the image foretells the patch that comes
next.  Two linear guesses, as in Deeply-Supervised Nets (Lee et al. 2015), that are left behind when
training ends.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emojich_core.networks.transformer import Transformer

CELLS = 4  # along a side of a patch
LOOK = 2 * CELLS**2 + 3  # numbers that say how a patch looks
WEIGHT = 5  # of each guess's squared error, against the cross-entropy of text and image


class Guides(nn.Module):
    """The two guesses, made of what passes through a transformer's layers."""

    def __init__(self, model: Transformer):
        super().__init__()
        size, self.first = model.config.hidden_size, model.config.text_seq_length
        self.side = model.config.image_tokens_per_dim
        layers = model.transformer.layers
        self.plan = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, self.side * LOOK))
        self.patches = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, LOOK))
        self._passed: dict[str, Tensor] = {}
        layers[len(layers) // 2 - 1].register_forward_hook(self._keep("plan"))
        layers[len(layers) * 3 // 4 - 1].register_forward_hook(self._keep("patches"))

    def losses(self, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Mean squared errors of plan and patches, for what last passed through the model.

        `truth` (B, codes, LOOK) as `looks` gives it.
        """
        last = slice(self.first + 1 - self.side, self.first + 1)
        plan = self.plan(self._passed.pop("plan")[:, last]).view_as(truth)
        patches = self.patches(self._passed.pop("patches")[:, self.first :])
        return F.mse_loss(plan.float(), truth), F.mse_loss(patches.float(), truth)

    def _keep(self, what: str) -> Any:
        def hook(layer: nn.Module, inputs: Any, output: Tensor) -> None:
            self._passed[what] = output

        return hook


def looks(pictures: np.ndarray, codes_per_side: int) -> Tensor:
    """How pictures (N, S, S, 4) uint8, straight alpha, look on white, patch by patch.

    Returns (N, codes, LOOK) float16 in [0, 1]: alpha and lightness of a patch's cells, mean colour.
    """
    chunks = [_looks(pictures[i : i + 128], codes_per_side) for i in range(0, len(pictures), 128)]
    return torch.cat(chunks)


def _looks(pictures: np.ndarray, codes_per_side: int) -> Tensor:
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
