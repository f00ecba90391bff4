"""Measures which captions a bundle draws well, and writes them into its vocabulary.

    python -m emojich_core.training.best_captions    # of `mini`: some 45 minutes on one core

An image is right when, of all drawings of emoji, the nearest one is of an emoji of its name.  For a
name that is drawn right less often than GOOD, the captions that training used for its emoji are
tried with a few images each; the best FINALISTS are then compared with the name, with other seeds.
A caption that is right more often by MARGIN becomes a row of the vocabulary.  Of the outfits that
scenes put on heads, those stay whose images have a perplexity of at most SURE.
"""

import argparse
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from emojich_core.bundles.bundle import VOCABULARY, BundleError, replace_vocabulary
from emojich_core.errors import exit_on
from emojich_core.inference.slots import ImageCodes
from emojich_core.pipeline import Pipeline
from emojich_core.reading.vocabulary import Vocabulary, words_of
from emojich_core.reading.words import plain
from emojich_core.training.data.art import Meaning, load_glyphs, load_meanings, on_white, rendered
from emojich_core.training.data.captions import Captions
from emojich_core.training.data.compositions import WORN
from emojich_core.training.data.things import HEADS, bare, hexcode_of
from emojich_core.training.evaluation.judge import CONTOUR_SIZE, Judge

SLOTS = 96  # images that are decoded at once
# The seeds of each round differ, so that a caption that was only lucky does not win.
OF_NAME, OF_CAPTION, OF_FINALIST = range(6), range(6, 9), range(9, 29)
GOOD = 5 / 6  # share of right images with which a name needs no other caption
CAPTIONS = 12  # at most, of a name: those that training used most often
FINALISTS = 2
MARGIN = 0.15  # least difference between the shares of right images
TRIES = 2  # images of a head in an outfit
SURE = 2.0  # perplexity; outfits above it are often blots, judged by eye


class Trial(NamedTuple):
    """A caption to draw the emoji of a name by."""

    name: str
    caption: str


class Score(NamedTuple):
    """How well a bundle draws the meaning of a caption; a higher score is better."""

    right: float  # share of the images
    closeness: float  # minus the mean distance from the nearest right drawing


def best_captions(
    pipeline: Pipeline, vocabulary: Vocabulary, meanings: Mapping[str, Meaning], judge: Judge
) -> dict[str, str]:
    """The better captions of the names that the bundle draws wrongly; `meanings` by hexcode."""
    right = right_by_name(vocabulary, meanings)
    scores = measure(pipeline, judge, [Trial(name, name) for name in right], right, OF_NAME)
    weak = [trial.name for trial, score in scores.items() if score.right < GOOD]
    return captions_that_win(pipeline, judge, weak, right, other_captions(vocabulary, meanings))


def captions_that_win(
    pipeline: Pipeline,
    judge: Judge,
    weak: Collection[str],
    right: Mapping[str, set[str]],
    others: Mapping[str, Sequence[str]],
) -> dict[str, str]:
    """Of the `others` for each weak name, the caption that is drawn better by MARGIN, if any."""
    tried = [Trial(name, caption) for name in weak for caption in others[name]]
    first = measure(pipeline, judge, tried, right, OF_CAPTION)
    finalists = []
    for name in weak:
        order = sorted((t for t in tried if t.name == name), key=first.__getitem__, reverse=True)
        finalists += [Trial(name, name), *order[:FINALISTS]]
    final = measure(pipeline, judge, finalists, right, OF_FINALIST)
    better = {}
    for name in weak:
        best = max((t for t in finalists if t.name == name), key=final.__getitem__)
        if final[best].right - final[Trial(name, name)].right >= MARGIN:
            better[name] = best.caption
    return better


def right_by_name(vocabulary: Vocabulary, meanings: Mapping[str, Meaning]) -> dict[str, set[str]]:
    """The hexcodes of the emoji that have each name, which several can share."""
    known = {bare(hexcode): hexcode for hexcode in meanings}
    right: dict[str, set[str]] = {}
    for emoji, name in vocabulary.names.items():
        right.setdefault(name, set()).add(known[hexcode_of(emoji)])
    return right


