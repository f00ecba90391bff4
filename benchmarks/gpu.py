"""The engine's times on a GPU, beside the lower bound that its memory sets.

    python -m benchmarks.gpu [--device cuda:1]      # the published size: some minutes
    python -m benchmarks.gpu --device cpu --small   # the same, to see that it runs

The weights are random, the work is that of the published model.  The bound of a step is to read all
weights, and the keys and values that it attends to, once, at the measured speed of the memory.
"Compiled" is the engine's step on a GPU, "as it stands" its step without a compiler.
"""

import argparse
import gc
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from benchmarks import page, stages
from benchmarks.results import Results
from benchmarks.steps import cache_bytes, cpu_precisions, random_model, weight_bytes
from benchmarks.timing import machine, median, read_bandwidth
from emojich_core.bundles.bundle import BundleError
from emojich_core.inference.devices import pick_device
from emojich_core.inference.precision import Precision
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import Slots, prefill
from emojich_core.networks.transformer import Transformer, TransformerConfig
from emojich_core.pipeline import Pipeline

STEPS = 10  # timed in a row, as the engine runs them
ROUNDS = 3


@dataclass(frozen=True)
class Size:
    """The size of model and batches that is measured."""

    name: str
    transformer: TransformerConfig
    stages: Callable[[torch.device], Pipeline]  # a pipeline with the stages after the transformer
    slots: tuple[int, ...] = (1, 4, 8, 16, 32)
    batch: int = 9  # images finished at once
    read: int = 2**30  # bytes, to measure how fast memory is read


def full() -> Size:
    """The published model."""
    return Size("full", TransformerConfig(), stages.published_stages)


def small() -> Size:
    """The smallest size that has every part, for a test."""
    transformer = TransformerConfig(
        num_layers=2,
        hidden_size=32,
        num_attention_heads=2,
        vocab_size=50 + 6,
        text_seq_length=6,
        image_vocab_size=64,
        image_tokens_per_dim=8,
    )
    return Size("small", transformer, mini, slots=(1, 2), batch=1, read=2**24)


def mini(device: torch.device) -> Pipeline:
    """The shipped bundle."""
    return Pipeline.load("mini", str(device))


def precisions(device: torch.device) -> list[Precision]:
    """The precisions of a device, its default first."""
    if device.type == "cpu":
        return cpu_precisions()
    return ["float16", *(["bfloat16"] if torch.cuda.is_bf16_supported() else []), "float32"]


@dataclass
class Measurement:
    """Measures one size on one device."""

    size: Size
    device: torch.device
    results: Results = field(default_factory=Results)

    def all(self) -> Results:
        """The steps in each precision, then the stages after them."""
        bandwidth = read_bandwidth(self.size.read, self.device)
        self.results.row("reading memory", f"{bandwidth / 1e9:.1f} GB/s")
        for precision in precisions(self.device):
            try:
                self._steps(precision, bandwidth)
            except torch.OutOfMemoryError:
                self.results.row(f"{self.size.name}: {precision}", "does not fit")
            gc.collect()
        pipeline = self.size.stages(self.device)
        codes = stages.some_codes(pipeline, self.size.batch)
        stages.measure(self.results, self.size.name, pipeline, codes)
        return self.results

    def _steps(self, precision: Precision, bandwidth: float) -> None:
        config = self.size.transformer
        model = random_model(config, precision, self.device)
        weights = weight_bytes(config, precision)
        for count in self.size.slots:
            slots = self._taken(model, count, compiled=self.device.type == "cuda")
            step = _step(slots)
            bound = (weights + cache_bytes(slots.cache)) / bandwidth
            hour = 3600 * count / (step * config.image_seq_length)
            measured = (
                f"{step * 1e3:.2f} ms; the memory's bound {bound * 1e3:.2f} ms, "
                f"{step / bound:.2f} times; {hour:.0f} images an hour, codes alone"
            )
            if self.device.type == "cuda":
                plain = _step(self._taken(model, count, compiled=False))
                measured += f"; as it stands {plain * 1e3:.2f} ms"
            self.results.row(f"{self.size.name}: a step of {count} slots, {precision}", measured)
        first = median(lambda: self._enter(slots, model, 0), ROUNDS)
        self.results.row(
            f"{self.size.name}: from a request to its first code, {precision}",
            f"{first * 1e3:.1f} ms",
            "50 ms",
        )

    def _taken(self, model: Transformer, count: int, compiled: bool) -> Slots:
        """Slots that all hold an image."""
        slots = Slots(model, count, compiled=compiled)
        for slot in range(count):
            self._enter(slots, model, slot)
        return slots

    def _enter(self, slots: Slots, model: Transformer, slot: int) -> None:
        """Start an image in a slot, and decode its first code."""
        text = torch.full((model.config.text_seq_length,), 5, device=self.device)
        slots.enter(slot, prefill(model, text), slot, Sampling())
        slots.step()


def _step(slots: Slots) -> float:
    """Seconds of a step, the mean of STEPS in a row."""

    def steps() -> None:
        for _ in range(STEPS):
            slots.step()

    return median(steps, ROUNDS) / STEPS


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", help="cuda, cuda:1, cpu; by default a GPU if any")
    parser.add_argument("--small", action="store_true", help="not the published size")
    chosen = parser.parse_args(arguments)
    try:
        device = pick_device(chosen.device)
    except BundleError as error:
        parser.error(str(error))
    words = machine()
    if device.type == "cuda":
        torch.cuda.set_device(device.index or 0)
        words = f"{torch.cuda.get_device_name(device)}; {words}"
    torch.set_grad_enabled(False)
    results = Measurement(small() if chosen.small else full(), device).all()
    print(f"\n> {words}\n\n{page.table(results.rows)}")


if __name__ == "__main__":
    main()
