"""Train the up-scaler: what the VQGAN makes of a glyph in, the glyph at four times the side out.

So it learns to repair what the decoder really does wrong, and not some synthetic blur.
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
from emojich_core.training.presets import MINI_UPSCALE, MINI_VQGAN
from emojich_core.training.vqgan import load_vqgan, reconstruct, reconstruction_loss
from emojich_core.upscale import make_upscaler

GLYPHS = 900  # of all, chosen at random: many patches each
PATCH = 48  # pixels of the small image


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


def save_samples(path: Path, model: nn.Module, small: np.ndarray, large: np.ndarray) -> None:
    """A picture: bicubic, the model, and the truth, for a few glyphs."""
    x = torch.from_numpy(small[:5]).permute(0, 3, 1, 2).float() / 255
    truth = torch.from_numpy(large[:5]).permute(0, 3, 1, 2).float() / 255
    size = truth.shape[-1]
    with torch.inference_mode():
        rows = [F.interpolate(x, size, mode="bicubic"), model(x), truth]
    page = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1).clamp(0, 1)
    page = F.interpolate(page[None], scale_factor=0.4, mode="area")[0].permute(1, 2, 0)
    Image.fromarray((page * 255).byte().numpy()).save(path)


def train(data: Path, out: Path, minutes: float, batch_size: int, lr: float) -> None:
    """Train for so many minutes and write `out`/upscale.pt."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    everything = load_glyphs(data / "node_modules")
    chosen = [everything[i] for i in rng.choice(len(everything), GLYPHS, replace=False)]
    vqgan = load_vqgan(out)
    small = reconstruct(on_white(rendered(chosen, MINI_VQGAN.image_size, data)), vqgan)
    large = on_white(rendered(chosen, MINI_VQGAN.image_size * MINI_UPSCALE.scale, data))

    model = make_upscaler(MINI_UPSCALE)
    compiled = torch.compile(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.95))
    started, step = time.monotonic(), 0
    progress = tqdm(total=100, desc="upscale", bar_format="{l_bar}{bar}| {remaining} {postfix}")
    while (spent := (time.monotonic() - started) / 60 / minutes) < 1:
        optimizer.param_groups[0]["lr"] = lr * min(1.0, (step + 1) / 100) * (1.02 - spent)
        x, y = patches(small, large, rng, batch_size)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = compiled(x)
        loss = reconstruction_loss(output.float(), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        progress.n = int(spent * 100)
        progress.set_postfix(step=step, loss=f"{loss.item():.4f}")
        if step % 200 == 0:
            save_samples(out / "upscale.png", model, small, large)
            torch.save(model.state_dict(), out / "upscale.pt")
    save_samples(out / "upscale.png", model, small, large)
    torch.save(model.state_dict(), out / "upscale.pt")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--out", type=Path, default=Path(".data/training"))
    parser.add_argument("--minutes", type=float, default=7)
    parser.add_argument("--batch-size", type=int, default=12)
    parser.add_argument("--lr", type=float, default=2e-3)
    train(**vars(parser.parse_args()))
