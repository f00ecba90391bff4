"""Trains the transformer on captions and the codes of their drawings."""

from pathlib import Path

import numpy as np
import torch
import youtokentome
from torch import Tensor, nn

from emojich_core.finetuning.loop import Stateful, run
from emojich_core.inference.sampling import in_style
from emojich_core.inference.slots import generate
from emojich_core.networks.tokenizer import Tokenizer
from emojich_core.networks.transformer import Transformer
from emojich_core.networks.vqgan import VQGAN
from emojich_core.training.auxiliary import WEIGHT, AuxiliaryLosses, patch_targets
from emojich_core.training.data.dataset import Dataset
from emojich_core.training.presets import (
    BPE_TOKENS,
    MINI_SAMPLING,
    MINI_TRANSFORMER,
    MINI_VQGAN,
    STYLES,
    TEXT_LENGTH,
)
from emojich_core.training.trainer import autocast, command, rate, set_rate
from emojich_core.training.vqgan import encode_once, load_vqgan

CORRUPTED = 0.08  # share of the codes that `corrupt_codes` replaces, at most, in half of the images
IMAGE_LOSS_WEIGHT = 7  # against 1 for the text, as ru-dalle was pre-trained
# Share of the pictures of each style.  The first has twice as many compositions as each other one.
STYLE_SHARES = {"fluent-emoji-flat": 0.4, "noto": 0.3, "twemoji": 0.3}
# Share of the pictures whose captions are dropped, so that the model learns what guidance compares
# with: an image without a prompt (Ho and Salimans 2022, arXiv 2207.12598, section 3.1).
UNCAPTIONED = 0.1
PROMPTS = ("кот", "собака", "красное сердце", "пицца", "ракета", "кот в космосе", "роза", "дом")


def train_tokenizer(captions: list[str], out: Path) -> Tokenizer:
    """A BPE of BPE_TOKENS tokens, learned from the captions; the one that is there, if any.

    youtokentome breaks ties between pairs in another way each time, on one thread too: to repeat a
    run to the bit, keep its bpe.model.
    """
    model = out / "bpe.model"
    if not model.exists():
        corpus = out / "captions.txt"
        corpus.write_text("\n".join(captions), "utf-8")
        youtokentome.BPE.train(data=str(corpus), model=str(model), vocab_size=BPE_TOKENS)
    return Tokenizer(model)


