"""Real-ESRGAN at its published scales."""

import pytest
import torch

from emojich_core.networks.upscale import UpscaleConfig, make_upscaler, upscale, upscale_tiles


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_scale_is_the_factor_of_enlargement(scale: int) -> None:
    config = UpscaleConfig(scale, num_feat=8, num_block=1, num_grow_ch=4, tile=None)
    model = make_upscaler(config).eval()
    with torch.inference_mode():
        assert model(torch.rand(1, 3, 6, 10)).shape == (1, 3, 6 * scale, 10 * scale)
    assert upscale(model, config, torch.rand(1, 3, 6, 6), 16).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_names_and_shapes_are_those_of_the_published_checkpoints(scale: int) -> None:
    with torch.device("meta"):
        weights = make_upscaler(UpscaleConfig(scale)).state_dict()
    layers = {"conv_first", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"}
    layers |= {"conv_up3"} if scale == 8 else set()
    layers |= {
        f"body.{block}.rdb{dense}.conv{number}"
        for block in range(23)
        for dense in (1, 2, 3)
        for number in (1, 2, 3, 4, 5)
    }
    assert weights.keys() == {f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}
    assert weights["conv_first.weight"].shape == (64, 12 if scale == 2 else 3, 3, 3)
    assert weights["body.22.rdb3.conv4.weight"].shape == (32, 64 + 3 * 32, 3, 3)
    assert weights["body.22.rdb3.conv5.weight"].shape == (64, 64 + 4 * 32, 3, 3)


@pytest.mark.parametrize("size", [(40, 40), (70, 33)])
@pytest.mark.parametrize("scale", [2, 4])
def test_upscaling_in_tiles_equals_upscaling_whole(scale: int, size: tuple[int, int]) -> None:
    """A network that looks at single pixels gives the same in tiles as in one piece."""
    images = torch.rand(2, 3, *size)
    enlarge = torch.nn.Upsample(scale_factor=scale)
    assert torch.equal(upscale_tiles(enlarge, scale, 32, images), enlarge(images))


def test_scale_1_only_resizes() -> None:
    config = UpscaleConfig(scale=1)
    model, images = make_upscaler(config), torch.rand(1, 3, 6, 6)
    assert not model.state_dict()
    assert torch.equal(upscale(model, config, images, 6), images)
    assert upscale(model, config, images, 16).shape == (1, 3, 16, 16)


def test_a_second_pass_enlarges_to_the_very_size() -> None:
    config = UpscaleConfig(scale=2, tile=None, passes=2)
    network, seen = torch.nn.Upsample(scale_factor=2), []
    network.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape[-1]))
    assert upscale(network, config, torch.rand(1, 3, 12, 12), 16).shape == (1, 3, 16, 16)
    assert seen == [12, 8]
