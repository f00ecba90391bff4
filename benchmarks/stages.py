"""The time of each stage after the transformer, as in `Pipeline.finish`.

python -m benchmarks.stages    # on `mini`, with the time of decoding
"""

import tempfile
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import steps
from benchmarks.full_size import write_bundle
from benchmarks.results import Results
from benchmarks.timing import CPU, median
from emojich_core.inference.precision import choose, stages_dtype
from emojich_core.networks.matting import cut_out
from emojich_core.networks.transformer import TransformerConfig
from emojich_core.networks.upscale import upscale
from emojich_core.pipeline import CPU_SLOTS, Pipeline
from emojich_core.sticker import SIZE, compose, to_webp

ROUNDS = 3
PROMPT = "кот в космосе"


def on_mini(results: Results) -> None:
    """The stages for an image of `mini`, beside the decoding of its codes."""
    pipeline = Pipeline.load("mini", "cpu")
    length = pipeline.bundle.transformer.image_seq_length
    step = steps.measure(pipeline.transformer, CPU_SLOTS).whole
    what = f"mini: the {length} codes of {CPU_SLOTS} images, {pipeline.precision}"
    results.row(what, f"{length * step:.2f} s")
    [drawing] = pipeline.generate(PROMPT, 1, seed=1)
    measure(results, "mini", pipeline, drawing.codes[None])


def at_full_size(results: Results) -> None:
    """The published stages, on a CPU."""
    pipeline = published_stages(CPU)
    measure(results, "full", pipeline, some_codes(pipeline, 1))


@torch.inference_mode()
def measure(results: Results, name: str, pipeline: Pipeline, codes: Tensor) -> None:
    """Measure each stage alone, on the codes (B, image_seq_length) of B images at once."""
    bundle, device, batch = pipeline.bundle, pipeline.device, len(codes)
    codes = codes.to(device)

    def painting() -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16, enabled=pipeline.renders_in_bfloat16)

    def decode() -> Tensor:
        with painting():
            return pipeline.vqgan.decode(codes)

    def sharpen() -> Tensor:
        with painting():
            sharp = upscale(pipeline.upscaler, bundle.upscale, decoded, SIZE)
        return sharp.to(stages_dtype(device))

    decoded = decode()
    sharp = sharpen()
    alphas = [alpha for alpha, _ in cut_out(pipeline.unet, bundle.matting, sharp)]
    stages = {
        "VQGAN": decode,
        "Real-ESRGAN": sharpen,
        "U-Net and cutting": lambda: cut_out(pipeline.unet, bundle.matting, sharp),
        "WebP, on the CPU": lambda: [
            to_webp(compose(*each)) for each in zip(sharp, alphas, strict=True)
        ],
    }
    for stage, work in stages.items():
        taken = median(work, ROUNDS) / batch
        results.row(f"{name}: {stage}, an image, {batch} at once", f"{taken * 1e3:.1f} ms")


def some_codes(pipeline: Pipeline, batch: int) -> Tensor:
    """Arbitrary codes (B, image_seq_length)."""
    config = pipeline.bundle.transformer
    return torch.randint(config.image_vocab_size, (batch, config.image_seq_length))


def published_stages(device: torch.device) -> Pipeline:
    """The published stages with random weights, and a single layer of the transformer.

    They have the precision that an engine uses.
    """
    precision = choose(None, device, TransformerConfig())
    with tempfile.TemporaryDirectory() as folder:
        write_bundle(Path(folder) / "bundle", torch.bfloat16, layers=1)
        return Pipeline.load(str(Path(folder) / "bundle"), str(device), precision)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    on_mini(Results())
