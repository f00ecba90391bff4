"""Writes `names.tsv`, the table of what each emoji is called in Russian.

    $ make data     # fetches emojibase-data, which has CLDR's names and keywords
    $ python -m bot.emoji.build .data/node_modules/emojibase-data/ru/data.json

A line is an emoji, the words of its name, and those of its keywords, in dictionary forms.
"""

import json
import sys
from pathlib import Path
from typing import Any

from bot.emoji.suggest import TABLE
from bot.emoji.words import words

HEADER = """\
# What emoji are called in Russian: emoji, words of its name, words of its keywords.
# Made by bot/emoji/build.py from emojibase-data {version} (MIT, Miles Johnson), whose names are
# those of the Unicode CLDR (Unicode License V3).
"""
# Groups of emojibase in the order in which they are preferred, things before people who have to do
# with them; the others, such as flags, show nothing that is drawn.
_ANIMALS, _FOOD, _TRAVEL, _ACTIVITIES, _OBJECTS, _SYMBOLS, _FACES, _PEOPLE = 3, 4, 5, 6, 7, 8, 0, 1
GROUPS = [_ANIMALS, _FOOD, _TRAVEL, _ACTIVITIES, _OBJECTS, _SYMBOLS, _FACES, _PEOPLE]

_FACE = {"морда", "лицо"}  # in a name these say how it is drawn, not what
# What people call things of which CLDR's name says more, or less.
EVERYDAY = {
    "❤️": "сердце",
    "❤️‍🔥": "пылающее сердце",
    "🚗": "машина",
    "🍰": "торт",
    "☕️": "кофе",
    "🐰": "заяц",
    "🦊": "лиса",
    "🌙": "луна",
    "🎩": "шляпа",
    "🧑": "человек",
    "🌌": "космос",
}


def main(data: Path) -> None:
    """Read emojibase's data.json, write the table beside this file."""
    version = json.loads((data.parent.parent / "package.json").read_text())["version"]
    entries = [e for e in json.loads(data.read_text()) if e.get("group") in GROUPS]
    entries.sort(key=lambda entry: (GROUPS.index(entry["group"]), entry["order"]))
    lines = [line for entry in entries if (line := _line(entry))]
    TABLE.write_text(HEADER.format(version=version) + "".join(lines), encoding="utf-8")
    print(f"{len(lines)} emoji in {TABLE}")


def _line(entry: dict[str, Any]) -> str | None:
    label, tags = entry["label"], " ".join(entry.get("tags", ()))
    if everyday := EVERYDAY.get(entry["emoji"]):
        label, tags = everyday, f"{label} {tags}"
    name = [lemma for lemma in _lemmas(label) if lemma not in _FACE]
    keywords = [lemma for lemma in _lemmas(tags) if lemma not in name]
    return f"{entry['emoji']}\t{' '.join(name)}\t{' '.join(keywords)}\n" if name else None


def _lemmas(text: str) -> list[str]:
    return list(dict.fromkeys(word.lemmas[0] for word in words(text)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
