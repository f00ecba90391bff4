"""Train the transformer on captions and the codes of their drawings."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import youtokentome
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm

from emojich_core.generation import generate
from emojich_core.tokenizer import Tokenizer
from emojich_core.training.data import (
    Captions,
    load_glyphs,
    load_meanings,
    on_white,
    rendered,
)
from emojich_core.training.presets import (
    BPE_TOKENS,
    MINI_SAMPLING,
    MINI_TRANSFORMER,
    MINI_VQGAN,
    TEXT_LENGTH,
)
from emojich_core.training.vqgan import encode, load_vqgan
from emojich_core.transformer import Transformer
from emojich_core.vqgan import VQGAN

MAX_SPOILT = 0.08  # share of the codes that `spoil` replaces in an image
IMAGE_LOSS_WEIGHT = 7  # against 1 for the text, as ru-dalle was pre-trained
DRAWN_STYLES = ("fluent-emoji-flat",)  # one is learnt in the time there is
PROMPTS = ("кот", "собака", "красное сердце", "пицца", "ракета", "кот в космосе", "роза", "дом")


def train_tokenizer(captions: list[str], out: Path) -> Tokenizer:
    """A BPE of BPE_TOKENS tokens, learned from the captions; the one that is there, if any."""
    model = out / "bpe.model"
    if not model.exists():
        corpus = out / "captions.txt"
        corpus.write_text("\n".join(captions))
        youtokentome.BPE.train(data=str(corpus), model=str(model), vocab_size=BPE_TOKENS)
    return Tokenizer(model)


def optimizers(model: Transformer, lr: float) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices, which learns from half the samples; AdamW for all else."""
    matrices = [p for p in model.transformer.layers.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(matrices, lr=lr, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.95), weight_decay=0.01)]


def spoil(codes: Tensor) -> Tensor:
    """Codes (B, N) with some of each image taken from another one of the batch, at most MAX_SPOILT.

    A model that has seen only true images goes by the codes before and forgets the text; and when
    it draws, its first slip leads to the next.
    """
    others = codes[torch.randperm(len(codes))]
    share = torch.rand(len(codes), 1) * MAX_SPOILT
    return torch.where(torch.rand(codes.shape) < share, others, codes)


def save_samples(path: Path, model: Transformer, vqgan: VQGAN, tokenizer: Tokenizer) -> None:
    """A picture: a column for each of PROMPTS, two images in it."""
    columns = []
    for prompt in PROMPTS:
        text = tokenizer.encode(prompt, TEXT_LENGTH)
        codes, _ = generate(model, text, [0, 1], MINI_SAMPLING)
        with torch.inference_mode():
            columns.append(torch.cat(list(vqgan.decode(codes)), dim=1))
    page = torch.cat(columns, dim=2).permute(1, 2, 0)
    Image.fromarray((page * 255).byte().numpy()).save(path)


def train(data: Path, out: Path, minutes: float, batch_size: int, lr: float) -> None:
    """Train for so many minutes, resuming the weights from `out`/transformer.pt if it is there."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    meanings = load_meanings(data / "node_modules")
    glyphs = load_glyphs(data / "node_modules", DRAWN_STYLES)
    captions = Captions(meanings)
    vqgan = load_vqgan(out)
    tokenizer = train_tokenizer(captions.all(), out)
    codes = encode(on_white(rendered(glyphs, MINI_VQGAN.image_size, data)), vqgan)

    model = Transformer(MINI_TRANSFORMER)
    initialize(model)
    checkpoint = out / "transformer.pt"
    if checkpoint.exists():
        model.load_state_dict(torch.load(checkpoint, weights_only=True))
    both = optimizers(model, lr)
    losses = torch.compile(model.losses)

    started, step = time.monotonic(), 0
    progress = tqdm(total=100, desc="transformer", bar_format="{l_bar}{bar}| {remaining} {postfix}")
    while (spent := (time.monotonic() - started) / 60 / minutes) < 1:
        for optimizer in both:
            for group in optimizer.param_groups:
                group["lr"] = lr * min(1.0, (step + 1) / 100) * min(1.0, (1.02 - spent) / 0.7)
        picked = rng.integers(len(glyphs), size=batch_size)
        said = [captions.sample(glyphs[i].hexcode, rng) for i in picked]
        text = torch.stack([tokenizer.encode(caption, TEXT_LENGTH) for caption in said])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            text_loss, image_loss = losses(text, codes[picked], spoil(codes[picked]))
        loss = (text_loss + IMAGE_LOSS_WEIGHT * image_loss) / (1 + IMAGE_LOSS_WEIGHT)
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in both:
            optimizer.step()
        step += 1
        progress.n = int(spent * 100)
        progress.set_postfix(step=step, text=f"{text_loss:.3f}", image=f"{image_loss:.3f}")
        if step % 200 == 0:
            tqdm.write(f"step {step} text {text_loss:.4f} image {image_loss:.4f}")
            save_samples(out / "transformer.png", model, vqgan, tokenizer)
            torch.save(model.state_dict(), checkpoint)
    save_samples(out / "transformer.png", model, vqgan, tokenizer)
    torch.save(model.state_dict(), checkpoint)


def initialize(model: Transformer) -> None:
    """Small normal weights, as GPT-2 and CogView begin with."""
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--out", type=Path, default=Path(".data/training"))
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=2e-3)
    train(**vars(parser.parse_args()))
