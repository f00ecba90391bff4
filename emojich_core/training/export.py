"""Put what was trained into a bundle: half precision, safetensors, check sums."""

import argparse
import sys
from pathlib import Path

from emojich_core.bundles import BundleError, save_bundle
from emojich_core.choices import SHIPPED
from emojich_core.training.loop import read
from emojich_core.training.presets import (
    MINI_MATTING,
    MINI_SAMPLING,
    MINI_TRANSFORMER,
    MINI_UPSCALE,
    MINI_VQGAN,
)
from emojich_core.training.vqgan import load_vqgan


def export(training: Path, out: Path) -> None:
    """Read the checkpoints in `training` and write the bundle folder `out`.

    Raises OSError for a checkpoint that is missing or damaged, and BundleError.
    """
    weights = {
        stage: read(training / f"{stage}.pt")["model"]
        for stage in ("transformer", "upscale", "matting")
    }
    weights["vqgan"] = load_vqgan(training).state_dict()
    half = {
        stage: {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
        for stage, tensors in weights.items()
    }
    configs = {
        "transformer": MINI_TRANSFORMER,
        "vqgan": MINI_VQGAN,
        "upscale": MINI_UPSCALE,
        "matting": MINI_MATTING,
        "sampling": MINI_SAMPLING,
    }
    save_bundle(
        out,
        name="mini",
        licence="Apache-2.0",
        tokenizer=training / "bpe.model",
        configs=configs,
        weights=half,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", type=Path, default=Path(".data/training"))
    parser.add_argument("--out", type=Path, default=SHIPPED / "mini")
    arguments = parser.parse_args()
    try:
        export(arguments.training, arguments.out)
    except (BundleError, OSError) as error:
        sys.exit(f"emojich: {error}")
