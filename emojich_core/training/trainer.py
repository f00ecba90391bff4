"""Shared by all trainers: options of the command line, the learning rate, and the precision."""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch

from emojich_core.errors import exit_on
from emojich_core.inference.precision import cpu_has_bfloat16

WARMUP = 100  # steps


def command(
    train: Callable[..., None],
    description: str | None,
    *,
    steps: int,
    batch_size: int,
    lr: float,
) -> None:
    """Read a trainer's options, whose defaults are given, and train.

    Ends the process with a sentence where a file is missing, damaged, or cannot be written.
    """
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(".data"), help="art and dataset (.data)")
    parser.add_argument("--out", type=Path, default=Path(".data/training"), help="for checkpoints")
    parser.add_argument("--steps", type=int, default=steps, help=f"of all ({steps})")
    parser.add_argument("--batch-size", type=int, default=batch_size, help=f"({batch_size})")
    parser.add_argument("--lr", type=float, default=lr, help=f"the highest ({lr})")
    with exit_on(OSError):
        train(**vars(parser.parse_args()))


def rate(number: int, steps: int, decay: float = 0.7) -> float:
    """Factor of the learning rate, in [0, 1].

    It rises over WARMUP steps, and falls to 0 over the last `decay`, a share of `steps`.
    """
    return min(1.0, (number + 1) / WARMUP) * min(1.0, (1 - number / steps) / decay)


def set_rate(optimizers: list[torch.optim.Optimizer], lr: float) -> None:
    """Give all parameters the learning rate `lr`."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = lr


def autocast() -> torch.autocast:
    """Products in bfloat16 where the CPU has instructions for it; on others float32 is faster.

    Every weight is used once in a step: no copies are kept of it.
    """
    return torch.autocast(
        "cpu", dtype=torch.bfloat16, enabled=cpu_has_bfloat16(), cache_enabled=False
    )
