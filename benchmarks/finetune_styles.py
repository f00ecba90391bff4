"""Tests a claim of "Emojich" (arXiv 2112.02448) on `mini`: freezing keeps earlier knowledge.

A bundle learns the style of OpenMoji, which it never saw, in three ways: frozen, all, lora.  Each
of them and the base are measured on emoji that are not in the fine-tuning set:

    loss     of their OpenMoji drawings, the image's part
    recall   whether a drawing is nearest to a glyph, of any style, of the requested emoji: shows
             what was not forgotten
    style    how far drawings are from the nearest glyph of OpenMoji, and of the base's styles

    make data
    .venv/bin/python -m benchmarks.finetune_styles

writes `table.md` and `grid.png` into out/styles, in some ten minutes on two cores; started again,
it goes on where it was.
"""

import argparse
import csv
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from emojich_core.bundles.bundle import load_bundle
from emojich_core.finetuning.finetune import Settings, encode, finetune
from emojich_core.finetuning.recipe import TRAIN, default_lr
from emojich_core.inference.slots import generate
from emojich_core.networks.transformer import Transformer
from emojich_core.pipeline import Pipeline, load_network
from emojich_core.training.data.art import (
    STYLES,
    Glyph,
    load_glyphs,
    load_meanings,
    on_white,
    render,
    rendered,
)
from emojich_core.training.evaluation.judge import Judge

CPU = torch.device("cpu")
TRAINED, HELD_OUT = 400, 100  # emoji
SIDE = 96  # pixels of the pictures that are judged
COLUMNS = 8  # of the grid
HEADER = (
    "| arm | loss | recall@1 | recall@5 | to OpenMoji | to the base's styles | nearer | minutes |"
)


@dataclass(frozen=True)
class Art:
    """The drawings with which the bundles are measured."""

    held_out: list[tuple[Path, str, str]]  # file, text, hexcode
    glyphs: np.ndarray  # (N, SIDE, SIDE, 3) uint8, on white
    hexcodes: list[str]  # (N,)
    new: np.ndarray  # (N,) bool: OpenMoji's


