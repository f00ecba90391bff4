"""Train the VQGAN: glyphs on white in, the same glyphs at twice the side out.

The codebook is learned with exponential moving averages and restarts of unused codes (van den Oord
et al. 2017, arXiv 1711.00937, appendix A.1), which converges in minutes where the Gumbel relaxation
takes hours.  The result is the same module: the nearest code is an arg-max over an affine function
of the features, so `GumbelQuantize.proj` holds it exactly (see `EMACodebook.export`).
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm

from emojich_core.training.data import load_glyphs, on_white, rendered
from emojich_core.training.presets import MINI_VQGAN
from emojich_core.vqgan import VQGAN, GumbelQuantize

# The autoencoder comes first: codes of features that mean nothing yet hold it up.
UNQUANTISED_STEPS = 300

# Glyphs differ mostly in lightness.  Left alone, the model learns that and stays grey for long, so
# colour weighs more: in the loss, and in what the first convolution sees.
COLOUR_WEIGHT = 4.0


class EMACodebook(nn.Module):
    """Codes as running means of the features that chose them."""

    codes: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, n_embed: int, dim: int, decay: float = 0.99):
        super().__init__()
        self.decay = decay
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
        self.counts.lerp_(chosen.sum(0), 1 - self.decay)
        self.sums.lerp_(chosen.T @ flat, 1 - self.decay)
        self.codes.copy_(self.sums / self.counts.clamp(min=1e-5)[:, None])
        # A code that nothing chooses any more restarts where a feature is.
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
    """L1 on pixels, on their differences to the right and below, and on their colour.

    The squared error on top pulls at what is far off, where L1 is content with the median.
    """
    loss = F.l1_loss(output, target) + 5 * F.mse_loss(output, target)
    for dim in (2, 3):
        loss = loss + F.l1_loss(output.diff(dim=dim), target.diff(dim=dim))
    return loss + COLOUR_WEIGHT * F.l1_loss(colour(output), colour(target))


def colour(images: Tensor) -> Tensor:
    """What is left of (B, 3, H, W) without its lightness."""
    return images - images.mean(dim=1, keepdim=True)


def initialize(model: VQGAN) -> None:
    """Let the first convolution see colour as strongly as lightness."""
    lightness = torch.full((3, 3), 1 / 3)
    stretch = lightness + COLOUR_WEIGHT * (torch.eye(3) - lightness)
    weight = model.encoder.conv_in.weight
    with torch.no_grad():
        weight.copy_(torch.einsum("oikl,ij->ojkl", weight, stretch))


def batch_of(glyphs: np.ndarray, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
    """Random glyphs on white, some mirrored: (small, large) in [0, 1]; large has twice the side."""
    picked = on_white(glyphs[np.sort(rng.choice(len(glyphs), size, replace=False))])
    large = torch.from_numpy(picked).permute(0, 3, 1, 2).float() / 255
    if rng.random() < 0.5:
        large = large.flip(3)
    return F.avg_pool2d(large, 2), large


def load_vqgan(training: Path) -> VQGAN:
    """The VQGAN that `train` wrote into the folder `training`, for the stages that build on it."""
    vqgan = VQGAN(MINI_VQGAN).eval()
    vqgan.load_state_dict(torch.load(training / "vqgan.pt", weights_only=True)["model"])
    return vqgan


@torch.inference_mode()
def encode(pictures: np.ndarray, vqgan: VQGAN) -> Tensor:
    """Pictures (N, image_size, image_size, 3) uint8 → codes (N, codes_per_side²), int64."""
    codes = []
    for i in tqdm(range(0, len(pictures), 64), desc="encoding"):
        large = torch.from_numpy(pictures[i : i + 64]).permute(0, 3, 1, 2).float() / 255
        codes.append(vqgan.encode(F.avg_pool2d(large, large.shape[-1] // vqgan.config.resolution)))
    return torch.cat(codes)


@torch.inference_mode()
def reconstruct(pictures: np.ndarray, vqgan: VQGAN) -> np.ndarray:
    """Pictures (N, image_size, image_size, 3) uint8 through codes and back, the same shape."""
    out = []
    for batch in tqdm(encode(pictures, vqgan).split(64), desc="decoding"):
        decoded = vqgan.decode(batch).permute(0, 2, 3, 1)
        out.append((decoded * 255).round().byte().numpy())
    return np.concatenate(out)


def save_samples(path: Path, target: Tensor, output: Tensor, columns: int = 8) -> None:
    """A picture of targets above their reconstructions."""
    rows = [torch.cat(list(x[:columns]), dim=2) for x in (target, output)]
    page = torch.cat(rows, dim=1).clamp(0, 1).permute(1, 2, 0)
    Image.fromarray((page * 255).byte().numpy()).save(path)


def train(data: Path, out: Path, minutes: float, batch_size: int, lr: float) -> None:
    """Train for so many minutes, resuming from `out`/vqgan.pt if it is there."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    glyphs = rendered(load_glyphs(data / "node_modules"), MINI_VQGAN.image_size, data)
    model = VQGAN(MINI_VQGAN)
    initialize(model)
    book = EMACodebook(MINI_VQGAN.n_embed, MINI_VQGAN.embed_dim)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.95), weight_decay=0.01)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint, done = out / "vqgan.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        book.load_state_dict(state["book"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["step"]

    encode = torch.compile(lambda x: model.quant_conv(model.encoder(x * 2 - 1)))
    decode = torch.compile(lambda z: model.decoder(model.post_quant_conv(z)))
    started, step = time.monotonic(), done
    progress = tqdm(total=100, desc="vqgan", bar_format="{l_bar}{bar}| {remaining} {postfix}")
    fixed = batch_of(glyphs, np.random.default_rng(7), batch_size)
    while (spent := (time.monotonic() - started) / 60 / minutes) < 1:
        warmup = min(1.0, (step - done + 1) / 50)
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup * max(0.02, min(1.0, (1 - spent) / 0.4))
        small, large = batch_of(glyphs, rng, batch_size)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = encode(small)
        quantised, commitment = features.float(), torch.tensor(0.0)
        if step >= UNQUANTISED_STEPS:
            quantised, commitment = book(quantised)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = decode(quantised)
        loss = reconstruction_loss((output.float() + 1) / 2, large) + 0.25 * commitment
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        progress.n = int(spent * 100)
        progress.set_postfix(step=step, loss=f"{loss.item():.4f}")
        if step % 250 == 0:
            used = int((book.counts > 0.1).sum())
            tqdm.write(f"step {step} loss {loss.item():.4f} commit {commitment:.4f} codes {used}")
            model.eval()
            book.eval()
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
                features = encode(fixed[0]).float()
                again = decode(features if step < UNQUANTISED_STEPS else book(features)[0])
            model.train()
            book.train()
            save_samples(out / "vqgan.png", fixed[1], (again.float() + 1) / 2)
            save(checkpoint, model, book, optimizer, step)
    save(checkpoint, model, book, optimizer, step)


def save(
    path: Path, model: VQGAN, book: EMACodebook, optimizer: torch.optim.Optimizer, step: int
) -> None:
    """Write a checkpoint that a killed run cannot leave half written."""
    book.export(model.quantize)
    state = {
        "model": model.state_dict(),
        "book": book.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
    }
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").rename(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--out", type=Path, default=Path(".data/training"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--lr", type=float, default=1.5e-3)
    train(**vars(parser.parse_args()))
