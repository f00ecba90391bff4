"""Real-ESRGAN: the decoded image becomes larger and sharper (arXiv 2107.10833)."""

import sys
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms.functional import pad

# basicsr 1.4.2, its last release, imports all of its training code on the way to any file: a second
# of every start, and a torchvision module that is gone since 0.17.  The network's file needs none
# of it, so the packages above it stand empty.
for _name in ("basicsr", "basicsr.archs"):
    if _name not in sys.modules and (_spec := find_spec(_name)):
        sys.modules[_name] = module_from_spec(_spec)

from basicsr.archs.rrdbnet_arch import RRDBNet  # noqa: E402


@dataclass(frozen=True)
class UpscaleConfig:
    """The numbers of a Real-ESRGAN generator.  The defaults are the published ones."""

    scale: int = 4  # 2, 4 or 8; 1: no network, pictures are only brought to size
    num_feat: int = 64
    num_block: int = 23
    num_grow_ch: int = 32
    tile: int | None = 192  # side of the squares a picture is taken in, in pixels; None: whole


# ru-dalle's: a mirrored margin around a picture, and how far a tile sees beyond itself, in pixels.
MARGIN = 15
OVERLAP = 24


class RRDBNetX8(RRDBNet):
    """BasicSR's network of scale 4, doubled once more by a third up-sampling convolution."""

    def __init__(self, num_feat: int, **numbers: int):
        super().__init__(scale=4, num_feat=num_feat, **numbers)
        self.conv_up3 = nn.Conv2d(num_feat, num_feat, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        features = self.conv_first(x)
        features = features + self.conv_body(self.body(features))
        for convolution in (self.conv_up1, self.conv_up2, self.conv_up3):
            features = self.lrelu(convolution(F.interpolate(features, scale_factor=2)))
        return self.conv_last(self.lrelu(self.conv_hr(features)))


def make_upscaler(config: UpscaleConfig) -> nn.Module:
    """An RRDBNet without weights: images (B, 3, H, W) in [0, 1] → (B, 3, scale·H, scale·W)."""
    if config.scale == 1:
        return nn.Identity()
    numbers = {
        "num_in_ch": 3,
        "num_out_ch": 3,
        "num_feat": config.num_feat,
        "num_block": config.num_block,
        "num_grow_ch": config.num_grow_ch,
    }
    if config.scale == 8:
        return RRDBNetX8(**numbers)
    return RRDBNet(scale=config.scale, **numbers)


@torch.inference_mode()
def upscale(model: nn.Module, config: UpscaleConfig, images: Tensor, size: int) -> Tensor:
    """Images (B, 3, H, W) in [0, 1], sharpened and brought to (B, 3, size, size) in [0, 1]."""
    tile = config.tile if config.scale > 1 else None
    images = in_tiles(model, config.scale, tile, images) if tile else model(images)
    images = images.clamp(0, 1)
    if images.shape[-1] != size:
        images = F.interpolate(images.float(), size, mode="bicubic", antialias=True).clamp(0, 1)
    return images


def in_tiles(model: nn.Module, scale: int, tile: int, images: Tensor) -> Tensor:
    """Images (B, 3, H, W) → (B, 3, scale·H, scale·W), square by square: memory is a square's.

    ru-dalle's `RealESRGAN.predict`.  H and W must be at least MARGIN.
    """
    images = pad(images, [MARGIN], padding_mode="symmetric")
    height, width = images.shape[-2:]
    more = [OVERLAP, OVERLAP + -width % tile, OVERLAP, OVERLAP + -height % tile]
    images = F.pad(images, more, mode="replicate")
    large = images.new_empty(len(images), 3, height * scale, width * scale)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            seen = images[:, :, top : top + tile + 2 * OVERLAP, left : left + tile + 2 * OVERLAP]
            square = model(seen)[:, :, OVERLAP * scale :, OVERLAP * scale :]
            room = large[:, :, top * scale :, left * scale :][:, :, : tile * scale, : tile * scale]
            room.copy_(square[:, :, : room.shape[2], : room.shape[3]])
    edge = MARGIN * scale
    return large[:, :, edge:-edge, edge:-edge]
