"""A training loop with checkpoints and TensorBoard; a killed run can be continued."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Protocol

import numpy as np
import torch
import torch._inductor.config
from PIL import Image
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from emojich_core.inference.memory import reuse_freed_memory
from emojich_core.inference.threads import use_free_cores


class Stop(Exception):
    """Raise it in `evaluate` to end a run early."""


class Stateful(Protocol):
    """A part of a checkpoint: a module or an optimizer."""

    def state_dict(self) -> dict[str, Any]:
        """The state to be saved."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any:
        """Restore the state."""


def run(
    name: str,
    out: Path,
    steps: int,
    state: Mapping[str, Stateful],
    step: Callable[[int, np.random.Generator], Mapping[str, Tensor]],
    evaluate: Callable[[int], Tensor | None] = lambda number: None,
    *,
    every: int = 250,
    seed: int = 0,
) -> None:
    """Call `step` for every step that is not done yet, and save checkpoints.

    `state`     modules and optimizers by name; they are kept in `out`/`name`.pt and taken from
                there if it exists.  Each step's random numbers follow from `seed` and the step's
                number alone: a killed run that is started again ends in the very same weights.
    `step`      one update; gets its number and a generator, returns losses, which are logged.
    `evaluate`  called with the number of steps done, every `every` steps and after the last, right
                before the checkpoint is written, so the checkpoint has its changes to `state`.  A
                picture (3, H, W) in [0, 1] that it returns is logged and saved as `out`/`name`.png.
                It may raise Stop; the run has then ended, and starting it again does nothing.
    Raises OSError when a checkpoint cannot be written, or when the existing one is damaged.
    """
    reuse_freed_memory()
    # Else compiled code always runs in the number of threads with which it was compiled.
    torch._inductor.config.cpp.dynamic_threads = True
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / f"{name}.pt"
    done = resume(checkpoint, state)
    writer = SummaryWriter(out / "tensorboard" / name, purge_step=done)
    bar = tqdm(total=steps, initial=min(done, steps), desc=name, mininterval=1)
    with writer, bar:
        for number in range(done, steps):
            _seed(seed, number)
            use_free_cores()
            losses = step(number, np.random.default_rng((seed, number)))
            bar.update()
            if number % 20 == 0:
                numbers = {key: loss.item() for key, loss in losses.items()}
                bar.set_postfix({key: f"{value:.4f}" for key, value in numbers.items()})
                for key, value in numbers.items():
                    writer.add_scalar(key, value, number)
            if (number + 1) % every == 0 or number + 1 == steps:
                try:
                    page = evaluate(number + 1)
                except Stop:
                    save(checkpoint, state, steps)
                    return
                save(checkpoint, state, number + 1)
                if page is not None:
                    writer.add_image("samples", page.clamp(0, 1), number + 1)
                    save_page(out / f"{name}.png", page)


def save(checkpoint: Path, state: Mapping[str, Stateful], done: int) -> None:
    """Write a checkpoint of a run that has done `done` steps.  Raises OSError as `write` does."""
    write(checkpoint, {"done": done, **{name: part.state_dict() for name, part in state.items()}})


def write(checkpoint: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint that a killed run cannot leave half written.

    Raises OSError when it cannot be written.
    """
    partial = checkpoint.with_suffix(".tmp")
    try:
        torch.save(dict(content), partial)
        partial.replace(checkpoint)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError for a full disk
        partial.unlink(missing_ok=True)
        raise OSError(f"{checkpoint} cannot be written: make room for it.") from error


def resume(checkpoint: Path, state: Mapping[str, Stateful]) -> int:
    """Restore `state` from a checkpoint, if there is one; returns the number of steps done.

    A checkpoint of no steps (see `unpack`) has no optimizers, and these stay as they are.
    Raises OSError when the checkpoint is damaged.
    """
    if not checkpoint.exists():
        return 0
    saved = read(checkpoint)
    for name, part in state.items():
        if name in saved or saved["done"]:
            part.load_state_dict(saved[name])
    return int(saved["done"])


def read(checkpoint: Path) -> dict[str, Any]:
    """Read a checkpoint that `write` wrote.

    Raises OSError when it is damaged, for instance truncated.
    """
    try:
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        if not isinstance(saved, dict) or "done" not in saved:
            raise ValueError("no checkpoint of a run")
    except (OSError, RuntimeError, EOFError, KeyError, ValueError, UnpicklingError) as error:
        # Errors about a missing file name it, those about a damaged file do not; a lack of memory
        # shows only in the words of torch's error.
        if getattr(error, "filename", None) or "allocate memory" in str(error):
            raise
        raise OSError(f"{checkpoint} is damaged: delete it, and this begins again.") from error
    return saved


def save_page(path: Path, page: Tensor) -> None:
    """Write a picture (3, H, W) in [0, 1] as PNG."""
    Image.fromarray((page.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()).save(path)


def _seed(seed: int, number: int) -> None:
    mixed = int(np.random.SeedSequence((seed, number)).generate_state(1)[0])
    torch.manual_seed(mixed)
    random.seed(mixed)