def optimizers(
    model: Transformer, auxiliary: AuxiliaryLosses, lr: float
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Muon for the layers' matrices, which learns from half the samples; AdamW for all else."""
    matrices = [p for p in model.transformer.layers.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    rest = [p for p in (*model.parameters(), *auxiliary.parameters()) if id(p) not in chosen]
    muon = torch.optim.Muon(matrices, lr=lr, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return muon, torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.95), weight_decay=0.01)


def corrupt_codes(codes: Tensor) -> Tensor:
    """Codes (B, N), some of each image replaced by those of another image of the batch.

    A model that is trained on true codes only predicts from the codes before and ignores the text.
    So half of the images lose any share of their codes, up to all, and leave the text to predict
    from.  The others lose at most CORRUPTED: at inference, a first wrong code must not lead to the
    next.
    """
    others = codes[torch.randperm(len(codes))]
    most = torch.where(torch.rand(len(codes), 1) < 0.5, 1.0, CORRUPTED)
    return torch.where(torch.rand(codes.shape) < torch.rand(len(codes), 1) * most, others, codes)


class Data:
    """Captions as tokens, pictures as codes, and the targets of the auxiliary losses."""

    def __init__(self, dataset: Dataset, vqgan: VQGAN, tokenizer: Tokenizer, cache: Path):
        """`cache` the file for the codes of the dataset's pictures: see `encode_once`."""
        self.dataset, self.tokenizer = dataset, tokenizer
        self.codes = encode_once(dataset.pictures, vqgan, cache)
        self.targets = patch_targets(self.dataset.pictures, MINI_VQGAN.codes_per_side)

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Text (B, text_seq_length), codes (B, image_seq_length) and targets (B, …, TARGETS).

        B ≈ `size`: the share of each style is rounded.
        """
        captions: list[str] = []
        picked: list[int] = []
        for style, share in STYLE_SHARES.items():
            indices, said = self.dataset.sample(rng, round(share * size), [style])
            picked.extend(indices)
            said = ["" if rng.random() < UNCAPTIONED else text for text in said]
            captions.extend(in_style(text, STYLES[style]) for text in said)
        text = torch.stack([self.tokenizer.encode(said, TEXT_LENGTH) for said in captions])
        return text, self.codes[picked], self.targets[picked].float()


class Trainer:
    """The transformer, its data, and one update."""

    def __init__(self, data: Data, vqgan: VQGAN, steps: int, batch_size: int, lr: float):
        self.data, self.vqgan = data, vqgan
        self.steps, self.batch_size, self.lr = steps, batch_size, lr
        self.model = Transformer(MINI_TRANSFORMER)
        initialize(self.model)
        self.auxiliary = AuxiliaryLosses(self.model)
        self.muon, self.adamw = optimizers(self.model, self.auxiliary, lr)
        self.losses = torch.compile(self._losses)

    def step(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One update."""
        set_rate([self.muon, self.adamw], self.lr * rate(number, self.steps))
        text, codes, truth = self.data.sample(rng, self.batch_size)
        with autocast():
            losses = self.losses(text, codes, corrupt_codes(codes), truth)
        loss = (losses["text"] + IMAGE_LOSS_WEIGHT * losses["image"]) / (1 + IMAGE_LOSS_WEIGHT)
        loss = loss + WEIGHT * (losses["plan"] + losses["patches"])
        self.model.zero_grad()
        self.auxiliary.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.muon.step()
        self.adamw.step()
        return losses

    def _losses(
        self, text: Tensor, codes: Tensor, seen: Tensor, truth: Tensor
    ) -> dict[str, Tensor]:
        text_loss, image_loss = self.model.losses(text, codes, seen)
        plan, patches = self.auxiliary.losses(truth)
        return {"text": text_loss, "image": image_loss, "plan": plan, "patches": patches}

    def evaluate(self, number: int) -> Tensor:
        """A picture: a column for each of PROMPTS, an image of each style in it."""
        columns = []
        for prompt in PROMPTS:
            codes = torch.stack(
                [
                    generate(self.model, self._encode(prompt, style), [0], MINI_SAMPLING)[0].codes
                    for style in MINI_SAMPLING.styles
                ]
            )
            with torch.inference_mode():
                columns.append(torch.cat(list(self.vqgan.decode(codes)), dim=1))
        return torch.cat(columns, dim=2)

    def _encode(self, prompt: str, style: str) -> Tensor:
        return self.data.tokenizer.encode(in_style(prompt, style), TEXT_LENGTH)


def train(data: Path, out: Path, steps: int, batch_size: int, lr: float) -> None:
    """Train up to `steps` steps, continuing from `out`/transformer.pt if it is there."""
    torch.manual_seed(0)
    dataset, vqgan = Dataset.open(data / "dataset"), load_vqgan(out)
    tokenizer = train_tokenizer(dataset.captions(), out)
    trained_on = Data(dataset, vqgan, tokenizer, data / "dataset" / "codes.npy")
    trainer = Trainer(trained_on, vqgan, steps, batch_size, lr)
    state: dict[str, Stateful] = {
        "model": trainer.model,
        "guides": trainer.auxiliary,  # the name that checkpoints have
        "muon": trainer.muon,
        "adamw": trainer.adamw,
    }
    run("transformer", out, steps, state, trainer.step, trainer.evaluate)


def initialize(model: Transformer) -> None:
    """Small normal weights, as GPT-2 and CogView begin with."""
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


if __name__ == "__main__":
    command(train, __doc__, steps=8000, batch_size=48, lr=2e-3)
