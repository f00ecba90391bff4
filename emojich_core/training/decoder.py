"""Trains the VQGAN's decoder again, adversarially: crisp pictures from the same codes.

Encoder and codebook stay, so the transformer's codes keep their meaning.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emojich_core.finetuning.loop import Stateful, run
from emojich_core.training.adversarial import (
    PatchDiscriminator,
    discriminator_loss,
    generator_loss,
)
from emojich_core.training.data.art import on_white
from emojich_core.training.data.dataset import Dataset
from emojich_core.training.trainer import autocast, command, rate, set_rate
from emojich_core.training.vqgan import encode_once, load_vqgan

L1_WEIGHT = 4.0
HINGE_WEIGHT = 0.15


class Trainer:
    """The decoder, the discriminator, and one update of both."""

    def __init__(
        self, dataset: Dataset, training: Path, cache: Path, steps: int, batch_size: int, lr: float
    ):
        self.dataset, self.steps, self.batch_size, self.lr = dataset, steps, batch_size, lr
        # As `encode` leaves it, also where the codes are there: another format rounds differently.
        self.vqgan = load_vqgan(training).to(memory_format=torch.channels_last)
        self.codes = encode_once(dataset.pictures, self.vqgan, cache)
        self.vqgan.requires_grad_(False)
        self.model = nn.ModuleDict(
            {"post_quant_conv": self.vqgan.post_quant_conv, "decoder": self.vqgan.decoder}
        ).requires_grad_(True)
        self.discriminator = PatchDiscriminator()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=lr, betas=(0.5, 0.9))
        self.discriminator_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=lr, betas=(0.5, 0.9)
        )
        self.decode = torch.compile(self._decode)
        self.scores = torch.compile(self.discriminator)
        self.shown = self._batch(np.random.default_rng(7))

    def step(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One update of the decoder, then one of the discriminator."""
        set_rate(
            [self.optimizer, self.discriminator_optimizer],
            self.lr * rate(number, self.steps, decay=0.5),
        )
        codes, truth = self._batch(rng)
        with autocast():
            decoded = self.decode(codes)
            features, real = self.scores(decoded), self.scores(truth)
            l1 = F.l1_loss(decoded.float(), truth)
            loss = L1_WEIGHT * l1 + generator_loss(features, real, HINGE_WEIGHT)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        with autocast():
            discriminator_error = discriminator_loss(
                self.scores(decoded.detach()), self.scores(truth)
            )
        self.discriminator_optimizer.zero_grad()
        discriminator_error.backward()
        self.discriminator_optimizer.step()
        return {"l1": l1.detach(), "discriminator": discriminator_error.detach()}

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        indices, _ = self.dataset.sample(rng, self.batch_size)
        pictures = on_white(np.stack([self.dataset.pictures[i] for i in indices]))
        return self.codes[indices], torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255

    def _decode(self, codes: Tensor) -> Tensor:
        side = self.vqgan.config.codes_per_side
        z = self.vqgan.quantize.embed(codes).unflatten(1, (side, side)).permute(0, 3, 1, 2)
        return (self.vqgan.decoder(self.vqgan.post_quant_conv(z.contiguous())) + 1) / 2

    @torch.no_grad()
    def evaluate(self, number: int) -> Tensor:
        """A picture of targets above what the decoder makes of their codes."""
        codes, truth = self.shown
        return torch.cat([torch.cat(list(x[:8]), 2) for x in (truth, self._decode(codes))], dim=1)


def train(data: Path, out: Path, steps: int, batch_size: int, lr: float) -> None:
    """Train up to `steps` steps, continuing from `out`/decoder.pt if it is there."""
    torch.manual_seed(0)
    cache = data / "dataset" / "codes.npy"
    trainer = Trainer(Dataset.open(data / "dataset"), out, cache, steps, batch_size, lr)
    state: dict[str, Stateful] = {
        "model": trainer.model,
        "discriminator": trainer.discriminator,
        "optimizer": trainer.optimizer,
        "critic": trainer.discriminator_optimizer,
    }
    run("decoder", out, steps, state, trainer.step, trainer.evaluate)


if __name__ == "__main__":
    command(train, __doc__, steps=8000, batch_size=8, lr=3e-4)
