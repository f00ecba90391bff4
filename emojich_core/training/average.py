"""Averages two transformers, one trained further from the other: the mean is better than either.

    python -m emojich_core.training.average mini .data/further --out .data/mean

The mean keeps most gains of further training, and undoes its losses: "model soups" (Wortsman et al.
2022, arXiv 2203.05482).
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from emojich_core.bundles.bundle import Bundle, BundleError, derive_bundle, load_bundle
from emojich_core.errors import exit_on


def average(bundle: Bundle, other: Bundle, out: Path) -> None:
    """Write a bundle with the mean of both transformers; all else is from `bundle`.

    Raises ValueError unless one was trained from the other, and BundleError.
    """
    if _kind(bundle) != _kind(other):
        raise ValueError(f"{other.path} does not go on from {bundle.path}: take one that does.")
    first, second = (each.weights("transformer", torch.float32) for each in (bundle, other))
    mean: dict[str, Tensor] = {key: ((first[key] + second[key]) / 2).half() for key in first}
    derive_bundle(bundle, out, mean, f"mean of {bundle.name} and {other.name}")


def _kind(bundle: Bundle) -> tuple[object, ...]:
    return bundle.transformer, bundle.vqgan, bundle.tokenizer.read_bytes()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundles", nargs=2, metavar="BUNDLE")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle to write")
    arguments = parser.parse_args()
    with exit_on(BundleError, ValueError):
        first, second = map(load_bundle, arguments.bundles)
        average(first, second, arguments.out)
