"""Writes a bundle as checkpoints, to train the transformer, or a stage after it, further.

    python -m emojich_core.training.unpack
    python -m emojich_core.training.transformer --out .data/unpacked --steps 1000 --lr 8e-4
    python -m emojich_core.training.export --training .data/unpacked

The VQGAN must stay as it is: the transformer predicts its codes.
"""

import argparse
import shutil
from pathlib import Path

import torch

from emojich_core.bundles.bundle import STAGES, Bundle, BundleError, load_bundle
from emojich_core.errors import exit_on
from emojich_core.finetuning.loop import write
from emojich_core.training.presets import MINI_MATTING, MINI_TRANSFORMER, MINI_UPSCALE, MINI_VQGAN


def unpack(bundle: Bundle, training: Path) -> None:
    """Write a checkpoint of no steps for each stage of a bundle, and its tokenizer, to `training`.

    Raises ValueError when the bundle has other numbers than those that are trained here, and
    FileExistsError when `training` has checkpoints.
    """
    ours = (MINI_TRANSFORMER, MINI_VQGAN, MINI_UPSCALE, MINI_MATTING)
    if (bundle.transformer, bundle.vqgan, bundle.upscale, bundle.matting) != ours:
        raise ValueError(f"{bundle.path} has other numbers than presets.py: take --model mini.")
    training.mkdir(parents=True, exist_ok=True)
    if any(training.glob("*.pt")):
        raise FileExistsError(f"{training} has checkpoints: name another folder.")
    shutil.copyfile(bundle.tokenizer, training / "bpe.model")
    for stage in STAGES:
        parts = {"model": bundle.weights(stage, torch.float32)}
        if stage == "vqgan":
            codes = parts["model"]["quantize.embed.weight"]
            parts["book"] = {"codes": codes, "counts": torch.ones(len(codes)), "sums": codes}
        write(training / f"{stage}.pt", {"done": 0, **parts})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="mini")
    parser.add_argument("--training", type=Path, default=Path(".data/unpacked"))
    arguments = parser.parse_args()
    with exit_on(BundleError, OSError, ValueError):
        unpack(load_bundle(arguments.model), arguments.training)
