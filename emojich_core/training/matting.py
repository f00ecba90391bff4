"""Train the U-Net that cuts out: the art's own alpha, from what the earlier stages make of it."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm

from emojich_core.matting import make_unet
from emojich_core.sticker import SIZE
from emojich_core.training.data import load_glyphs, on_white, rendered
from emojich_core.training.presets import MINI_MATTING, MINI_UPSCALE, MINI_VQGAN
from emojich_core.training.vqgan import load_vqgan, reconstruct
from emojich_core.upscale import make_upscaler, upscale

GLYPHS = 300  # of all, chosen at random
REAL = 0.7  # share of the pictures that come through VQGAN and up-scaler, against clean renders


def finished(small: np.ndarray, upscaler: nn.Module) -> np.ndarray:
    """Reconstructions (N, h, w, 3) through the up-scaler: (N, SIZE, SIZE, 3) uint8."""
    out = []
    for i in tqdm(range(0, len(small), 8), desc="up-scaling"):
        x = torch.from_numpy(small[i : i + 8]).permute(0, 3, 1, 2).float() / 255
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = upscale(upscaler, MINI_UPSCALE, x, SIZE).float().permute(0, 2, 3, 1)
        out.append((y * 255).round().byte().numpy())
    return np.concatenate(out)


def batch_of(
    real: np.ndarray, clean: np.ndarray, rng: np.random.Generator, size: int
) -> tuple[Tensor, Tensor]:
    """Pictures (B, 3, S, S) in [0, 1] and their alphas (B, S, S), with shifts of what may vary."""
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
    """Cross-entropy against the alpha as a probability, and its absolute error."""
    target = torch.stack((1 - alpha, alpha), dim=1)
    subject = logits.softmax(dim=1)[:, 1]
    return F.cross_entropy(logits, target) + F.l1_loss(subject, alpha)


def save_samples(path: Path, model: nn.Module, images: Tensor, alpha: Tensor) -> None:
    """A picture: images, their true alphas, and the model's."""
    model.eval()
    with torch.inference_mode():
        found = model(images).softmax(dim=1)[:, 1:]
    model.train()
    rows = [images, alpha[:, None].expand_as(images), found.expand_as(images)]
    page = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
    page = F.interpolate(page[None], scale_factor=0.5, mode="area")[0].permute(1, 2, 0)
    Image.fromarray((page * 255).byte().numpy()).save(path)


def train(data: Path, out: Path, minutes: float, batch_size: int, lr: float) -> None:
    """Train for so many minutes and write `out`/matting.pt."""
    rng = np.random.default_rng(1)
    torch.manual_seed(1)
    everything = load_glyphs(data / "node_modules")
    chosen = [everything[i] for i in rng.choice(len(everything), GLYPHS, replace=False)]
    vqgan = load_vqgan(out)
    upscaler = make_upscaler(MINI_UPSCALE).eval()
    upscaler.load_state_dict(torch.load(out / "upscale.pt", weights_only=True))
    small = reconstruct(on_white(rendered(chosen, MINI_VQGAN.image_size, data)), vqgan)
    real = finished(small, upscaler)
    size = MINI_MATTING.size
    real = np.stack([np.asarray(Image.fromarray(x).resize((size, size))) for x in real])
    clean = np.asarray(rendered(chosen, size, data))

    model = make_unet(MINI_MATTING)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    started, step = time.monotonic(), 0
    progress = tqdm(total=100, desc="matting", bar_format="{l_bar}{bar}| {remaining} {postfix}")
    while (spent := (time.monotonic() - started) / 60 / minutes) < 1:
        optimizer.param_groups[0]["lr"] = lr * min(1.0, (step + 1) / 50) * (1.02 - spent)
        x, alpha = batch_of(real, clean, rng, batch_size)
        loss = matting_loss(model(x), alpha)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        progress.n = int(spent * 100)
        progress.set_postfix(step=step, loss=f"{loss.item():.4f}")
        if step % 100 == 0:
            save_samples(out / "matting.png", model, x[:6], alpha[:6])
            torch.save(model.state_dict(), out / "matting.pt")
    save_samples(out / "matting.png", model, x[:6], alpha[:6])
    torch.save(model.state_dict(), out / "matting.pt")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--out", type=Path, default=Path(".data/training"))
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--batch-size", type=int, default=12)
    parser.add_argument("--lr", type=float, default=3e-3)
    train(**vars(parser.parse_args()))
