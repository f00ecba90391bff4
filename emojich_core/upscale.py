"""Real-ESRGAN: the decoded image becomes larger and sharper (arXiv 2107.10833)."""

import sys
from dataclasses import dataclass
from types import ModuleType

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms.functional import rgb_to_grayscale


def _import_rrdbnet() -> type[nn.Module]:
    """BasicSR's RRDBNet.

    basicsr 1.4.2, its last release, imports a torchvision module that is gone since 0.17; the one
    function it wants from there has moved.
    """
    name = "torchvision.transforms.functional_tensor"
    if name not in sys.modules:
        shim = ModuleType(name)
        shim.rgb_to_grayscale = rgb_to_grayscale  # type: ignore[attr-defined]
        sys.modules[name] = shim
    from basicsr.archs.rrdbnet_arch import RRDBNet

    return RRDBNet


@dataclass(frozen=True)
class UpscaleConfig:
    """The numbers of a Real-ESRGAN generator.  The defaults are the published ones."""

    scale: int = 4  # 2 or 4
    num_feat: int = 64
    num_block: int = 23
    num_grow_ch: int = 32


def make_upscaler(config: UpscaleConfig) -> nn.Module:
    """An RRDBNet without weights: images (B, 3, H, W) in [0, 1] → (B, 3, scale·H, scale·W)."""
    rrdbnet = _import_rrdbnet()
    return rrdbnet(
        num_in_ch=3,
        num_out_ch=3,
        scale=config.scale,
        num_feat=config.num_feat,
        num_block=config.num_block,
        num_grow_ch=config.num_grow_ch,
    )


@torch.inference_mode()
def upscale(model: nn.Module, images: Tensor, size: int) -> Tensor:
    """Images (B, 3, H, W) in [0, 1], sharpened and brought to (B, 3, size, size) in [0, 1]."""
    images = model(images).clamp(0, 1)
    if images.shape[-1] != size:
        images = F.interpolate(images.float(), size, mode="bicubic", antialias=True).clamp(0, 1)
    return images
