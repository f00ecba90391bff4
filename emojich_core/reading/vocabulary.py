"""What a bundle has learned: the file `vocabulary.tsv`.

A bundle may have this file; one without (the published models) draws every prompt as it is, and
words for a prompt of emoji alone.
The rows of the file are

- an emoji, its name, and, if scenes were learned with it, what it is called in them and which
  outfits the weights draw it well in: 🐶, морда собаки, собака, "в шляпе; в короне";
- a name, and another caption for which the weights draw that emoji better;
- a single word of captions, in its dictionary form, and "*" if it is an adjective that the weights
  have learned to draw with any thing: красный.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from emojich_core.reading.text import WORD, words_and_numbers_in, words_in
from emojich_core.reading.words import forms, is_adjective, lemma, says_something
from emojich_core.reading.written_emoji import bare
from emojich_core.request import MAX_PROMPT_LENGTH, Reading

HEADER = """\
# What the weights have learned: names of emoji, then words in dictionary forms.
"""
ANY_THING = "*"  # marks an adjective that can be drawn with any thing


class Vocabulary:
    """The names and words that a bundle has learned."""

    def __init__(
        self,
        names: Mapping[str, str],
        words: Iterable[str],
        scene_nouns: Mapping[str, str] | None = None,
        adjectives: Iterable[str] = (),
        better: Mapping[str, str] | None = None,
        outfits: Mapping[str, tuple[str, ...]] | None = None,
    ):
        """`better` captions by name, the other mappings by emoji; see the file's rows.

        `words` as `words_of` yields them; `adjectives` can be drawn with any thing: all, if none.
        """
        self.names = {bare(emoji): name for emoji, name in names.items()}
        self.better = dict(better or {})
        self.scene_nouns = {bare(emoji): noun for emoji, noun in (scene_nouns or {}).items()}
        self.outfits = dict(outfits or {})
        self.adjectives = frozenset(adjectives)
        self.words = frozenset(words) | self.adjectives

    @classmethod
    def load(cls, file: Path) -> "Vocabulary":
        """Read a file that `save` wrote.  Raises OSError, and ValueError for any other file."""
        lines = file.read_text("utf-8").split("\n")[:-1]
        rows = [line.split("\t") for line in lines if not line.startswith("# ")]
        for number, row in enumerate(rows, start=1):
            is_short = all(text and len(text) <= MAX_PROMPT_LENGTH for text in row)
            if len(row) > 4 or not is_short or not all(map(str.isprintable, row[1:] or row)):
                raise ValueError(f"row {number} is neither a caption nor a word")
        pairs = [row for row in rows if len(row) > 1 and row[1] != ANY_THING]
        return cls(
            {row[0]: row[1] for row in pairs if not WORD.search(row[0])},
            (row[0] for row in rows if len(row) == 1),
            {row[0]: row[2] for row in pairs if len(row) > 2},
            (row[0] for row in rows if row[1:] == [ANY_THING]),
            {row[0]: row[1] for row in pairs if WORD.search(row[0])},
            {row[0]: tuple(row[3].split("; ")) for row in pairs if len(row) > 3},
        )

    def save(self, file: Path) -> None:
        """Write a file that `load` reads."""
        rows = [
            "\t".join(filter(None, (emoji, name, self.scene_nouns.get(emoji), outfits)))
            for emoji, name in self.names.items()
            for outfits in ["; ".join(self.outfits.get(emoji, ()))]
        ]
        rows += [f"{name}\t{caption}" for name, caption in self.better.items()]
        rows += [f"{word}\t{ANY_THING}" for word in sorted(self.adjectives)]
        rows += sorted(self.words - self.adjectives)
        file.write_text(HEADER + "\n".join(rows) + "\n", "utf-8")

    def with_captions(self, captions: Iterable[str]) -> "Vocabulary":
        """A vocabulary that knows the words of these captions, too."""
        learned = {word for caption in captions for word in words_of(caption)}
        adjectives = filter(is_adjective, learned) if self.adjectives else ()
        return self._with(words=self.words | learned, adjectives=self.adjectives.union(adjectives))

    def with_measured(
        self, better: Mapping[str, str], outfits: Mapping[str, tuple[str, ...]]
    ) -> "Vocabulary":
        """A vocabulary with other better captions, and other outfits."""
        return self._with(better=better, outfits=outfits)

    def _with(self, **changed: Any) -> "Vocabulary":
        names = ("names", "words", "scene_nouns", "adjectives", "better", "outfits")
        return Vocabulary(**{**{name: getattr(self, name) for name in names}, **changed})

    def read(self, prompt: str) -> Reading:
        """What to draw for a prompt.  Raises InvalidRequest when nothing like it is known."""
        # Imported here, because the modules that read a prompt import this one.
        from emojich_core.reading.prompt import read

        return read(self, prompt)

    def knows(self, word: str) -> bool:
        """Whether the weights have learned a word, in whatever form it stands."""
        return not self.words.isdisjoint(forms(word))

    def caption_of(self, emoji: str) -> str:
        """The caption for which the weights draw an emoji of `names` best."""
        return self.better.get(self.names[emoji], self.names[emoji])

    @cached_property
    def emoji_by_caption(self) -> dict[str, str]:
        """The emoji of `names` by their captions; of equal captions, the last one's."""
        return {self.caption_of(emoji): emoji for emoji in self.names}

    def scene_name(self, emoji: str) -> str:
        """What an emoji of `names` is called beside other things."""
        return self.scene_nouns.get(emoji) or self.names[emoji]

    def scenes_of(self, emoji: str) -> list[str]:
        """The captions of an emoji in the outfits that the weights draw it well in: кот в шляпе."""
        return [f"{self.scene_nouns[emoji]} {outfit}" for outfit in self.outfits.get(emoji, ())]

    @cached_property
    def scene_names(self) -> frozenset[str]:
        """What scenes call things."""
        return frozenset(self.scene_nouns.values())

    @cached_property
    def emoji_by_name(self) -> dict[str, str]:
        """The emoji by their names, without signs; of equal names, the first one's."""
        names = reversed(self.names.items())
        return {" ".join(words_and_numbers_in(name)): emoji for emoji, name in names}


def words_of(caption: str) -> Iterator[str]:
    """The words that a caption teaches, in dictionary forms; a single word always counts."""
    texts = words_in(caption)
    for text in texts:
        if len(texts) == 1 or says_something(text):
            yield lemma(text)
