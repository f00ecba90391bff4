"""The VQGAN: it encodes an image as a square of codes, and decodes codes to an image.

A Gumbel VQGAN with a down-sampling factor of 8 (Esser et al. 2021, arXiv 2012.09841), as ruDALL-E
uses it.  Its decoder returns either pixels, or (`dwt`) the twelve channels of a one-level wavelet
transform, whose inverse is an image of twice the side: that doubling costs next to nothing.

Parameter names follow the published checkpoints up to their prefixes.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class VQGANConfig:
    """The numbers of a VQGAN.  The defaults are the published `gumbelf8-sber-dwt`."""

    resolution: int = 256  # side of the encoder's input, in pixels
    ch: int = 128
    ch_mult: tuple[int, ...] = (1, 1, 2, 4)
    num_res_blocks: int = 2
    attn_resolutions: tuple[int, ...] = (32,)
    z_channels: int = 256
    embed_dim: int = 256
    n_embed: int = 8192  # number of different codes
    dwt: bool = True
    norm_groups: int = 32

    @property
    def codes_per_side(self) -> int:
        """Side of an image's square of codes."""
        return self.resolution // 2 ** (len(self.ch_mult) - 1)

    @property
    def image_size(self) -> int:
        """Side of a decoded image, in pixels."""
        return self.resolution * (2 if self.dwt else 1)


def _norm(channels: int, groups: int) -> nn.GroupNorm:
    return nn.GroupNorm(groups, channels, eps=1e-6)


class ResnetBlock(nn.Module):
    """Two normalised convolutions and a shortcut: (B, in, H, W) → (B, out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, groups: int):
        super().__init__()
        self.norm1 = _norm(in_channels, groups)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = _norm(out_channels, groups)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        if in_channels != out_channels:
            self.nin_shortcut = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x)


class AttnBlock(nn.Module):
    """Single-head self-attention over all positions of a feature map (B, C, H, W)."""

    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.norm = _norm(channels, groups)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        q, k, v = (conv(h).flatten(2).transpose(1, 2) for conv in (self.q, self.k, self.v))
        h = F.scaled_dot_product_attention(q, k, v)
        return x + self.proj_out(h.transpose(1, 2).reshape(x.shape))


class Downsample(nn.Module):
    """(B, C, H, W) → (B, C, H/2, W/2); pads right and below only, as the checkpoints expect."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """(B, C, H, W) → (B, C, 2H, 2W)."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        # Nearest neighbour, written so that its backward pass is a sum and not a scatter.
        x = x[:, :, :, None, :, None].expand(b, c, h, 2, w, 2).reshape(b, c, 2 * h, 2 * w)
        return self.conv(x)


class Level(nn.Module):
    """The blocks of one resolution, then its `downsample` or `upsample`, if the level has one.

    (B, channels[0], H, W) → (B, channels[-1], H, W), or half or double that side.
    """

    def __init__(self, channels: list[int], attention: bool, groups: int):
        super().__init__()
        pairs = list(pairwise(channels))
        self.block = nn.ModuleList(ResnetBlock(i, o, groups) for i, o in pairs)
        self.attn = nn.ModuleList(AttnBlock(o, groups) for _, o in pairs if attention)
        self.downsample: nn.Module = nn.Identity()
        self.upsample: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        for i, block in enumerate(self.block):
            x = block(x)
            if self.attn:
                x = self.attn[i](x)
        return self.upsample(self.downsample(x))


