"""One image from a bundle of the published size: seconds, peak memory, the picture.

The weights are random, so the picture is noise; the time is that of the published model.

    python benchmarks/full_size.py [--dtype bfloat16] [--out FOLDER]

Takes 5 GB of disk for as long as it runs.
"""

import argparse
import math
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
import youtokentome
from torch import nn

from emojich_core.bundles.bundle import STAGES, TOKENIZER, save_bundle
from emojich_core.bundles.convert import NETWORKS
from emojich_core.bundles.published import published
from emojich_core.inference.sampling import Sampling

IMPORTS = "import emojich_core.pipeline"
OPENS = "from emojich_core.pipeline import Pipeline; Pipeline.load({path!r}, 'cpu')"
DRAWS = (
    "from emojich_core.pipeline import Pipeline\n"
    "[drawing] = Pipeline.load({path!r}, 'cpu').generate('кот в космосе', count=1, seed=1)\n"
    "drawing.image.save({picture!r})"
)

# From Linux, because getrusage() includes the memory of the parent, which has written 3 GB.
REPORT = """
import re
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def write_bundle(path: Path, dtype: torch.dtype, layers: int | None = None) -> None:
    """Write a bundle of the published size, or with `layers` layers only, with random weights."""
    path.mkdir(parents=True)
    corpus, tokenizer = path / "corpus.txt", path / TOKENIZER
    corpus.write_text("кот в космосе\nсобака и пицца\n" * 50)
    youtokentome.BPE.train(data=str(corpus), model=str(tokenizer), vocab_size=40)
    configs = {stage: published("emojich").parts[stage].config for stage in STAGES}
    if layers:
        configs["transformer"] = replace(configs["transformer"], num_layers=layers)
    weights = {}
    for stage in STAGES:
        with torch.device("meta"):
            model = NETWORKS[stage](configs[stage])
        weights[stage] = random_weights(model, dtype if stage == "transformer" else torch.float32)
    save_bundle(
        path,
        name="full-size",
        tokenizer=tokenizer,
        configs={**configs, "sampling": Sampling()},
        weights=weights,
    )


def random_weights(model: nn.Module, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Random weights for a network that was made on `meta`, by name."""
    return {key: _random(key, like, dtype) for key, like in model.state_dict().items()}


def _random(key: str, like: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Weights that keep activations near 1: norms start as the identity."""
    if not like.is_floating_point():
        return torch.zeros(like.shape, dtype=like.dtype)
    if like.ndim < 2:
        is_scale = key.endswith(("weight", "running_var"))
        return torch.full(like.shape, float(is_scale), dtype=dtype)
    return torch.empty(like.shape, dtype=dtype).normal_(std=1 / math.sqrt(like[0].numel()))


def measure(code: str) -> tuple[float, float]:
    """Run Python code in a process of its own: seconds, and its peak resident memory in GiB."""
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code + REPORT], check=True, stdout=subprocess.PIPE)
    return time.monotonic() - start, int(done.stdout) / 2**20


def main() -> None:
    """Write the bundle, open it, draw; print time and memory of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dtype", choices=("float16", "bfloat16"), default="bfloat16")
    parser.add_argument("--out", type=Path, default=Path("out"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    picture = arguments.out / "full_size.png"
    with tempfile.TemporaryDirectory(dir=arguments.out) as folder:
        path = Path(folder) / "bundle"
        write_bundle(path, getattr(torch, arguments.dtype))
        weights = sum(file.stat().st_size for file in path.glob("*.safetensors")) / 2**30
        rows = {
            "import": measure(IMPORTS),
            "open": measure(OPENS.format(path=str(path))),
            "draw one image": measure(DRAWS.format(path=str(path), picture=str(picture))),
        }
    print(f"weights {weights:.2f} GiB, {arguments.dtype}, {torch.get_num_threads()} threads")
    for name, (seconds, peak) in rows.items():
        print(f"{name:16}{seconds:8.1f} s{peak:8.2f} GiB at most, {peak / weights:.2f} × weights")
    print(picture)


if __name__ == "__main__":
    main()
