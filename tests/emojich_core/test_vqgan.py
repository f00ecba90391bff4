from dataclasses import replace

import pytest
import torch

from emojich_core.networks.vqgan import VQGAN, VQGANConfig, inverse_haar
from emojich_core.training.vqgan import EMACodebook
from tests.tiny_bundle import TINY_VQGAN

SMALL = replace(TINY_VQGAN, n_embed=16)


def test_inverse_haar_undoes_the_transform() -> None:
    image = torch.rand(2, 3, 8, 6)
    a, b = image[..., 0::2, 0::2], image[..., 0::2, 1::2]
    c, d = image[..., 1::2, 0::2], image[..., 1::2, 1::2]
    low = (a + b + c + d) / 2
    rows, columns, both = (a + b - c - d) / 2, (a - b + c - d) / 2, (a - b - c + d) / 2
    high = torch.stack((rows, columns, both), dim=2).flatten(1, 2)
    torch.testing.assert_close(inverse_haar(torch.cat((low, high), dim=1)), image)


@pytest.mark.parametrize(("dwt", "size"), [(True, 64), (False, 32)])
def test_encoder_and_decoder_have_the_expected_shapes(dwt: bool, size: int) -> None:
    config = VQGANConfig(**{**SMALL.__dict__, "dwt": dwt})
    model = VQGAN(config).eval()
    with torch.inference_mode():
        codes = model.encode(torch.rand(2, 3, 32, 32))
        images = model.decode(codes)
    assert codes.shape == (2, 16)
    assert images.shape == (2, 3, size, size)
    assert config.image_size == size
    assert images.min() >= 0
    assert images.max() <= 1


def test_published_vqgan_has_the_expected_shapes() -> None:
    config = VQGANConfig()
    assert (config.codes_per_side, config.image_size) == (32, 512)
    with torch.device("meta"):
        parameters = VQGAN(config).state_dict()
    # Names and shapes of vqgan.gumbelf8-sber-dwt.model.ckpt.
    assert parameters["encoder.down.3.block.0.nin_shortcut.weight"].shape == (512, 256, 1, 1)
    assert parameters["encoder.down.3.attn.1.proj_out.weight"].shape == (512, 512, 1, 1)
    assert parameters["decoder.up.1.upsample.conv.weight"].shape == (128, 128, 3, 3)
    assert parameters["decoder.conv_out.weight"].shape == (12, 128, 3, 3)
    assert parameters["quantize.proj.weight"].shape == (8192, 256, 1, 1)


def test_the_exported_codebook_picks_the_nearest_code() -> None:
    torch.manual_seed(0)
    book = EMACodebook(n_embed=16, dim=8)
    model = VQGAN(SMALL)
    book.export(model.quantize)
    features = torch.randn(3, 8, 4, 4)
    flat = features.permute(0, 2, 3, 1).reshape(-1, 8)
    nearest = torch.cdist(flat, book.codes).argmin(dim=1)
    assert model.quantize.proj(features).argmax(dim=1).flatten().equal(nearest)
    torch.testing.assert_close(model.quantize.embed.weight, book.codes)


def test_codebook_moves_towards_the_features() -> None:
    torch.manual_seed(0)
    book = EMACodebook(n_embed=4, dim=2)
    centres = torch.tensor([[5.0, 5.0], [-5.0, 5.0], [5.0, -5.0], [-5.0, -5.0]])
    for _ in range(200):
        flat = centres[torch.randint(4, (256,))] + 0.1 * torch.randn(256, 2)
        book(flat.T.reshape(1, 2, 16, 16))
    distance = torch.cdist(centres, book.codes).min(dim=1).values
    assert distance.max() < 0.5
