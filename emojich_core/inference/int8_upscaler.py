"""Real-ESRGAN's dense blocks in int8, in `dense_block.c`: nine tenths of its work.

The numbers of each channel become bytes with a scale and a zero point of their own; the weights of
each output become 8-bit integers with one scale.  The channels' ranges are set once, from what the
network computes for a test card, with room for pictures that need more; numbers beyond them are
clipped.  What a block adds to the picture is summed in float32.

To check that this is exact enough, a second card is sharpened with and without int8.  The root mean
square difference from float32, of 255, at the size of the sticker:

| weights | picture | blocks in bfloat16 | in int8 | WebP, quality 95 |
| --- | --- | --- | --- | --- |
| Real-ESRGAN's x4plus, 23 RRDBs | three of `mini` | 0.2 | 0.8 to 1.0 | 4.2 to 5.5 |
| | the second card | 0.4 | 2.1 | 18 |
| its x4plus-anime, 6 RRDBs | three of `mini` | 0.4 | 0.7 to 0.9 | 4.4 to 5.6 |
| | the second card | 0.4 | 1.6 | 19 |

Most of the difference comes from rounding weights.  ru-dalle's weights have not been tested.
"""

import ctypes
import logging
import random

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torchvision.transforms.functional import to_tensor

from emojich_core.inference import kernels
from emojich_core.inference.int8 import rounded_weight
from emojich_core.networks.upscale import RRDB, ResidualDenseBlock

log = logging.getLogger("emojich.cpu")

CARD = 128  # pixels a side of a test card
SHAPES = 60  # on it
ROOM = 1.25  # the range of a channel, as a multiple of its range on the card
# The accepted root mean square difference from float32 on the second card: a sixth of WebP's.
LIMIT = 3 / 255
BYTE_MAX = 255  # of a byte
MIN_RANGE = 1e-4  # of a channel, as a share of the block's largest, so that none is zero
# Of `dense_block.c`: numbers in a register; outputs and inputs that a block of weights holds.
LANES, OUTPUTS, INPUTS = 16, 32, 4


