"""Trains the up-scaler: from reconstructions of glyphs by the VQGAN to larger glyphs.

So it learns to repair the decoder's real errors instead of a synthetic blur.  A
discriminator keeps its edges crisp.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emojich_core.finetuning.loop import Stateful, resume, run
from emojich_core.networks.upscale import make_upscaler
from emojich_core.training.adversarial import (
    PatchDiscriminator,
    discriminator_loss,
    generator_loss,
)
from emojich_core.training.data.art import on_white, rendered
from emojich_core.training.data.held_out import choose_glyphs
from emojich_core.training.presets import MINI_UPSCALE, MINI_VQGAN
from emojich_core.training.trainer import autocast, command, rate, set_rate
from emojich_core.training.vqgan import load_vqgan, reconstruct, reconstruction_loss

GLYPHS = 900  # chosen at random; each has many patches
PATCH = 48  # pixels of the small image
HINGE_WEIGHT = 0.15  # at 0.4 stickers had 1.5 times the art's fine detail: halos along edges


def patches(
    small: np.ndarray, large: np.ndarray, rng: np.random.Generator, batch: int
) -> tuple[Tensor, Tensor]:
    """Random squares of (N, h, w, 3) pictures and of their larger twins, mirrored at random."""
    scale = large.shape[1] // small.shape[1]
    ins, outs = [], []
    for i in rng.integers(len(small), size=batch):
        y, x = rng.integers(small.shape[1] - PATCH + 1, size=2)
        flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
        ins.append(small[i, y : y + PATCH, x : x + PATCH][:, flip])
        y, x, side = y * scale, x * scale, PATCH * scale
        outs.append(large[i, y : y + side, x : x + side][:, flip])
    small_patches, large_patches = (torch.from_numpy(np.stack(rows)) for rows in (ins, outs))
    return (
        small_patches.permute(0, 3, 1, 2).float() / 255,
        large_patches.permute(0, 3, 1, 2).float() / 255,
    )


class Trainer:
    """The up-scaler, pictures before and after, and one update."""

    def __init__(
        self, small: np.ndarray, large: np.ndarray, steps: int, batch_size: int, lr: float
    ):
        self.small, self.large = small, large
        self.steps, self.batch_size, self.lr = steps, batch_size, lr
        self.model = make_upscaler(MINI_UPSCALE)
        self.compiled = torch.compile(self.model)
        self.discriminator = PatchDiscriminator()
        self.scores = torch.compile(self.discriminator)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=lr, betas=(0.9, 0.95))
        self.discriminator_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=lr, betas=(0.5, 0.9)
        )

    def step(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One update of the up-scaler, then one of the discriminator."""
        set_rate([self.optimizer, self.discriminator_optimizer], self.lr * rate(number, self.steps))
        x, y = patches(self.small, self.large, rng, self.batch_size)
        with autocast():
            output = self.compiled(x)
            features, real = self.scores(output), self.scores(y)
            loss = reconstruction_loss(output.float(), y) + generator_loss(
                features, real, HINGE_WEIGHT
            )
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        with autocast():
            discriminator_error = discriminator_loss(self.scores(output.detach()), self.scores(y))
        self.discriminator_optimizer.zero_grad()
        discriminator_error.backward()
        self.discriminator_optimizer.step()
        return {"loss": loss, "discriminator": discriminator_error}

    @torch.inference_mode()
    def evaluate(self, number: int) -> Tensor:
        """A picture: bicubic, the model, and the truth, for a few glyphs."""
        x = torch.from_numpy(self.small[:5]).permute(0, 3, 1, 2).float() / 255
        truth = torch.from_numpy(self.large[:5]).permute(0, 3, 1, 2).float() / 255
        rows = [F.interpolate(x, truth.shape[-1], mode="bicubic"), self.model(x), truth]
        page = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
        return F.interpolate(page[None], scale_factor=0.4, mode="area")[0]


def train(data: Path, out: Path, steps: int, batch_size: int, lr: float) -> None:
    """Train up to `steps` steps, continuing from `out`/upscale.pt if it is there."""
    torch.manual_seed(0)
    glyphs = choose_glyphs(data, GLYPHS)
    small = reconstruct(rendered(glyphs, MINI_VQGAN.image_size, data), load_vqgan(out))
    large = on_white(rendered(glyphs, MINI_VQGAN.image_size * MINI_UPSCALE.scale, data))
    trainer = Trainer(small, large, steps, batch_size, lr)
    state: dict[str, Stateful] = {
        "model": trainer.model,
        "discriminator": trainer.discriminator,
        "optimizer": trainer.optimizer,
        "critic": trainer.discriminator_optimizer,
    }
    run("upscale", out, steps, state, trainer.step, trainer.evaluate)


def load_upscaler(training: Path) -> nn.Module:
    """The up-scaler that `train` wrote into the folder `training`.

    Raises FileNotFoundError where there is none, and OSError when it is damaged.
    """
    model = make_upscaler(MINI_UPSCALE)
    if not (training / "upscale.pt").exists():
        raise FileNotFoundError(f"{training} has no upscale.pt: train the up-scaler first.")
    resume(training / "upscale.pt", {"model": model})
    return model.eval()


if __name__ == "__main__":
    command(train, __doc__, steps=3200, batch_size=12, lr=2e-3)