def other_captions(vocabulary: Vocabulary, meanings: Mapping[str, Meaning]) -> dict[str, list[str]]:
    """The captions of each name's emoji that are no names, those that training used most first."""
    captions = Captions(meanings)
    right = right_by_name(vocabulary, meanings)
    others = {}
    for name, hexcodes in right.items():
        weights: dict[str, float] = {}
        for hexcode in sorted(hexcodes):
            weights |= captions.weights(hexcode)
        learned = [
            caption
            for caption in sorted(weights, key=weights.__getitem__, reverse=True)
            if caption not in right
            and caption == plain(caption)
            and vocabulary.words.issuperset(words_of(caption))
        ]
        others[name] = learned[:CAPTIONS]
    return others


def measure(
    pipeline: Pipeline,
    judge: Judge,
    trials: Sequence[Trial],
    right: Mapping[str, set[str]],
    seeds: Sequence[int],
) -> dict[Trial, Score]:
    """The score of each trial, by one image for each of the seeds."""
    wanted = [(trial, seed) for trial in trials for seed in seeds]
    found: dict[Trial, list[Score]] = {trial: [] for trial in trials}
    for first in tqdm(range(0, len(wanted), SLOTS)):
        batch = wanted[first : first + SLOTS]
        pictures = _pictures(pipeline, [(trial.caption, seed) for trial, seed in batch])
        for (trial, _), distances in zip(batch, judge.distances(pictures), strict=True):
            is_right = np.isin(judge.hexcodes, list(right[trial.name]))
            nearest = distances[is_right].min(initial=np.inf)
            found[trial].append(Score(float(nearest == distances.min()), -float(nearest)))
    return {trial: Score(*np.mean(scores, axis=0).tolist()) for trial, scores in found.items()}


def outfits(pipeline: Pipeline, scene_nouns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The outfits of heads in images of at most SURE perplexity; both mappings by emoji."""
    heads = [emoji for emoji in scene_nouns if hexcode_of(emoji) in map(hexcode_of, HEADS)]
    worn = [words for _, words in WORN.values()]
    chosen: dict[str, tuple[str, ...]] = {}
    for emoji in tqdm(heads):
        wanted = [(f"{scene_nouns[emoji]} {w}", seed) for w in worn for seed in range(TRIES)]
        images = _sample(pipeline, wanted)
        sure = [image.perplexity <= SURE for image in images]
        kept = [w for i, w in enumerate(worn) if all(sure[i * TRIES : (i + 1) * TRIES])]
        if kept:
            chosen[emoji] = tuple(kept)
    return chosen


@torch.inference_mode()
def _pictures(pipeline: Pipeline, wanted: Sequence[tuple[str, int]]) -> np.ndarray:
    """Pictures (N, S, S, 3) uint8, as the VQGAN decodes them, of captions and seeds."""
    codes = torch.stack([image.codes for image in _sample(pipeline, wanted)])
    pictures = pipeline.vqgan.decode(codes.to(pipeline.device)).float().permute(0, 2, 3, 1)
    return (pictures.cpu().numpy() * 255).round().astype(np.uint8)


def _sample(pipeline: Pipeline, wanted: Sequence[tuple[str, int]]) -> list[ImageCodes]:
    slots = pipeline.slots(len(wanted))
    prefills = {caption: pipeline.prefill([caption])[0] for caption, _ in wanted}
    for slot, (caption, seed) in enumerate(wanted):
        slots.enter(slot, prefills[caption], seed, pipeline.bundle.sampling)
    for _ in range(slots.length):
        slots.step()
    return [slots.image(slot) for slot in range(len(wanted))]


def main() -> None:
    """Measure the bundle `mini`, and rewrite its vocabulary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--data", type=Path, default=Path(".data"))
    arguments = parser.parse_args()
    with exit_on(BundleError, OSError):
        pipeline = Pipeline.load(arguments.model)
        vocabulary = pipeline.bundle.vocabulary
        if vocabulary is None:
            raise BundleError(f"{arguments.model} has no {VOCABULARY}: give one that has.")
        glyphs = load_glyphs(arguments.data / "node_modules")
        pictures = on_white(np.asarray(rendered(list(glyphs), CONTOUR_SIZE, arguments.data)))
        judge = Judge(pictures, [glyph.hexcode for glyph in glyphs])
        meanings = load_meanings(arguments.data / "node_modules")
        better = best_captions(pipeline, vocabulary, meanings, judge)
        worn = outfits(pipeline, vocabulary.scene_nouns)
        replace_vocabulary(pipeline.bundle.path, vocabulary.with_measured(better, worn))
        print(f"{len(better)} of {len(vocabulary.names)} names have a better caption")


if __name__ == "__main__":
    main()