class Int8DenseBlock(nn.Module):
    """A ResidualDenseBlock that `dense_block.c` computes."""

    def __init__(self, block: ResidualDenseBlock, low: Tensor, high: Tensor):
        """`low` and `high` (C,): the range of each channel that the last convolution sees.

        Each range includes zero.
        """
        super().__init__()
        span = (high - low) * ROOM
        scale = span.clamp(min=float(span.max()) * MIN_RANGE) / BYTE_MAX
        zero = (-low * ROOM / scale).round().to(torch.uint8)
        self._tensors: list[Tensor] = [scale, zero]  # kept, as the C structure has their addresses
        convs = (block.conv1, block.conv2, block.conv3, block.conv4, block.conv5)
        packed = [self._pack(conv, scale, zero, is_last=conv is block.conv5) for conv in convs]
        self._c_struct = kernels.DenseBlock(
            (kernels.Convolution * len(packed))(*packed), scale.data_ptr(), zero.data_ptr()
        )

    def _pack(
        self, conv: nn.Conv2d, scale: Tensor, zero: Tensor, is_last: bool
    ) -> kernels.Convolution:
        """The C structure of a convolution, whose inputs are bytes: `(byte - zero) * scale` each.

        Its outputs are such bytes, too; those of the last convolution are floats.
        """
        inputs, outputs = conv.in_channels, conv.out_channels
        weight = conv.weight.float() * scale[:inputs, None, None]
        rounded, out_scale = rounded_weight(weight.flatten(1))
        # The zero points of the inputs add the same to every sum; the bias takes it away.
        assert conv.bias is not None
        excess = (rounded.view_as(weight).sum((2, 3)) * zero[:inputs]).sum(dim=1)
        bias = conv.bias.float() - excess * out_scale
        if not is_last:
            step = scale[inputs : inputs + outputs]
            out_scale, bias = out_scale / step, bias / step
        tensors = pack(rounded.view_as(weight)), out_scale.contiguous(), bias.contiguous()
        self._tensors += tensors
        return kernels.Convolution(*(each.data_ptr() for each in tensors), inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same, in float32."""
        x = x.float().contiguous(memory_format=torch.channels_last)
        out, (height, width) = torch.empty_like(x), x.shape[2:]
        for picture, to in zip(x, out, strict=True):
            kernels.loaded().dense_block(
                *(ctypes.byref(self._c_struct), picture.data_ptr(), height, width, to.data_ptr())
            )
        return out


def pack(weight: Tensor) -> Tensor:
    """Weights (outputs, inputs, 3, 3) → (N, 3, 3, inputs / INPUTS, OUTPUTS, INPUTS).

    Zeros fill the outputs up to N times OUTPUTS.
    """
    weight = F.pad(weight, (0, 0, 0, 0, 0, 0, 0, -len(weight) % OUTPUTS))
    split = weight.view(-1, OUTPUTS, weight.shape[1] // INPUTS, INPUTS, 3, 3)
    return split.permute(0, 4, 5, 2, 1, 3).contiguous()


@torch.inference_mode()
def to_int8(upscaler: nn.Module) -> bool:
    """Replace the dense blocks of a generator on a CPU, in place, if its pictures stay the same.

    Call it under the autocast with which the generator is used: int8 need not be more exact than
    that.  Returns whether it has replaced them; it has not if there are no kernels, or if the
    kernels do not support the numbers of channels.
    """
    places = [
        (residual, name, block)
        for residual in upscaler.modules()
        if isinstance(residual, RRDB)
        for name, block in residual.named_children()
        if isinstance(block, ResidualDenseBlock)
    ]
    blocks = [block for _, _, block in places]
    if not blocks or not all(map(_fits, blocks)) or kernels.library() is None:
        return False
    ranges = _ranges(upscaler, blocks, card(0))
    with torch.autocast("cpu", enabled=False):
        exact = upscaler(card(1))
    before = _difference(upscaler(card(1)), exact)
    for residual, name, block in places:
        setattr(residual, name, Int8DenseBlock(block, *ranges[block]))
    difference = _difference(upscaler(card(1)), exact)
    if difference <= max(LIMIT, before):  # false for NaN
        return True
    for residual, name, block in places:
        setattr(residual, name, block)
    log.warning(
        "Real-ESRGAN is not exact in int8, so it takes longer (off by %.1f of 255)",
        255 * difference,
    )
    return False


def _difference(picture: Tensor, exact: Tensor) -> float:
    """The root mean square difference, at the card's size.

    A sticker is not enlarged either: it has the size of the VQGAN's picture in published models.
    """
    shown, wanted = (
        F.interpolate(each.float().clamp(0, 1), CARD, mode="bicubic", antialias=True)
        for each in (picture, exact)
    )
    return float((shown - wanted).square().mean().sqrt())


def _fits(block: ResidualDenseBlock) -> bool:
    channels, growth = block.conv1.in_channels, block.conv1.out_channels
    return channels % LANES == 0 and growth % LANES == 0


def _ranges(
    upscaler: nn.Module, blocks: list[ResidualDenseBlock], picture: Tensor
) -> dict[ResidualDenseBlock, tuple[Tensor, Tensor]]:
    """Minimum (at most 0) and maximum (at least 0) of each input channel of conv5, by block."""
    ranges = {}

    def note(block: ResidualDenseBlock, seen: Tensor) -> None:
        low, high = seen.float().amin((0, 2, 3)), seen.float().amax((0, 2, 3))
        ranges[block] = low.clamp(max=0), high.clamp(min=0)

    hooks = [
        block.conv5.register_forward_pre_hook(lambda _, seen, block=block: note(block, *seen))
        for block in blocks
    ]
    upscaler(picture)
    for hook in hooks:
        hook.remove()
    return ranges


def card(seed: int) -> Tensor:
    """A picture (1, 3, CARD, CARD) in [0, 1] of outlined shapes of all colours and sizes."""
    chance, picture = random.Random(seed), Image.new("RGB", (CARD, CARD), "white")
    draw = ImageDraw.Draw(picture)
    for number in range(SHAPES):
        colours = ["#" + "".join(chance.choices("08f", k=3)) for _ in range(2)]
        shape = (draw.ellipse, draw.rectangle, draw.line)[number % 3]
        # Later shapes are smaller, because they cover the earlier ones.
        side = CARD * (SHAPES - number) // SHAPES // 2 + 3
        left, top = chance.randrange(-side // 2, CARD), chance.randrange(-side // 2, CARD)
        width = chance.choice((1, 2, 4))
        box = (left, top, left + side, top + side)
        outline = {} if number % 3 == 2 else {"outline": colours[1]}
        shape(box, fill=colours[0], width=width, **outline)
    return to_tensor(picture)[None]
