"""Writes the checkpoints of all trainers as a bundle: half precision, safetensors, check sums."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from emojich_core.bundles.bundle import BundleError, save_bundle
from emojich_core.errors import exit_on
from emojich_core.finetuning.loop import read
from emojich_core.model_options import SHIPPED
from emojich_core.reading.vocabulary import Vocabulary, words_of
from emojich_core.reading.whole_phrases import read_whole
from emojich_core.training.data.dataset import Dataset, Row
from emojich_core.training.presets import (
    MINI_MATTING,
    MINI_SAMPLING,
    MINI_TRANSFORMER,
    MINI_UPSCALE,
    MINI_VQGAN,
)
from emojich_core.training.vqgan import load_vqgan


def export(training: Path, dataset: Path, out: Path) -> None:
    """Read the checkpoints in `training` and write the bundle folder `out`.

    The bundle's vocabulary holds the captions of `dataset`, on which it was trained;
    `best_captions` then adds what it measures.
    Raises OSError for a checkpoint or dataset that is missing or damaged, and BundleError.
    """
    weights = {
        stage: read(training / f"{stage}.pt")["model"]
        for stage in ("transformer", "upscale", "matting")
    }
    weights["vqgan"] = load_vqgan(training).state_dict()
    half = {
        stage: {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
        for stage, tensors in weights.items()
    }
    configs = {
        "transformer": MINI_TRANSFORMER,
        "vqgan": MINI_VQGAN,
        "upscale": MINI_UPSCALE,
        "matting": MINI_MATTING,
        "sampling": MINI_SAMPLING,
    }
    save_bundle(
        out,
        name="mini",
        licence="Apache-2.0",
        tokenizer=training / "bpe.model",
        configs=configs,
        weights=half,
        vocabulary=vocabulary_of(Dataset.open(dataset)),
    )


def vocabulary_of(dataset: Dataset) -> Vocabulary:
    """The names and words of a dataset's captions; an emoji's name is its most frequent caption."""
    names = {_emoji(row): _name(row) for row in dataset.rows if row.kind == "plain"}
    coloured = [row for row in dataset.rows if row.kind == "recoloured"]
    scene_nouns = {_emoji(row): _name(row).partition(" ")[2] for row in coloured}
    adjectives = {row.colour for row in coloured if row.colour}
    named = Vocabulary(names, (), scene_nouns, adjectives)
    words = {word for row in dataset.rows for text in row.captions for word in words_of(text)}
    return Vocabulary(names, drawn_alone(named, words), scene_nouns, adjectives)


def drawn_alone(vocabulary: Vocabulary, words: Iterable[str]) -> set[str]:
    """The words without those that stand in longer captions only: флаг would be anything."""
    return {word for word in words if read_whole(vocabulary, [word])}


def _name(row: Row) -> str:
    """The most frequent caption."""
    return max(row.captions, key=row.captions.__getitem__)


def _emoji(row: Row) -> str:
    return "".join(chr(int(part, 16)) for part in row.hexcodes[0].split("-"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", type=Path, default=Path(".data/training"))
    parser.add_argument("--dataset", type=Path, default=Path(".data/dataset"))
    parser.add_argument("--out", type=Path, default=SHIPPED / "mini")
    arguments = parser.parse_args()
    with exit_on(BundleError, OSError):
        export(arguments.training, arguments.dataset, arguments.out)