class Middle(nn.Module):
    """Attention between two residual blocks, at the lowest resolution: (B, C, H, W) → the same."""

    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.block_1 = ResnetBlock(channels, channels, groups)
        self.attn_1 = AttnBlock(channels, groups)
        self.block_2 = ResnetBlock(channels, channels, groups)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class Encoder(nn.Module):
    """Image (B, 3, H, W) in [-1, 1] → features (B, z_channels, H/8, W/8)."""

    def __init__(self, config: VQGANConfig):
        super().__init__()
        widths = [config.ch * m for m in (1, *config.ch_mult)]
        self.conv_in = nn.Conv2d(3, config.ch, 3, padding=1)
        self.down = nn.ModuleList()
        for i, (before, width) in enumerate(pairwise(widths)):
            attention = config.resolution // 2**i in config.attn_resolutions
            channels = [before] + [width] * config.num_res_blocks
            level = Level(channels, attention, config.norm_groups)
            if i < len(config.ch_mult) - 1:
                level.downsample = Downsample(width)
            self.down.append(level)
        self.mid = Middle(widths[-1], config.norm_groups)
        self.norm_out = _norm(widths[-1], config.norm_groups)
        self.conv_out = nn.Conv2d(widths[-1], config.z_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv_in(x)
        for level in self.down:
            h = level(h)
        return self.conv_out(F.silu(self.norm_out(self.mid(h))))


class Decoder(nn.Module):
    """Features (B, z_channels, h, w) → image (B, 3, H, W), unclamped, around [-1, 1]."""

    def __init__(self, config: VQGANConfig):
        super().__init__()
        self.dwt = config.dwt
        widths = [config.ch * m for m in config.ch_mult]
        self.conv_in = nn.Conv2d(config.z_channels, widths[-1], 3, padding=1)
        self.mid = Middle(widths[-1], config.norm_groups)
        self.up = nn.ModuleList()
        for i, width in enumerate(widths):
            attention = config.resolution // 2**i in config.attn_resolutions
            before = widths[min(i + 1, len(widths) - 1)]
            channels = [before] + [width] * (config.num_res_blocks + 1)
            level = Level(channels, attention, config.norm_groups)
            if i > 0:
                level.upsample = Upsample(width)
            self.up.append(level)
        self.norm_out = _norm(widths[0], config.norm_groups)
        self.conv_out = nn.Conv2d(widths[0], 12 if config.dwt else 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        h = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            h = level(h)
        h = self.conv_out(F.silu(self.norm_out(h)))
        return inverse_haar(h) if self.dwt else h


def inverse_haar(bands: Tensor) -> Tensor:
    """Undo one level of the 2-D db1 (Haar) wavelet transform.

    `bands` (B, 12, h, w): three channels of the low-pass band, then for each colour its three
    high-pass bands (vertical, horizontal, diagonal detail).  Returns (B, 3, 2h, 2w).

    For db1 the synthesis is a 2×2 butterfly, without a filter bank.
    """
    low = bands[:, :3]
    rows, cols, both = bands[:, 3:].unflatten(1, (3, 3)).unbind(dim=2)
    corners = (
        low + rows + cols + both,  # top left of each 2×2 square
        low + rows - cols - both,  # top right
        low - rows + cols - both,  # bottom left
        low - rows - cols + both,  # bottom right
    )
    return F.pixel_shuffle(torch.stack(corners, dim=2).flatten(1, 2) * 0.5, 2)


class GumbelQuantize(nn.Module):
    """Features ↔ codes: a 1×1 convolution scores every code, an embedding holds its features."""

    def __init__(self, config: VQGANConfig):
        super().__init__()
        self.proj = nn.Conv2d(config.z_channels, config.n_embed, 1)
        self.embed = nn.Embedding(config.n_embed, config.embed_dim)


class VQGAN(nn.Module):
    """Encoder, codebook and decoder in one."""

    def __init__(self, config: VQGANConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quantize = GumbelQuantize(config)
        self.quant_conv = nn.Conv2d(config.z_channels, config.embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(config.embed_dim, config.z_channels, 1)

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, 3, resolution, resolution) in [0, 1] → codes (B, codes_per_side²), int64."""
        features = self.quant_conv(self.encoder(images * 2 - 1))
        return self.quantize.proj(features).argmax(dim=1).flatten(1)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (B, codes_per_side²), int64 → images (B, 3, image_size, image_size) in [0, 1].

        Fewer codes, of the first whole rows, become the upper part of an image.
        """
        side = self.config.codes_per_side
        z = self.quantize.embed(codes).unflatten(1, (-1, side)).permute(0, 3, 1, 2)
        image = self.decoder(self.post_quant_conv(z.contiguous()))
        return (image.clamp(-1, 1) + 1) * 0.5
