"""Images become the same codes, and codes the same images, plain and through the wavelet."""

import pytest
import torch

from parity.compare import Compare, differing, largest
from parity.reference import vqgans


@pytest.mark.parametrize("ch", [32, pytest.param(128, marks=pytest.mark.full)])
@pytest.mark.parametrize("dwt", [False, True], ids=["plain", "dwt"])
def test_codes_and_decoded_pictures_equal_ru_dalle(dwt: bool, ch: int, compare: Compare) -> None:
    theirs, ours = vqgans(dwt, ch)
    generator = torch.Generator().manual_seed(1)
    size = f"{'dwt' if dwt else 'plain'}, ch {ch}, 256×256"
    images = torch.rand(1, 3, 256, 256, generator=generator)
    compare(
        "VQGAN encode",
        size,
        ours=lambda: ours.encode(images),
        theirs=lambda: theirs.get_codebook_indices(images, disable_gumbel_softmax=True),
        error=differing,
    )
    codes = torch.randint(8192, (1, 1024), generator=generator)
    compare(
        "VQGAN decode",
        size,
        ours=lambda: ours.decode(codes),
        theirs=lambda: theirs.decode(codes),
        error=largest,
        limit=1e-4,
    )
