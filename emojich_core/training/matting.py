"""Trains the U-Net: it learns the alpha of the art from pictures of the earlier stages."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from emojich_core.finetuning.loop import Stateful, run
from emojich_core.networks.matting import make_unet
from emojich_core.networks.upscale import upscale
from emojich_core.sticker import SIZE
from emojich_core.training.data.art import on_white, rendered
from emojich_core.training.data.held_out import choose_glyphs
from emojich_core.training.presets import MINI_MATTING, MINI_UPSCALE, MINI_VQGAN
from emojich_core.training.trainer import autocast, command, rate, set_rate
from emojich_core.training.upscale import load_upscaler
from emojich_core.training.vqgan import load_vqgan, reconstruct

GLYPHS = 2400  # chosen at random; with 600 the U-Net did not learn to keep white insides
REAL = 0.85  # share of the pictures that come through VQGAN and up-scaler, against clean renders


def finished(small: np.ndarray, upscaler: nn.Module, size: int) -> np.ndarray:
    """Reconstructions (N, h, w, 3) as the U-Net will see them: (N, size, size, 3) uint8."""
    out = []
    for i in tqdm(range(0, len(small), 8), desc="up-scaling"):
        x = torch.from_numpy(small[i : i + 8]).permute(0, 3, 1, 2).float() / 255
        with autocast():
            sharp = upscale(upscaler, MINI_UPSCALE, x, SIZE).float()
        y = F.interpolate(sharp, size, mode="area").permute(0, 2, 3, 1)
        out.append((y * 255).round().byte().numpy())
    return np.concatenate(out)


def batch_of(
    real: np.ndarray, clean: np.ndarray, rng: np.random.Generator, size: int
) -> tuple[Tensor, Tensor]:
    """Pictures (B, 3, S, S) in [0, 1] and their alphas (B, S, S), augmented.

    `real` (N, S, S, 3) uint8, reconstructions by the earlier stages of `clean` (N, S, S, 4) uint8.
    """
    images, alphas = [], []
    for i in rng.integers(len(clean), size=size):
        picture = real[i] if rng.random() < REAL else on_white(clean[i])
        alpha = clean[i][..., 3]
        if rng.random() < 0.5:
            picture, alpha = picture[:, ::-1], alpha[:, ::-1]
        x = torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255
        if rng.random() < 0.5:  # other colours, same white
            x = 1 - (1 - x)[torch.from_numpy(rng.permutation(3))] * rng.uniform(0.7, 1.0)
        if rng.random() < 0.3:
            x = x + torch.randn_like(x) * rng.uniform(0, 0.03)
        images.append(x.clamp(0, 1))
        alphas.append(torch.from_numpy(alpha.copy()).float() / 255)
    return torch.stack(images), torch.stack(alphas)


def matting_loss(logits: Tensor, alpha: Tensor) -> Tensor:
    """Cross-entropy against the alpha as a probability, and its absolute error.

    `logits` (B, 2, S, S): background and subject; `alpha` (B, S, S) in [0, 1].
    """
    target = torch.stack((1 - alpha, alpha), dim=1)
    subject = logits.softmax(dim=1)[:, 1]
    return F.cross_entropy(logits, target) + F.l1_loss(subject, alpha)


class Trainer:
    """The U-Net, pictures with their alphas, and one update."""

    def __init__(self, real: np.ndarray, clean: np.ndarray, steps: int, batch_size: int, lr: float):
        self.real, self.clean = real, clean
        self.steps, self.batch_size, self.lr = steps, batch_size, lr
        self.model = make_unet(MINI_MATTING)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=lr)

    def step(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One update."""
        set_rate([self.optimizer], self.lr * rate(number, self.steps))
        x, alpha = batch_of(self.real, self.clean, rng, self.batch_size)
        with autocast():
            logits = self.model(x)
        loss = matting_loss(logits.float(), alpha)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss}

    @torch.inference_mode()
    def evaluate(self, number: int) -> Tensor:
        """A picture: images, their true alphas, and the model's."""
        images, alpha = batch_of(self.real, self.clean, np.random.default_rng(7), 6)
        self.model.eval()
        found = self.model(images).softmax(dim=1)[:, 1:]
        self.model.train()
        rows = [images, alpha[:, None].expand_as(images), found.expand_as(images)]
        page = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
        return F.interpolate(page[None], scale_factor=0.5, mode="area")[0]


def train(data: Path, out: Path, steps: int, batch_size: int, lr: float) -> None:
    """Train up to `steps` steps, continuing from `out`/matting.pt if it is there."""
    torch.manual_seed(1)
    glyphs, size = choose_glyphs(data, GLYPHS), MINI_MATTING.size
    small = reconstruct(rendered(glyphs, MINI_VQGAN.image_size, data), load_vqgan(out))
    real = finished(small, load_upscaler(out), size)
    trainer = Trainer(real, np.asarray(rendered(glyphs, size, data)), steps, batch_size, lr)
    state: dict[str, Stateful] = {"model": trainer.model, "optimizer": trainer.optimizer}
    run("matting", out, steps, state, trainer.step, trainer.evaluate)


if __name__ == "__main__":
    command(train, __doc__, steps=3800, batch_size=12, lr=3e-3)
