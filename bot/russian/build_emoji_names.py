"""Writes `emoji_names.tsv`, the Russian names of each emoji, for `suggest_emoji`.

    $ make data     # fetches emojibase-data, which has CLDR's names and keywords
    $ python -m bot.russian.build_emoji_names .data/node_modules/emojibase-data/ru/data.json

A line is an emoji, the words of its name, those of its keywords, and the words and phrases that the
lexicon has for it; all in dictionary forms, so that the bot need not compute them when it starts.
"""

import json
import sys
from pathlib import Path
from typing import Any

from bot.russian.emoji import TABLE
from bot.russian.words import lemma, split, words
from emojich_core.reading.lexicon import lexicon

HEADER = """\
# What emoji are called in Russian: emoji, words of its name, words of its keywords, the lexicon's.
# Made by bot/russian/build_emoji_names.py from emojibase-data {version} (MIT, Miles Johnson),
# whose names are those of the Unicode CLDR (Unicode License V3).
"""
# The groups of emojibase, in the order of preference: things before the people who use them.  The
# other groups, such as flags, show nothing that users ask for.
_ANIMALS, _FOOD, _TRAVEL, _ACTIVITIES, _OBJECTS, _SYMBOLS, _FACES, _PEOPLE = 3, 4, 5, 6, 7, 8, 0, 1
GROUPS = [_ANIMALS, _FOOD, _TRAVEL, _ACTIVITIES, _OBJECTS, _SYMBOLS, _FACES, _PEOPLE]

_FACE = {"морда", "лицо"}  # in a name, these describe the drawing, not the subject


def main(data: Path) -> None:
    """Read emojibase's data.json, write the table beside this file."""
    version = json.loads((data.parent.parent / "package.json").read_text())["version"]
    entries = [e for e in json.loads(data.read_text()) if e.get("group") in GROUPS]
    entries.sort(key=lambda entry: (GROUPS.index(entry["group"]), entry["order"]))
    phrases = _phrases()
    lines = [line for entry in entries if (line := _line(entry, phrases.get(entry["emoji"], [])))]
    TABLE.write_text(HEADER.format(version=version) + "".join(lines), encoding="utf-8")
    print(f"{len(lines)} emoji in {TABLE}")


def _line(entry: dict[str, Any], phrases: list[str]) -> str | None:
    name = [lemma for lemma in _lemmas(entry["label"]) if lemma not in _FACE]
    keywords = [lemma for lemma in _lemmas(" ".join(entry.get("tags", ()))) if lemma not in name]
    columns = (entry["emoji"], " ".join(name), " ".join(keywords), "; ".join(phrases))
    return "\t".join(columns) + "\n" if name or phrases else None


def _phrases() -> dict[str, list[str]]:
    """The lexicon's phrases in dictionary forms, by emoji; of equal ones, the more common one."""
    places: dict[str, tuple[int, str]] = {}
    for emoji, row in lexicon().items():
        for place, text in enumerate(row):
            phrase = " ".join(map(lemma, split(text)))
            places[phrase] = min(places.get(phrase, (place, emoji)), (place, emoji))
    found: dict[str, list[str]] = {}
    for phrase, (_, emoji) in places.items():
        found.setdefault(emoji, []).append(phrase)
    return found


def _lemmas(text: str) -> list[str]:
    return list(dict.fromkeys(word.lemmas[0] for word in words(text)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
