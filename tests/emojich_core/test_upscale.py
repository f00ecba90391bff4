"""Real-ESRGAN at its published scales."""

import pytest
import torch

from emojich_core.upscale import UpscaleConfig, in_tiles, make_upscaler, upscale


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_a_scale_enlarges_by_itself(scale: int) -> None:
    config = UpscaleConfig(scale, num_feat=8, num_block=1, num_grow_ch=4, tile=None)
    model = make_upscaler(config).eval()
    with torch.inference_mode():
        assert model(torch.rand(1, 3, 6, 10)).shape == (1, 3, 6 * scale, 10 * scale)
    assert upscale(model, config, torch.rand(1, 3, 6, 6), 16).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("size", [(40, 40), (70, 33)])
@pytest.mark.parametrize("scale", [2, 4])
def test_tiles_fit_together(scale: int, size: tuple[int, int]) -> None:
    """A network that looks at single pixels gives the same in tiles as in one piece."""
    images = torch.rand(2, 3, *size)
    enlarge = torch.nn.Upsample(scale_factor=scale)
    assert torch.equal(in_tiles(enlarge, scale, 32, images), enlarge(images))


def test_without_a_network_a_picture_is_only_brought_to_size() -> None:
    config = UpscaleConfig(scale=1)
    model, images = make_upscaler(config), torch.rand(1, 3, 6, 6)
    assert not model.state_dict()
    assert torch.equal(upscale(model, config, images, 6), images)
    assert upscale(model, config, images, 16).shape == (1, 3, 16, 16)
