"""How fast the transformer of `mini` learns: a step of training, on random captions and codes.

python -m benchmarks.training
"""

import numpy as np
import torch
import torch._inductor.config
from torch import Tensor

from benchmarks.results import Results
from benchmarks.timing import median
from emojich_core.inference.memory import reuse_freed_memory
from emojich_core.inference.threads import use_free_cores
from emojich_core.training.auxiliary import TARGETS
from emojich_core.training.presets import BPE_TOKENS, MINI_TRANSFORMER
from emojich_core.training.transformer import Trainer

BATCH = 48  # as in `make mini`
STEPS = 5


class RandomData:
    """Random samples in place of `Data`: the time of a step does not depend on the numbers."""

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Text, codes and targets of the auxiliary losses."""
        config, codes = MINI_TRANSFORMER, MINI_TRANSFORMER.image_seq_length
        return (
            torch.from_numpy(rng.integers(4, BPE_TOKENS, (size, config.text_seq_length))),
            torch.from_numpy(rng.integers(config.image_vocab_size, size=(size, codes))),
            torch.from_numpy(rng.random((size, codes, TARGETS), np.float32)),
        )


def measure(results: Results) -> None:
    """Report the median of STEPS steps, after the one that compiles."""
    reuse_freed_memory()
    torch._inductor.config.cpp.dynamic_threads = True  # as in the training loop
    trainer = Trainer(RandomData(), None, steps=8000, batch_size=BATCH, lr=2e-3)
    rng = np.random.default_rng(0)

    def step() -> None:
        use_free_cores()
        trainer.step(0, rng)

    seconds = median(step, STEPS)
    results.row(
        f"mini: training the transformer, {BATCH} pictures a step",
        f"{BATCH / seconds:.1f} pictures a second, a step {seconds:.2f} s",
        "50 with AMX, 30 with AVX-512",
    )


if __name__ == "__main__":
    measure(Results())
