"""Real-ESRGAN at its published scales."""

import pytest
import torch

from emojich_core.upscale import UpscaleConfig, make_upscaler, upscale


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_a_scale_enlarges_by_itself(scale: int) -> None:
    model = make_upscaler(UpscaleConfig(scale, num_feat=8, num_block=1, num_grow_ch=4)).eval()
    with torch.inference_mode():
        assert model(torch.rand(1, 3, 6, 10)).shape == (1, 3, 6 * scale, 10 * scale)
    assert upscale(model, torch.rand(1, 3, 6, 6), 16).shape == (1, 3, 16, 16)
