"""Measures which captions a bundle draws well, and writes them into its vocabulary.

    python -m emojich_core.training.best_captions    # of `mini`: some 15 minutes on two cores

An image is right when the nearest of all drawings of emoji is one of its emoji.  A name with TRIES
right images stays; for another name, the caption that is right most often becomes a row of the
vocabulary.  Of the outfits that scenes put on heads, those stay whose images have a perplexity of
at most SURE.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from emojich_core.bundles.bundle import VOCABULARY, BundleError, replace_vocabulary
from emojich_core.errors import exit_on
from emojich_core.inference.slots import ImageCodes
from emojich_core.pipeline import CPU_SLOTS, Pipeline
from emojich_core.training.data.art import Meaning, load_glyphs, load_meanings, on_white, rendered
from emojich_core.training.data.compositions import WORN
from emojich_core.training.data.things import HEADS, bare, hexcode_of, other_names
from emojich_core.training.evaluation.judge import CONTOUR_SIZE, Judge

TRIES = 2  # images of a caption
CAPTIONS = 8  # at most, of an emoji
SURE = 2.0  # perplexity; outfits above it are often blots, judged by eye


def best_captions(
    pipeline: Pipeline, names: Mapping[str, str], meanings: Mapping[str, Meaning], judge: Judge
) -> dict[str, str]:
    """The best captions of the names that the bundle draws wrongly, by name.

    `names` by emoji, `meanings` by hexcode.
    """
    right: dict[str, set[str]] = {}  # by name: emoji can share one
    captions: dict[str, dict[str, None]] = {}
    known = {bare(hexcode): hexcode for hexcode in meanings}
    for emoji, name in names.items():
        hexcode = known[hexcode_of(emoji)]
        meaning = meanings[hexcode]
        others = (name, meaning.label, *other_names(hexcode, meaning), *meaning.keywords)
        right.setdefault(name, set()).add(hexcode)
        captions.setdefault(name, {}).update(dict.fromkeys(others))
    shares: dict[str, dict[str, float]] = {name: {} for name in captions}
    pending = {name: list(tried)[:CAPTIONS] for name, tried in captions.items()}
    while pending:
        tried = {name: rest.pop(0) for name, rest in pending.items()}
        found = _found(pipeline, judge, list(tried.values()))
        for (name, caption), shown in zip(tried.items(), found, strict=True):
            shares[name][caption] = sum(h in right[name] for h in shown) / len(shown)
        pending = {n: rest for n, rest in pending.items() if rest and max(shares[n].values()) < 1}
    best = {name: max(tried, key=tried.__getitem__) for name, tried in shares.items()}
    return {name: caption for name, caption in best.items() if caption != name}


def outfits(pipeline: Pipeline, scene_nouns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """What heads wear in images of at most SURE perplexity; both mappings by emoji."""
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


def _found(pipeline: Pipeline, judge: Judge, captions: Sequence[str]) -> list[list[str]]:
    """The emoji that each caption's TRIES images are taken for."""
    wanted = [(caption, seed) for caption in captions for seed in range(TRIES)]
    found: list[str] = []
    for first in tqdm(range(0, len(wanted), CPU_SLOTS)):
        pictures = _pictures(pipeline, wanted[first : first + CPU_SLOTS])
        found += [nearest for [nearest] in judge.nearest(pictures, 1)]
    return [found[first : first + TRIES] for first in range(0, len(found), TRIES)]


@torch.inference_mode()
def _pictures(pipeline: Pipeline, wanted: Sequence[tuple[str, int]]) -> np.ndarray:
    """Pictures (N, S, S, 3) uint8, as the VQGAN decodes them, of captions and seeds."""
    codes = torch.stack([image.codes for image in _sample(pipeline, wanted)])
    pictures = pipeline.vqgan.decode(codes.to(pipeline.device)).float().permute(0, 2, 3, 1)
    return (pictures.cpu().numpy() * 255).round().astype(np.uint8)


def _sample(pipeline: Pipeline, wanted: Sequence[tuple[str, int]]) -> list[ImageCodes]:
    slots = pipeline.slots(len(wanted))
    for slot, (caption, seed) in enumerate(wanted):
        slots.enter(slot, pipeline.prefill([caption])[0], seed, pipeline.bundle.sampling)
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
        better = best_captions(pipeline, vocabulary.names, meanings, judge)
        worn = outfits(pipeline, vocabulary.scene_nouns)
        replace_vocabulary(pipeline.bundle.path, vocabulary.with_measured(better, worn))
        print(f"{len(better)} of {len(vocabulary.names)} names have a better caption")


if __name__ == "__main__":
    main()
