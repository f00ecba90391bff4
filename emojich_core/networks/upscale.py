"""Real-ESRGAN: super-resolution of the decoded image (arXiv 2107.10833).

Parameter names follow the published checkpoints, as BasicSR's `RRDBNet` has them.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms.functional import pad


@dataclass(frozen=True)
class UpscaleConfig:
    """The numbers of a Real-ESRGAN generator.  The defaults are the published ones."""

    scale: int = 4  # 2, 4 or 8; 1: no network, images are only resized
    num_feat: int = 64
    num_block: int = 23
    num_grow_ch: int = 32
    tile: int | None = 192  # side of the square tiles, in pixels; None: the image is one tile
    passes: Literal[1, 2] = 1  # times that an image goes through the network


# As in ru-dalle, in pixels: a mirrored margin around an image, and an overlap around each tile.
MARGIN = 15
OVERLAP = 24


class ResidualDenseBlock(nn.Module):
    """Each convolution gets the input and all outputs before it: (B, C, H, W) → the same."""

    def __init__(self, channels: int, growth: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, growth, 3, padding=1)
        self.conv2 = nn.Conv2d(channels + growth, growth, 3, padding=1)
        self.conv3 = nn.Conv2d(channels + 2 * growth, growth, 3, padding=1)
        self.conv4 = nn.Conv2d(channels + 3 * growth, growth, 3, padding=1)
        self.conv5 = nn.Conv2d(channels + 4 * growth, channels, 3, padding=1)
        for name, parameter in self.named_parameters():  # small: arXiv 1809.00219, section 3.1
            if name.endswith("weight"):
                nn.init.kaiming_normal_(parameter).data.mul_(0.1)
            else:
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        seen = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, _leaky_relu(conv(seen))), dim=1)
        return x + 0.2 * self.conv5(seen)


class RRDB(nn.Module):
    """Three dense blocks and a shortcut, as in ESRGAN: (B, C, H, W) → the same."""

    def __init__(self, channels: int, growth: int):
        super().__init__()
        self.rdb1 = ResidualDenseBlock(channels, growth)
        self.rdb2 = ResidualDenseBlock(channels, growth)
        self.rdb3 = ResidualDenseBlock(channels, growth)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(nn.Module):
    """The generator: images (B, 3, H, W) → (B, 3, scale·H, scale·W); for scale 2 even H and W.

    Scale 2 is the network of scale 4 on an image folded to half its sides (pixel unshuffle);
    ru-dalle's scale 8 doubles once more.
    """

    def __init__(self, config: UpscaleConfig):
        super().__init__()
        channels, growth = config.num_feat, config.num_grow_ch
        self.fold = 2 if config.scale == 2 else 1
        self.conv_first = nn.Conv2d(3 * self.fold**2, channels, 3, padding=1)
        self.body = nn.Sequential(*(RRDB(channels, growth) for _ in range(config.num_block)))
        self.conv_body = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_up1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_up2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_up3 = nn.Conv2d(channels, channels, 3, padding=1) if config.scale == 8 else None
        self.conv_hr = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_last = nn.Conv2d(channels, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        x = self.conv_first(F.pixel_unshuffle(x, self.fold))
        x = x + self.conv_body(self.body(x))
        for conv in (self.conv_up1, self.conv_up2, self.conv_up3):
            if conv is not None:
                x = _leaky_relu(conv(F.interpolate(x, scale_factor=2)))
        return self.conv_last(_leaky_relu(self.conv_hr(x)))


def _leaky_relu(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2, inplace=True)


def make_upscaler(config: UpscaleConfig) -> nn.Module:
    """A generator without weights; for scale 1 the identity."""
    return nn.Identity() if config.scale == 1 else RRDBNet(config)


@torch.inference_mode()
def upscale(model: nn.Module, config: UpscaleConfig, images: Tensor, size: int) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] → upscaled and resized (B, 3, size, size) in [0, 1].

    A second pass starts at size / scale, so that the network itself draws the final pixels: edges
    become sharper than those of a resized image.
    """
    large = _pass(model, config, images)
    if config.passes == 2:
        seen = _resized(large, size // config.scale).to(images.dtype)
        large = _pass(model, config, seen)
    return _resized(large, size)


def _pass(model: nn.Module, config: UpscaleConfig, images: Tensor) -> Tensor:
    tile = config.tile if config.scale > 1 else None
    large = upscale_tiles(model, config.scale, tile, images) if tile else model(images)
    return large.clamp(0, 1)


def _resized(images: Tensor, size: int) -> Tensor:
    if images.shape[-1] == size:
        return images
    return F.interpolate(images.float(), size, mode="bicubic", antialias=True).clamp(0, 1)


def upscale_tiles(model: nn.Module, scale: int, tile: int, images: Tensor) -> Tensor:
    """Images (B, 3, H, W) → (B, 3, scale·H, scale·W), with the memory of one tile at a time.

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
            part = large[:, :, top * scale :, left * scale :][:, :, : tile * scale, : tile * scale]
            part.copy_(square[:, :, : part.shape[2], : part.shape[3]])
    edge = MARGIN * scale
    return large[:, :, edge:-edge, edge:-edge]
