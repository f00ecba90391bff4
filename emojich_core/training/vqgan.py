"""Trains the VQGAN: from pictures on white to the same pictures with twice the side.

The codebook is learned with exponential moving averages and restarts of unused codes (van den Oord
et al. 2017, arXiv 1711.00937, appendix A.1), which converges in minutes where the Gumbel relaxation
takes hours.  The result is the same module: the nearest code is an arg-max over an affine function
of the features, so `GumbelQuantize.proj` holds it exactly (see `EMACodebook.export`).
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from emojich_core.finetuning.loop import Stateful, resume, run
from emojich_core.networks.vqgan import VQGAN, GumbelQuantize
from emojich_core.training.data.art import on_white
from emojich_core.training.data.dataset import Dataset
from emojich_core.training.presets import MINI_VQGAN
from emojich_core.training.trainer import autocast, command, rate, set_rate

# The autoencoder is trained first, because quantising untrained features slows training down.
UNQUANTISED_STEPS = 300

# Pictures differ mostly in lightness: a model that weighs colour no more stays grey for long.
# So colour weighs more in the loss, and in the input of the first convolution.
COLOUR_WEIGHT = 4.0
COMMITMENT_WEIGHT = 0.25
DECAY = 0.99  # of the moving averages, at each step


class EMACodebook(nn.Module):
    """Codes as exponential moving averages of the features that were assigned to them."""

    codes: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, n_embed: int, dim: int):
        super().__init__()
        self.register_buffer("codes", torch.randn(n_embed, dim))
        self.register_buffer("counts", torch.zeros(n_embed))
        self.register_buffer("sums", torch.zeros(n_embed, dim))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, d, h, w) → its quantised copy with a straight-through gradient, commitment loss."""
        flat = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
        with torch.no_grad():
            nearest = torch.cdist(flat, self.codes).argmin(dim=1)
            if self.training:
                self._learn(flat, nearest)
        codes = F.embedding(nearest, self.codes)
        commitment = F.mse_loss(flat, codes)
        b, d, h, w = features.shape
        quantised = codes.view(b, h, w, d).permute(0, 3, 1, 2)
        return features + (quantised - features).detach(), commitment

    def _learn(self, flat: Tensor, nearest: Tensor) -> None:
        chosen = F.one_hot(nearest, len(self.codes)).to(flat.dtype)
        self.counts.lerp_(chosen.sum(0), 1 - DECAY)
        self.sums.lerp_(chosen.T @ flat, 1 - DECAY)
        self.codes.copy_(self.sums / self.counts.clamp(min=1e-5)[:, None])
        # A code that no feature is assigned to any more restarts at a random feature.
        dead = (self.counts < 0.05).nonzero().squeeze(1)
        if len(dead):
            fresh = flat[torch.randint(len(flat), (len(dead),))]
            self.codes[dead], self.sums[dead], self.counts[dead] = fresh, fresh, 1.0

    def export(self, quantize: GumbelQuantize) -> None:
        """Write the codes so that `proj`'s arg-max is the nearest code.

        -|f - e|² = 2 f·e - |e|² - |f|², and |f|² is the same for every code.
        """
        with torch.no_grad():
            quantize.embed.weight.copy_(self.codes)
            quantize.proj.weight.copy_(2 * self.codes[:, :, None, None])
            quantize.proj.bias = nn.Parameter(-self.codes.square().sum(1))


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """L1 on pixels (B, 3, H, W), on their differences to the right and below, and on their colour.

    The squared error is added, because L1 alone hardly penalises large errors.
    """
    loss = F.l1_loss(output, target) + 5 * F.mse_loss(output, target)
    for dim in (2, 3):
        loss = loss + F.l1_loss(output.diff(dim=dim), target.diff(dim=dim))
    return loss + COLOUR_WEIGHT * F.l1_loss(colour(output), colour(target))


def colour(images: Tensor) -> Tensor:
    """The colour of (B, 3, H, W): each pixel minus its lightness."""
    return images - images.mean(dim=1, keepdim=True)


def initialize(model: VQGAN) -> None:
    """Let the first convolution see colour as strongly as lightness."""
    lightness = torch.full((3, 3), 1 / 3)
    stretch = lightness + COLOUR_WEIGHT * (torch.eye(3) - lightness)
    weight = model.encoder.conv_in.weight
    with torch.no_grad():
        weight.copy_(torch.einsum("oikl,ij->ojkl", weight, stretch))


