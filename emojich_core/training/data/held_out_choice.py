"""How `held_out.json` was chosen; `python -m …data.held_out_choice` chooses it again."""

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from emojich_core.training.data.art import load_glyphs, load_meanings, render
from emojich_core.training.data.colours import COLOURS, main_part, possible_colours
from emojich_core.training.data.held_out import FILE, Composition, contains
from emojich_core.training.data.things import Thing, things

COMPOSITIONS = 60
SEED = 20240
STYLE = "fluent-emoji-flat"


def choose_compositions(
    possible: Mapping[str, tuple[Thing, Iterable[str]]], labels: Iterable[str], seed: int = SEED
) -> list[Composition]:
    """COMPOSITIONS colour × thing pairs, as many of each colour as there can be.

    `possible`: everyday things by hexcode and the colours their drawing can be given.  No thing is
    taken twice, and no pair that a label or keywords of an emoji bring together.
    """
    rng = np.random.default_rng(seed)
    left = {
        colour: [h for h, (_, cs) in sorted(possible.items()) if colour in cs] for colour in COLOURS
    }
    for hexcodes in left.values():
        rng.shuffle(hexcodes)
    labels = list(labels)
    chosen: list[Composition] = []
    taken: set[str] = set()
    while len(chosen) < COMPOSITIONS and any(left.values()):
        for colour, hexcodes in left.items():
            while hexcodes and len(chosen) < COMPOSITIONS:
                hexcode = hexcodes.pop()
                thing = possible[hexcode][0]
                name = thing.names[0]
                caption = name.with_adjective(colour).form()
                if name.adjectives or taken & thing.lemmas or caption is None:
                    continue
                if any(contains(label, colour) and contains(label, name.lemma) for label in labels):
                    continue
                chosen.append(Composition(colour, hexcode, caption))
                taken |= thing.lemmas
                break
    return sorted(chosen, key=lambda c: (list(COLOURS).index(c.colour), c.hexcode))


def main() -> None:
    """Write the list anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".data"))
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    modules = arguments.data / "node_modules"
    meanings = load_meanings(modules)
    everyday = {h: thing for h, thing in things(meanings).items() if thing.everyday}
    drawings = {g.hexcode: g for g in load_glyphs(modules, (STYLE,)) if g.hexcode in everyday}
    possible = {}
    for hexcode, glyph in drawings.items():
        drawing = render(glyph, 96)
        body = main_part(drawing)
        if body is not None:
            possible[hexcode] = (everyday[hexcode], possible_colours(drawing, body))
    texts = [" ".join((m.label, *m.keywords)) for m in meanings.values()]
    chosen = choose_compositions(possible, texts, arguments.seed)
    content = {"compositions": [asdict(composition) for composition in chosen]}
    FILE.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