def prepare(data: Path, out: Path, seed: int) -> Art:
    """Write the fine-tuning set into `out`/art; returns the drawings to measure with."""
    modules = data / "node_modules"
    meanings = load_meanings(modules)
    old, new = load_glyphs(modules, STYLES), load_glyphs(modules, ("openmoji",))
    known = {glyph.hexcode for glyph in old}
    chosen = [glyph for glyph in new if glyph.hexcode in known]
    np.random.default_rng(seed).shuffle(chosen)  # type: ignore[arg-type]
    rows = [
        (_save(glyph, out / "art"), meanings[glyph.hexcode].label, glyph.hexcode)
        for glyph in tqdm(chosen[: TRAINED + HELD_OUT], desc="rendering")
    ]
    with (out / "art/captions.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "text"))
        table.writerows((path.name, text) for path, text, _ in rows[:TRAINED])
    return Art(
        held_out=rows[TRAINED:],
        glyphs=on_white(np.asarray(rendered(old + new, SIDE, data))),
        hexcodes=[glyph.hexcode for glyph in old + new],
        new=np.arange(len(old) + len(new)) >= len(old),
    )


def _save(glyph: Glyph, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{glyph.hexcode}.png"
    Image.fromarray(render(glyph, 256), "RGBA").save(path)
    return path


def held_out_loss(pipeline: Pipeline, art: Art) -> float:
    """The image loss of the drawings that no bundle was fine-tuned on."""
    # Not the pipeline's transformer, which is packed for inference and cannot compute losses.
    transformer = load_network(pipeline.bundle, "transformer", Transformer, CPU, torch.float32)
    codes = encode([path for path, _, _ in art.held_out], pipeline.vqgan, CPU)
    length = pipeline.bundle.transformer.text_seq_length
    text = torch.stack([pipeline.tokenizer.encode(said, length) for _, said, _ in art.held_out])
    with torch.inference_mode():
        pairs = zip(text.split(20), codes.split(20), strict=True)
        losses = [transformer.losses(t, c)[1].item() for t, c in pairs]
    return float(np.mean(losses))


@torch.inference_mode()
def draw(pipeline: Pipeline, prompts: list[str]) -> np.ndarray:
    """One picture for each prompt, on white: (N, SIDE, SIDE, 3) uint8."""
    pictures = []
    for prompt in tqdm(prompts, desc="drawing"):
        text = pipeline.tokenizer.encode(prompt, pipeline.bundle.transformer.text_seq_length)
        [image_codes] = generate(pipeline.transformer, text, [0], pipeline.bundle.sampling)
        decoded = pipeline.vqgan.decode(image_codes.codes[None])
        image = F.interpolate(decoded, size=(SIDE, SIDE), mode="area")[0]
        pictures.append((image.permute(1, 2, 0) * 255).round().byte().numpy())
    return np.stack(pictures)


def distances(pictures: np.ndarray, glyphs: np.ndarray) -> np.ndarray:
    """(N,): from each picture to the nearest glyph; root mean square in [0, 1], of 24×24 pixels."""

    def small(images: np.ndarray) -> Tensor:
        x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        return F.avg_pool2d(x, SIDE // 24).flatten(1)

    found = torch.cdist(small(pictures), small(glyphs)).amin(dim=1)
    return (found / (24 * 24 * 3) ** 0.5).numpy()


def measure(bundle: Path | str, art: Art, judge: Judge, prompts: int) -> tuple[str, np.ndarray]:
    """The middle of an arm's row of the table, and its drawings."""
    pipeline = Pipeline.load(str(bundle), "cpu")
    asked = art.held_out[:prompts]
    pictures = draw(pipeline, [text for _, text, _ in asked])
    found = judge.nearest(pictures, 5)
    recall = [
        np.mean([row[2] in near[:k] for row, near in zip(asked, found, strict=True)])
        for k in (1, 5)
    ]
    new, old = (distances(pictures, art.glyphs[which]) for which in (art.new, ~art.new))
    numbers = f"{held_out_loss(pipeline, art):.3f} | {recall[0]:.0%} | {recall[1]:.0%}"
    return f"{numbers} | {new.mean():.3f} | {old.mean():.3f} | {np.mean(new < old):.0%}", pictures


def main() -> None:
    """Fine-tune, measure, write the table and the grid."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", default="mini")
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--out", type=Path, default=Path("out/styles"))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--prompts", type=int, default=40, help="drawings of each arm, up to 100")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    base = load_bundle(arguments.base)
    art = prepare(arguments.data, arguments.out, arguments.seed)
    judge = Judge(art.glyphs, art.hexcodes)
    rows, grid = [HEADER, "|---" * HEADER.count(" | ") + "|---|"], []
    for arm in ("base", *TRAIN):
        started, bundle = time.monotonic(), arguments.out / arm
        if arm != "base" and not bundle.exists():
            lr = default_lr(base.transformer, arm)
            settings = Settings(arm, arguments.steps, 16, lr, arguments.seed)
            finetune(base, arguments.out / "art", bundle, settings, CPU)
        minutes = (time.monotonic() - started) / 60
        where = base.path if arm == "base" else bundle
        numbers, pictures = measure(where, art, judge, arguments.prompts)
        rows.append(f"| {arm} | {numbers} | {minutes:.1f} |")
        grid.append(np.concatenate(pictures[:COLUMNS], axis=1))
        print(rows[0], rows[-1], sep="\n")
    prompts = ", ".join(text for _, text, _ in art.held_out[:COLUMNS])
    (arguments.out / "table.md").write_text(
        "\n".join(rows) + f"\n\nThe grid's columns: {prompts}.\n"
    )
    Image.fromarray(np.concatenate(grid)).save(arguments.out / "grid.png")


if __name__ == "__main__":
    main()
