"""The words that a bundle has learned, and what it draws for a prompt without any of them.

A bundle may have a `vocabulary.tsv`; a bundle without (the published models) draws every prompt as
it is.  The lines of the file are emoji with the names that the weights have learned, and single
words of captions in dictionary forms.

`Vocabulary.read` decides in this order:

1. A single word of the lexicon is replaced by the name of its emoji, which the weights have learned
   best.  So is a phrase that the lexicon marks as another thing than its emoji: a морская свинка is
   no свинка.
2. A prompt with a known noun stays as it is; so does a prompt without nouns that has a known word.
3. In any other prompt one word is replaced: by the name of its emoji if the lexicon has the word,
   else by the nearest word of `neighbours.tsv`.

The bot tells the user which word the model draws for a marked word, or for a word's neighbour.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pymorphy3

from emojich_core.lexicon import lexicon, other_things, person
from emojich_core.request import MAX_PROMPT_LENGTH, InvalidRequest, Reading, Reason

NEIGHBOURS = Path(__file__).with_name("neighbours.tsv")
HEADER = """\
# What the weights have learned: emoji with their names, then words in dictionary forms.
"""
EXAMPLES = "«кот в шляпе», «горящее сердце» or «панда в короне»"
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Parts of speech that show nothing by themselves, and occur in captions of all subjects.
_EMPTY = {"PREP", "CONJ", "PRCL", "NPRO", "NUMR"}


class Vocabulary:
    """The names and words that a bundle has learned."""

    def __init__(self, names: dict[str, str], words: Iterable[str]):
        """`names` by emoji, `words` as `words_of` yields them."""
        self.names = {_bare(emoji): name for emoji, name in names.items()}
        self.words = frozenset(words)

    @classmethod
    def load(cls, file: Path) -> "Vocabulary":
        """Read a file that `save` wrote.  Raises OSError, and ValueError for any other file."""
        lines = file.read_text("utf-8").split("\n")[:-1]
        rows = [line.split("\t") for line in lines if not line.startswith("# ")]
        for number, row in enumerate(rows, start=1):
            is_short = all(text and len(text) <= MAX_PROMPT_LENGTH for text in row)
            if len(row) > 2 or not is_short or not row[-1].isprintable():
                raise ValueError(f"row {number} is neither a name nor a word")
        names = {row[0]: row[1] for row in rows if len(row) == 2}
        return cls(names, (row[0] for row in rows if len(row) == 1))

    def save(self, file: Path) -> None:
        """Write a file that `load` reads."""
        rows = [f"{emoji}\t{name}" for emoji, name in self.names.items()]
        file.write_text(HEADER + "\n".join([*rows, *sorted(self.words)]) + "\n", "utf-8")

    def with_captions(self, captions: Iterable[str]) -> "Vocabulary":
        """A vocabulary that knows the words of these captions, too."""
        learned = (word for caption in captions for word in words_of(caption))
        return Vocabulary(self.names, self.words.union(learned))

    def read(self, prompt: str) -> Reading:
        """What to draw for a prompt.  Raises InvalidRequest when nothing like it is known."""
        texts = _WORD.findall(prompt)
        phrase = " ".join(map(_plain, texts))
        is_whole = len(texts) == 1 or phrase in _other_things()
        if is_whole and (name := self._name(phrase)):
            return _reading(name, phrase, name)
        nouns = [text for text in texts if _is_noun(text)]
        telling = nouns or [text for text in texts if _says_something(text)]
        if any(self.words & forms(text) for text in telling):
            return Reading(prompt)
        if name := self._name(phrase):
            return _reading(name, phrase, name)
        for text in telling:
            for form in sorted(forms(text)):
                if name := self._name(form):
                    return _reading(_replaced(prompt, text, name), form, name)
        for text in nouns:
            for form in sorted(forms(text)):
                if near := _neighbours().get(form):
                    name = near if self.words & forms(near) else self._name(_plain(near))
                    if name:
                        return Reading(_replaced(prompt, text, name), form, name)
        message = f"The model knows no word of «{prompt}»: try {EXAMPLES}."
        raise InvalidRequest(Reason.UNKNOWN, message)

    def _name(self, phrase: str) -> str:
        """The name of the emoji for which the lexicon has a phrase; empty if there is none."""
        emoji = _emoji_of().get(phrase, "")
        return self.names.get(emoji) or self.names.get(person(emoji), "")


def words_of(caption: str) -> Iterator[str]:
    """The words that a caption teaches, in dictionary forms; a single word always counts."""
    texts = _WORD.findall(caption)
    for text in texts:
        if len(texts) == 1 or _says_something(text):
            yield _plain(_parses(text)[0].normal_form)


@cache
def forms(word: str) -> frozenset[str]:
    """A word without ё, and all dictionary forms that it can have."""
    return frozenset({_plain(word), *(_plain(parse.normal_form) for parse in _parses(word))})


def _is_noun(word: str) -> bool:
    return bool(_parses(word)[0].tag.POS == "NOUN")


def _says_something(word: str) -> bool:
    return _parses(word)[0].tag.POS not in _EMPTY


def _reading(prompt: str, phrase: str, name: str) -> Reading:
    """The reading of a phrase as its emoji's name; of a marked phrase, it names both."""
    return Reading(prompt, phrase, name) if phrase in _other_things() else Reading(prompt)


def _replaced(prompt: str, word: str, name: str) -> str:
    """The prompt with one word replaced by a name, and the adjectives before it made to agree."""
    before, after = prompt.split(word, 1)
    noun = next((p for p in _parses(name) if p.tag.POS == "NOUN" and "nomn" in p.tag), None)
    fitted = before.split()
    for place in reversed(range(len(fitted))):
        parse = _parses(fitted[place])[0]
        if noun is None or parse.tag.POS not in {"ADJF", "PRTF"}:
            break
        number = noun.tag.number
        wanted = {"nomn", number} | ({noun.tag.gender} if number == "sing" else set())
        inflected = parse.inflect(wanted)
        fitted[place] = inflected.word if inflected else fitted[place]
    return " ".join([*fitted, name]) + after


@cache
def _parses(word: str) -> tuple[Any, ...]:
    return tuple(_morph().parse(word.lower()))


@cache
def _morph() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")


@cache
def _emoji_of() -> dict[str, str]:
    """The lexicon's words and phrases, without ё, and the emoji of each."""
    return {_plain(word): _bare(emoji) for emoji, row in lexicon().items() for word in row}


@cache
def _other_things() -> frozenset[str]:
    return frozenset(map(_plain, other_things()))


@cache
def _neighbours() -> dict[str, str]:
    lines = NEIGHBOURS.read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("# "))
    return {_plain(word): near for word, near in rows}


def _bare(emoji: str) -> str:
    return emoji.replace("\ufe0f", "")


def _plain(text: str) -> str:
    return text.lower().replace("ё", "е")
