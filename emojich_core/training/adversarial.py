"""A patch discriminator and its losses: they make decoder and up-scaler crisp.

Where several pictures are possible, L1 is smallest for their mean, which is blurred.  A
discriminator recognises blurred pictures, so the network has to decide for one picture (VQGAN,
Esser et al. 2021, arXiv 2012.09841, sect. 3.1; Real-ESRGAN, arXiv 2107.10833).
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

WIDTHS = (24, 48, 96)
FEATURE_WEIGHT = 2.0  # of feature matching


class PatchDiscriminator(nn.Module):
    """Scores each patch of an image (B, 3, H, W), higher for real ones: (B, 1, H/8, W/8)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(before, after, 4, stride=2, padding=1))
            for before, after in pairwise((3, *WIDTHS))
        )
        self.head = spectral_norm(nn.Conv2d(WIDTHS[-1], 1, 3, padding=1))

    def forward(self, images: Tensor) -> list[Tensor]:
        """The features of each layer, and the scores of the patches as the last one."""
        x, features = images * 2 - 1, []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return [*features, self.head(x)]


def generator_loss(fake: list[Tensor], real: list[Tensor], hinge_weight: float) -> Tensor:
    """The loss of the generator, from the features of its images and of the real ones.

    Feature matching (Salimans et al. 2016, arXiv 1606.03498) and the hinge loss.
    """
    matching = [F.l1_loss(a, b.detach()) for a, b in zip(fake[:-1], real[:-1], strict=True)]
    return FEATURE_WEIGHT * torch.stack(matching).mean() - hinge_weight * fake[-1].mean()


def discriminator_loss(fake: list[Tensor], real: list[Tensor]) -> Tensor:
    """The hinge loss (Lim, Ye 2017, arXiv 1705.02894) of the patches' scores."""
    return F.relu(1 + fake[-1]).mean() + F.relu(1 - real[-1]).mean()
