"""How `held_out.json` was chosen; `python -m …data.held_out_choice` chooses it again."""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from emojich_core.training.data.art import Meaning, load_glyphs, load_meanings, render
from emojich_core.training.data.colours import COLOURS, main_part, possible_colours
from emojich_core.training.data.held_out import FILE, Composition, contains, words_of
from emojich_core.training.data.morphology import is_headword
from emojich_core.training.data.things import NAMES, Thing, things

SHARE = 0.1  # of the distinct keywords
COMPOSITIONS = 60
SEED = 20240
STYLE = "fluent-emoji-flat"
# What captions of compositions are made of.
VOCABULARY = (
    *COLOURS,
    "белый",
    "цвет",
    "и",
    "с",
    "два",
    "три",
    "маленький",
    "большой",
    "крошечный",
)


def choose_keywords(meanings: Mapping[str, Meaning], seed: int = SEED) -> list[str]:
    """SHARE of all distinct keywords, sorted; the same for the same meanings and seed.

    Those that are in a label, or in a word that compositions are made of, in any form, cannot be
    held out.  The others are shuffled, then ordered by stratum (emojibase's group, one word or
    more, of one emoji or more), and every n-th is taken, so that each stratum gives its part.
    """
    emoji_of: dict[str, list[str]] = {}
    for hexcode, meaning in sorted(meanings.items()):
        for keyword in dict.fromkeys(meaning.keywords):
            emoji_of.setdefault(keyword, []).append(hexcode)
    said = [m.label for m in meanings.values()] + [n for names in NAMES.values() for n in names]
    words = frozenset(lemma for text in (*said, *VOCABULARY) for w in words_of(text) for lemma in w)

    def stratum(keyword: str) -> tuple[int, bool, bool]:
        group = Counter(meanings[h].group or 0 for h in emoji_of[keyword]).most_common(1)[0][0]
        return group, " " in keyword, len(emoji_of[keyword]) > 1

    possible = [k for k in sorted(emoji_of) if _is_word(k) and not _is_said(k, said, words)]
    np.random.default_rng(seed).shuffle(possible)
    possible.sort(key=stratum)
    wanted = round(len(emoji_of) * SHARE)
    if wanted > len(possible):
        raise ValueError(f"{wanted} keywords wanted, {len(possible)} can be held out")
    return sorted(possible[int(i)] for i in np.linspace(0, len(possible) - 1, wanted))


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


def _is_word(keyword: str) -> bool:
    letters = sum("а" <= char <= "я" for char in keyword)
    if letters < 3 or any(char.isdigit() for char in keyword):
        return False
    return " " in keyword or is_headword(keyword)


def _is_said(keyword: str, said: list[str], words: frozenset[str]) -> bool:
    parts = words_of(keyword)
    if not all(part & words for part in parts):
        return False
    return any(contains(text, keyword) for text in said) or any(
        contains(text, keyword) for text in VOCABULARY
    )


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
    content = {
        "keywords": choose_keywords(meanings, arguments.seed),
        "compositions": [asdict(c) for c in choose_compositions(possible, texts, arguments.seed)],
    }
    FILE.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
