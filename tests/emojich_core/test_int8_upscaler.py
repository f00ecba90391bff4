"""Real-ESRGAN in int8 on a CPU with VNNI."""

import logging
import math
import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from emojich_core.bundles.bundle import load_bundle, save_bundle
from emojich_core.bundles.description import STAGES
from emojich_core.inference import kernels
from emojich_core.inference.int8_upscaler import (
    BYTE_MAX,
    ROOM,
    Int8DenseBlock,
    card,
    to_int8,
)
from emojich_core.inference.threads import cores
from emojich_core.networks.upscale import ResidualDenseBlock, RRDBNet, UpscaleConfig
from emojich_core.pipeline import Pipeline, parameters

pytestmark = pytest.mark.skipif(not kernels.are_useful(), reason="no VNNI, or AMX")

TINY = UpscaleConfig(scale=2, num_feat=16, num_block=1, num_grow_ch=16)


def rounded(block: ResidualDenseBlock, x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The result that `dense_block.c` should compute, in PyTorch and float64."""
    scale = ((high - low) * ROOM / BYTE_MAX)[:, None, None].double()
    zero = (-low[:, None, None].double() * ROOM / scale).round()

    def to_bytes(x: Tensor, place: slice) -> Tensor:
        return (x + zero[place]).clamp(0, BYTE_MAX)

    seen = (to_bytes(x.double() / scale[: x.shape[1]], slice(x.shape[1])) + 0.5).floor()
    *inner, last = (block.conv1, block.conv2, block.conv3, block.conv4, block.conv5)

    def convolve(conv: nn.Conv2d, numbers: Tensor) -> Tensor:
        assert conv.bias is not None
        inputs = numbers.shape[1]
        weight = conv.weight.double() * scale[:inputs]
        step = weight.abs().amax((1, 2, 3), keepdim=True) / 127
        weight = (weight / step).round() * step
        return nn.functional.conv2d(numbers - zero[:inputs], weight, conv.bias.double(), padding=1)

    for conv in inner:
        outputs = nn.functional.leaky_relu(convolve(conv, seen), 0.2)
        place = slice(seen.shape[1], seen.shape[1] + outputs.shape[1])
        seen = torch.cat((seen, to_bytes(outputs / scale[place], place).round()), dim=1)
    return x + 0.2 * convolve(last, seen)


@pytest.mark.parametrize("channels", [(64, 32), (16, 16), (48, 16)], ids=str)
@pytest.mark.parametrize("size", [(5, 31), (1, 1), (3, 12), (2, 11)], ids=str)
@torch.inference_mode()
def test_block_computes_what_it_would_in_pytorch(
    channels: tuple[int, int], size: tuple[int, int]
) -> None:
    """Sizes with and without whole groups of pixels; channels with and without whole blocks."""
    torch.manual_seed(0)
    block = ResidualDenseBlock(*channels)
    for conv in block.children():
        assert isinstance(conv, nn.Conv2d)
        assert conv.bias is not None
        conv.weight.mul_(10)
        conv.bias.normal_()
    x = torch.randn(2, channels[0], *size)
    low, high = torch.rand(2, channels[0] + 4 * channels[1])  # some numbers are clipped
    found, wanted = Int8DenseBlock(block, -low, 1 + high)(x), rounded(block, x, -low, 1 + high)
    # A number that lies between two steps can be rounded to the other one.
    assert (found - wanted).abs().max() < 0.02 * (wanted - x).abs().max()
    assert (found - wanted).abs().median() < 1e-5


@torch.inference_mode()
def test_numbers_beyond_32_bits_are_clipped_to_the_nearest_byte() -> None:
    torch.manual_seed(0)
    block = ResidualDenseBlock(16, 16)
    block.conv1.weight.mul_(1e12)
    x, ranges = torch.randn(1, 16, 3, 14), (-torch.ones(80), torch.ones(80))
    found, wanted = Int8DenseBlock(block, *ranges)(x), rounded(block, x, *ranges)
    assert (found - wanted).abs().max() < 0.02 * (wanted - x).abs().max()


@torch.inference_mode()
def test_neither_neighbours_nor_threads_change_a_bit() -> None:
    torch.manual_seed(0)
    block = Int8DenseBlock(ResidualDenseBlock(16, 16), -torch.ones(80), torch.ones(80))
    pictures, threads = torch.randn(3, 16, 40, 50), torch.get_num_threads()
    together = block(pictures)
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            alone = [block(picture[None])[0] for picture in pictures]
            assert all(map(torch.equal, alone, together))
    finally:
        torch.set_num_threads(threads)


def widened(network: RRDBNet, config: UpscaleConfig) -> RRDBNet:
    """A network that computes the same with 32 channels and blocks that grow by 16.

    Those that it has more are always zero.
    """
    wide = RRDBNet(replace(config, num_feat=32, num_grow_ch=16)).eval().requires_grad_(False)
    for (name, weight), larger in zip(
        network.state_dict().items(), wide.state_dict().values(), strict=True
    ):
        larger.zero_()
        parts, places = [weight], [larger]
        if in_block := re.fullmatch(r".*rdb\d\.conv(\d)\.weight", name):
            count = int(in_block[1])  # the first sees the picture, each other one group more
            parts = weight.split([config.num_feat, *[config.num_grow_ch] * 4][:count], dim=1)
            places = larger.split([32, *[16] * 4][:count], dim=1)
        for part, place in zip(parts, places, strict=True):
            place[tuple(map(slice, part.shape))] = part
    return wide


@torch.inference_mode()
def test_int8_hardly_changes_pictures_of_trained_weights() -> None:
    pipeline = Pipeline.load("mini")
    network = pipeline.upscaler
    assert isinstance(network, RRDBNet)
    exact = widened(network, pipeline.bundle.upscale)
    fast = deepcopy(exact)
    assert to_int8(fast)
    for number, prompt in enumerate(("кот", "самовар")):
        [drawing] = pipeline.generate(prompt, count=1, seed=number)
        picture = pipeline.vqgan.decode(drawing.codes[None]).clamp(0, 1)
        wanted = exact(picture).clamp(0, 1)
        assert (network(picture).clamp(0, 1) - wanted).abs().max() < 1e-4  # the same network
        error = (fast(picture).clamp(0, 1) - wanted).abs()
        assert 0 < error.mean() * 255 < 0.2
        assert error.max() * 255 < 12


@torch.inference_mode()
@pytest.mark.parametrize("damage", [float("nan"), 1e6], ids=["NaN", "a channel that is too large"])
def test_network_that_int8_would_change_is_left_as_it_is(
    damage: float, caplog: pytest.LogCaptureFixture
) -> None:
    torch.manual_seed(0)
    network = RRDBNet(TINY).eval()
    block = network.body[0].rdb2
    if math.isnan(damage):
        block.conv3.weight[0, 0, 0, 0] = damage
    else:  # the first output is lost among the others' steps, though it alone is seen
        network.body[0].rdb1.conv5.weight.mul_(damage)
    picture = card(2)
    before = network(picture)
    with caplog.at_level(logging.WARNING):
        assert not to_int8(network)
    assert "takes longer" in caplog.text
    assert torch.equal(network(picture), before) or before.isnan().any()
    assert isinstance(network.body[0].rdb3, ResidualDenseBlock)


def test_network_whose_channels_do_not_fill_registers_stays_in_floats() -> None:
    network = RRDBNet(replace(TINY, num_feat=24, num_grow_ch=12)).eval()
    assert not to_int8(network)
    assert not to_int8(nn.Identity())


def test_engine_in_int8_draws_with_int8_blocks(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, network = load_bundle(str(tiny_bundle)), RRDBNet(TINY)
    save_bundle(
        tmp_path / "wide",
        name="wide",
        tokenizer=base.tokenizer,
        configs={key: getattr(base, key) for key in (*STAGES, "sampling")} | {"upscale": TINY},
        weights={stage: base.weights(stage) for stage in STAGES}
        | {"upscale": network.state_dict()},
    )
    exact = Pipeline.load(str(tmp_path / "wide"), "cpu", "float32")
    stages = (exact.vqgan, exact.upscaler, exact.unet)
    monkeypatch.setattr("emojich_core.pipeline.SMALL_STAGES", sum(map(parameters, stages)))
    monkeypatch.setattr(cores, "count", 2)
    fast = Pipeline.load(str(tmp_path / "wide"), "cpu", "int8")
    assert isinstance(exact.upscaler.body[0].rdb1, ResidualDenseBlock)
    assert isinstance(fast.upscaler.body[0].rdb1, Int8DenseBlock)
    assert fast.finish_batch == 1  # an upscaler in int8 has as much work as one in floats