def batch_of(dataset: Dataset, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
    """Random pictures on white, half of them mirrored: (small, large) in [0, 1].

    Large has twice the side of small.
    """
    indices, _ = dataset.sample(rng, size)
    pictures = torch.from_numpy(on_white(np.stack([dataset.pictures[i] for i in indices])))
    large = pictures.permute(0, 3, 1, 2).float() / 255
    mirrored = torch.from_numpy(rng.random(size) < 0.5)
    large = torch.where(mirrored[:, None, None, None], large.flip(3), large)
    return F.avg_pool2d(large, 2), large


def load_vqgan(training: Path) -> VQGAN:
    """The VQGAN that `train` wrote into the folder `training`, for the stages that build on it.

    Its decoder is the one that `emojich_core.training.decoder` made crisp, if that is there.
    Raises FileNotFoundError where there is none, and OSError when it is damaged.
    """
    vqgan, book = VQGAN(MINI_VQGAN), EMACodebook(MINI_VQGAN.n_embed, MINI_VQGAN.embed_dim)
    if not (training / "vqgan.pt").exists():
        raise FileNotFoundError(f"{training} has no vqgan.pt: train the VQGAN first.")
    resume(training / "vqgan.pt", {"model": vqgan, "book": book})
    book.export(vqgan.quantize)
    crisp = nn.ModuleDict({"post_quant_conv": vqgan.post_quant_conv, "decoder": vqgan.decoder})
    resume(training / "decoder.pt", {"model": crisp})
    return vqgan.eval()


def encode(pictures: np.ndarray, vqgan: VQGAN) -> Tensor:
    """Pictures (N, S, S, 4) uint8 on white → codes (N, codes_per_side²), int64; S is image_size."""
    codes = [torch.empty(0, vqgan.config.codes_per_side**2, dtype=torch.long)]
    # Three quarters of the time; in inference mode the weights could not be trained afterwards.
    vqgan.to(memory_format=torch.channels_last)
    for i in tqdm(range(0, len(pictures), 64), desc="encoding"):
        batch = torch.from_numpy(on_white(pictures[i : i + 64]))
        large = batch.permute(0, 3, 1, 2).float() / 255
        small = F.avg_pool2d(large, large.shape[-1] // vqgan.config.resolution)
        with torch.no_grad():
            codes.append(vqgan.encode(small))
    return torch.cat(codes)


def encode_once(pictures: np.ndarray, vqgan: VQGAN, cache: Path) -> Tensor:
    """As `encode`, with the codes that are in the file `cache`; encodes only later pictures.

    The file's name tells whose codes it holds, so that another VQGAN begins a new one.
    """
    digest = hashlib.sha256(vqgan.quantize.embed.weight.detach().numpy().tobytes()).hexdigest()[:12]
    path = cache.with_name(f"{cache.stem}-{digest}.npy")
    codes = torch.from_numpy(np.load(path)) if path.exists() else encode(pictures[:0], vqgan)
    if len(codes) < len(pictures):
        codes = torch.cat([codes, encode(pictures[len(codes) :], vqgan)])
        np.save(path, codes.numpy())
    return codes[: len(pictures)]


@torch.no_grad()
def reconstruct(pictures: np.ndarray, vqgan: VQGAN) -> np.ndarray:
    """Pictures (N, S, S, 4) uint8 through codes and back: (N, S, S, 3) uint8; S is image_size."""
    out = []
    for batch in tqdm(encode(pictures, vqgan).split(64), desc="decoding"):
        decoded = vqgan.decode(batch).permute(0, 2, 3, 1)
        out.append((decoded * 255).round().byte().numpy())
    return np.concatenate(out)


class Trainer:
    """The VQGAN, its codebook while it learns, and one update of both."""

    def __init__(self, dataset: Dataset, steps: int, batch_size: int, lr: float):
        self.dataset, self.steps, self.batch_size, self.lr = dataset, steps, batch_size, lr
        self.model = VQGAN(MINI_VQGAN)
        initialize(self.model)
        self.book = EMACodebook(MINI_VQGAN.n_embed, MINI_VQGAN.embed_dim)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=lr, betas=(0.9, 0.95), weight_decay=0.01
        )
        self.encode = torch.compile(lambda x: self.model.quant_conv(self.model.encoder(x * 2 - 1)))
        self.decode = torch.compile(lambda z: self.model.decoder(self.model.post_quant_conv(z)))
        self.shown = batch_of(dataset, np.random.default_rng(7), batch_size)

    def step(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One update."""
        set_rate([self.optimizer], self.lr * rate(number, self.steps))
        small, large = batch_of(self.dataset, rng, self.batch_size)
        output, commitment = self.reconstruct(small, quantised=number >= UNQUANTISED_STEPS)
        loss = reconstruction_loss(output, large)
        self.optimizer.zero_grad()
        (loss + COMMITMENT_WEIGHT * commitment).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return {"loss": loss, "commitment": commitment, "codes": (self.book.counts > 0.1).sum()}

    def reconstruct(self, small: Tensor, quantised: bool) -> tuple[Tensor, Tensor]:
        """Small pictures → large ones (B, 3, 2S, 2S), unclamped, and the commitment loss."""
        with autocast():
            features = self.encode(small)
        features, commitment = features.float(), torch.tensor(0.0)
        if quantised:
            features, commitment = self.book(features)
        with autocast():
            output = self.decode(features)
        return (output.float() + 1) / 2, commitment

    @torch.no_grad()
    def evaluate(self, number: int) -> Tensor:
        """A picture of targets above their reconstructions."""
        self.book.eval()
        output, _ = self.reconstruct(self.shown[0], quantised=number > UNQUANTISED_STEPS)
        self.book.train()
        return torch.cat([torch.cat(list(x[:8]), dim=2) for x in (self.shown[1], output)], dim=1)


def train(data: Path, out: Path, steps: int, batch_size: int, lr: float) -> None:
    """Train up to `steps` steps, continuing from `out`/vqgan.pt if it is there."""
    torch.manual_seed(0)
    trainer = Trainer(Dataset.open(data / "dataset"), steps, batch_size, lr)
    state: dict[str, Stateful] = {
        "model": trainer.model,
        "book": trainer.book,
        "optimizer": trainer.optimizer,
    }
    run("vqgan", out, steps, state, trainer.step, trainer.evaluate)


if __name__ == "__main__":
    command(train, __doc__, steps=5000, batch_size=16, lr=1.5e-3)
