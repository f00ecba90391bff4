"""The words that a bundle has learned, and what it draws for a prompt.

A bundle may have a `vocabulary.tsv`; a bundle without (the published models) draws every prompt as
it is.  The rows of the file are

- an emoji, its name, and, if scenes were learned with it, what it is called in them and what of
  them is drawn well: 🐶, морда собаки, собака, "в шляпе; в короне";
- a name, and another caption for which the weights draw that emoji better;
- a single word of captions, in its dictionary form, and "*" if it is an adjective that the weights
  have learned to draw with any thing: красный.

`Vocabulary.read` decides in this order:

1. Emoji are replaced by names where they stand for words (🐱 в шляпе), and left out beside words.
   Of emoji alone, and of things with commas between, the candidates take turns.  Signs go, and
   misspelled words are mended: see `emojich_core.reading.spelling`.
2. Of a thing in a colour (синие ракеты), the thing is drawn, and its picture gets the colour.
3. A prompt that as a whole means one emoji, in any form or as a diminutive (щенки, роботик), is
   replaced by the name of that emoji, or by its better caption.  A phrase that begins a prompt, and
   a verb before what it does something to, are read in the same way: с днём рождения, мама; печь
   пирог.
4. Clothes and places get the words of scenes (`scene_words.tsv`): в цилиндре, на луне.
5. Adjectives that the weights cannot draw are left out: страшный череп.
6. In a scene, a word of the lexicon is replaced by what scenes call its emoji: бульдог в шляпе.
   Another noun than those known is replaced by the name of its emoji, or by the nearest word of
   `neighbours.tsv`.

The bot tells the user which word the model draws for a word that the lexicon marks as another thing
than its emoji (a морская свинка is no свинка), for a word's neighbour, and where a participle is
left out (горящий дом).

For a word that several emoji show (`variants.tsv`), and for a head that is drawn well in a hat, a
reading has several prompts, and the candidates of a request take turns: морда кошки, кошка; морда
панды, панда в шляпе.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property, partial
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import Any

from emojich_core.colours import GIVEN
from emojich_core.reading.lexicon import lexicon, other_things, person
from emojich_core.reading.scene_words import in_scene_words
from emojich_core.reading.spelling import mended, respelled, sound_alike
from emojich_core.reading.words import (
    agreeing,
    agrees,
    bases,
    can_be,
    forms,
    in_case,
    is_adjective,
    is_first_person,
    is_noun,
    is_one,
    is_participle,
    is_qualifier,
    lemma,
    meant,
    nouns,
    plain,
    says_something,
)
from emojich_core.reading.written_emoji import bare, split
from emojich_core.request import MAX_PROMPT_LENGTH, InvalidRequest, Reading, Reason

NEIGHBOURS = Path(__file__).with_name("neighbours.tsv")
VARIANTS = Path(__file__).with_name("variants.tsv")
NATURAL_COLOURS = Path(__file__).with_name("natural_colours.tsv")
HEADER = """\
# What the weights have learned: names of emoji, then words in dictionary forms.
"""
EXAMPLES = "«кот в шляпе», «горящее сердце» or «панда в короне»"
ANY_THING = "*"  # marks an adjective that can be drawn with any thing
MOST_PROMPTS = 4  # of a reading: as many as the stickers of most requests
# Shades, and the basic colour that each is nearest to.
SHADES = {
    **dict.fromkeys(("рыжий", "апельсиновый", "огненный"), "оранжевый"),
    **dict.fromkeys(("алый", "бордовый", "багровый", "малиновый", "вишневый"), "красный"),
    **dict.fromkeys(("сиреневый", "лиловый", "пурпурный", "лавандовый"), "фиолетовый"),
    **dict.fromkeys(("салатовый", "изумрудный", "оливковый"), "зеленый"),
    **dict.fromkeys(("бирюзовый", "лазурный", "небесный"), "голубой"),
    **dict.fromkeys(("бежевый", "шоколадный", "бурый", "каштановый"), "коричневый"),
    **dict.fromkeys(("золотой", "золотистый", "лимонный"), "желтый"),
    **dict.fromkeys(("серебряный", "серебристый", "дымчатый"), "серый"),
}
# Of hats, scenes have few; the first is drawn well on most heads.
HATS = ("в шляпе", "в шапке", "в кепке")
# Words for a face, of which an adjective says all that it shows.
FACES = {"лицо", "личико", "рожица", "смайл", "смайлик", "эмодзи", "взгляд", "мордашка"}
# The case after a word beside which an emoji stands for a word.
_CASES = {"с": "ablt", "со": "ablt", "под": "ablt", "за": "ablt", "на": "loct", "в": "loct"}
_SAID_BEFORE = ("NPRO", "PRCL", "INTJ", "ADVB")  # parts of speech
_PREFIX = 2  # letters of a word that all of its forms begin with
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_WORD_OR_NUMBER = re.compile(r"\d+|[^\W\d_]+(?:-[^\W\d_]+)*")


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
            {row[0]: row[1] for row in pairs if not _WORD.search(row[0])},
            (row[0] for row in rows if len(row) == 1),
            {row[0]: row[2] for row in pairs if len(row) > 2},
            (row[0] for row in rows if row[1:] == [ANY_THING]),
            {row[0]: row[1] for row in pairs if _WORD.search(row[0])},
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
        parts = split(prompt, self.names)
        emoji = list(dict.fromkeys(part for part, is_emoji in parts if is_emoji))
        said = mended(self._worded(parts), self._spelled)
        if reading := self._read(said) or self._in_turn(emoji):
            return reading
        message = f"The model knows no word of «{prompt}»: try {EXAMPLES}."
        raise InvalidRequest(Reason.UNKNOWN, message)

    def _read(self, prompt: str) -> Reading | None:
        texts = _WORD.findall(prompt)
        numbered = _WORD_OR_NUMBER.findall(prompt)  # 8 марта is no марта
        whole = self._coloured(texts) or self._whole(numbered) or self._whole(texts)
        if reading := whole or self._face(texts):
            return reading
        if reading := self._clauses(prompt) or self._begun(texts) or self._done_to(texts):
            return reading
        prompt = in_scene_words(prompt) if self.scene_nouns else prompt
        texts = _WORD.findall(prompt)
        shortened = self._without_unknown_adjectives(prompt, texts)
        if shortened == prompt:
            return self._read_scene(prompt, texts)
        reading = self._read_scene(shortened, _WORD.findall(shortened))
        unknown, instead = _participle(texts, _WORD.findall(shortened))
        if not unknown or not reading or reading.unknown:
            return reading
        return replace(reading, unknown=unknown, instead=instead)

    def _read_scene(self, prompt: str, texts: list[str]) -> Reading | None:
        if reading := self._coloured(texts) or self._whole(texts):
            return reading
        named = nouns(texts)
        telling = named or [text for text in texts if says_something(text)]
        if any(map(self._knows, telling)):
            return self._substituted(prompt, telling[:1]) or self._scene(prompt, named)
        return self._substituted(prompt, telling)

    def _spelled(self, word: str) -> str:
        """A word as it was meant; slang that looks like a diminutive is no misspelling."""
        if self._knows(word):
            return word
        meant = respelled(word)
        return word if self._emoji(word) and not sound_alike(word, meant) else meant

    def _worded(self, parts: list[tuple[str, bool]]) -> str:
        """A prompt with names for the emoji that stand for words, and without other emoji.

        An emoji stands for a word beside a preposition or «и»: 🐱 в шляпе, кот с 🍕.
        """
        words = " ".join(text for text, is_emoji in parts if not is_emoji)
        if self._whole(_WORD.findall(words)):
            return words
        said: list[str] = []
        for place, (text, is_emoji) in enumerate(parts):
            if not is_emoji:
                said.append(text)
                continue
            before = _WORD.findall(plain(said[-1].replace("+", " и ")))[-1:] if said else []
            after = plain(parts[place + 1][0].replace("+", " и ")) if parts[place + 1 :] else ""
            link = before[0] if before and _links(before[0]) else ""
            begins = not said and any(_links(word) for word in _WORD.findall(after)[:1])
            if link or begins:
                said.append(in_case(self._thing(text), _CASES.get(link, "nomn")))
        return " ".join(said)

    def _thing(self, emoji: str) -> str:
        """What an emoji is called beside others."""
        return self.scene_nouns.get(emoji) or self.names[emoji]

    def _in_turn(self, emoji: list[str]) -> Reading | None:
        """The reading of several emoji, of which candidates take turns: pairs are drawn badly."""
        captions = dict.fromkeys(map(self._drawn, emoji))
        first, *others = [*captions][:MOST_PROMPTS] or [""]
        return Reading(first, variants=tuple(others)) if first else None

    def _clauses(self, prompt: str) -> Reading | None:
        """The reading of things with commas between, else of the first clause: привет, мама."""
        clauses = [_WORD_OR_NUMBER.findall(clause) for clause in prompt.split(",")]
        if len(clauses) < 2:
            return None
        found = [self._emoji(" ".join(clause)) for clause in clauses]
        emoji = [each[1] for each in found if each and each[1] in self.scene_nouns]
        if len(emoji) == len(clauses):
            return self._in_turn(emoji)
        is_scene = any(is_one("PREP", clause[0]) for clause in clauses[1:] if clause)
        return None if is_scene else self._whole(clauses[0])

    def _begun(self, texts: list[str]) -> Reading | None:
        """The reading of a phrase of the lexicon with words that show nothing of their own.

        спокойной ночи, мама; всем привет.
        """
        for length in range(len(texts) - 1, 1, -1):
            rest = texts[length:]
            if any(_links(word) or is_one("VERB", word) for word in rest):
                break
            is_adjective_of_it = agrees(texts[length - 1], rest[0])
            if not is_adjective_of_it and (reading := self._whole(texts[:length])):
                return reading
        shown = list(dropwhile(_is_said_before, texts))
        return self._whole(shown) if len(shown) < len(texts) else None

    def _done_to(self, texts: list[str]) -> Reading | None:
        """The reading of what an infinitive at the beginning does something to: печь пирог."""
        rest = texts[1:]
        if not rest or not can_be("INFN", texts[0]):
            return None
        if is_one("PREP", rest[0]):
            rest = rest[1:]
        if len(rest) == 1:
            rest = [lemma(rest[0])]
        return self._read(" ".join(rest)) if nouns(rest) else None

    def _substituted(self, prompt: str, texts: list[str]) -> Reading | None:
        """The reading with the first unknown word of `texts` replaced, if it has a substitute."""
        unknown = [text for text in texts if not self._knows(text)]
        for text in unknown:
            if found := self._emoji(text):
                form, emoji = found
                noun = self.scene_nouns.get(emoji) or self.names[emoji]
                told = form if form in _other_things() else ""
                return self._told(_replaced(prompt, text, noun), told, noun)
        for text in filter(is_noun, unknown):
            for form in forms(text):
                if near := _neighbours().get(form):
                    found = None if self._knows(near) else self._emoji(near)
                    name = self.names[found[1]] if found else near
                    if found or self._knows(near):
                        return self._told(_replaced(prompt, text, name), form, name)
        return None

    def _told(self, prompt: str, unknown: str, instead: str) -> Reading:
        """The reading of a prompt in which a word was replaced; with `unknown` the user is told."""
        reading = self._whole(_WORD.findall(prompt)) or Reading(prompt)
        return replace(reading, unknown=unknown, instead=instead) if unknown else reading

    def _face(self, texts: list[str]) -> Reading | None:
        """The reading of an adjective and a word for a face, which says nothing: сонное лицо.

        Also of a face with something: смайлик с котом.
        """
        *said, last = texts or [""]
        if said and not FACES.isdisjoint(forms(last)):
            return self._whole(said)
        is_with = texts[1:2] in (["с"], ["со"]) and not FACES.isdisjoint(forms(texts[0]))
        if not is_with:
            return None
        alike = self._emoji_by_name.get(plain(" ".join(["улыбающееся лицо", *texts[1:]])))
        return self._whole([self.names[alike]] if alike else texts[2:])

    def _coloured(self, texts: list[str]) -> Reading | None:
        """The reading of one thing in one colour, whose variants are of the same colour."""
        for place, text in enumerate(texts):
            found = [basic for form in forms(text) if (basic := SHADES.get(form, form)) in GIVEN]
            rest = texts[:place] + texts[place + 1 :]
            reading = found and (self._whole(rest) or (self._dressed(rest) if not place else None))
            if not reading:
                continue
            called = self._whole(texts)  # зеленый чай, белый медведь
            is_name = called and found[0] in map(lemma, called.prompt.split())
            if not called or (called.colours and not is_name):
                variants = tuple(each for each in reading.variants if not _names_a_colour(each))
                return replace(reading, variants=variants, colour=found[0], colours=())
            return replace(called, colours=())
        return None

    def _dressed(self, texts: list[str]) -> Reading | None:
        """The reading of a head in an outfit that it is drawn well in: кот в шляпе."""
        reading = self._scene(" ".join(texts), nouns(texts))
        heads = self.outfits.items()
        captions = (f"{self.scene_nouns[head]} {outfit}" for head, worn in heads for outfit in worn)
        return reading if reading.prompt in captions else None

    def _whole(self, texts: list[str]) -> Reading | None:
        """The reading of a prompt that as a whole means one emoji, or one of several."""
        phrase = plain(" ".join(texts))
        exact = self._emoji_by_name.get(phrase)
        said = [phrase, *(meant(phrase) if len(texts) == 1 and not exact else ())]
        shown = next((_variants()[form] for form in said if form in _variants()), ())
        if not exact and not shown and (found := self._emoji(phrase)):
            form, exact = found
            if form in _other_things():
                return Reading(self._drawn(exact), form, self.names[exact])
            if len(texts) == 1:
                shown = self._same_thing(exact)
        emoji = dict.fromkeys(e for e in (exact, *shown) if e in self.names)
        captions = [self._drawn(each) for each in emoji]
        if len(texts) == 1:
            dressed = [each for each in emoji if each in self.outfits][:1]
            captions += [f"{self.scene_nouns[e]} {o}" for e in dressed for o in self.outfits[e]]
        if not captions:
            return None
        first, *others = captions[:MOST_PROMPTS]
        colours = next((_colours()[each] for each in emoji if each in _colours()), ())
        return Reading(first, variants=tuple(others), colours=colours)

    def _same_thing(self, emoji: str) -> tuple[str, ...]:
        """The emoji that show the same thing as one of them: a бульдог is a пес, but no пудель."""
        row = _variants().get(self.scene_nouns.get(emoji, ""), ())
        if emoji not in row:
            return ()
        return tuple(e for e in row if _variants().get(self.scene_nouns.get(e, "")) == row)

    def _drawn(self, emoji: str) -> str:
        """The caption for which the weights draw an emoji best."""
        return self.better.get(self.names[emoji], self.names[emoji])

    def _emoji(self, phrase: str) -> tuple[str, str] | None:
        """What the lexicon has of a word or phrase, in whatever form, and its emoji."""
        phrase = plain(phrase)
        for said in self._said(phrase):
            emoji = _emoji_of().get(said, "")
            for drawn in (emoji, person(emoji)):
                if drawn in self.names:
                    return said, drawn
        return None

    def _said(self, phrase: str) -> Iterator[str]:
        """What a phrase may stand in the lexicon as, the surest first."""
        yield phrase
        if " " in phrase:
            yield _same_words(phrase)
            if phrase.count(" ") == 1:
                yield _same_words(" ".join(reversed(phrase.split())))  # мышь летучая
            return
        yield from meant(phrase)
        # A diminutive that the lexicon has is of an emoji that the weights do not draw: галочка.
        if not self._knows(phrase) and _emoji_of().keys().isdisjoint(meant(phrase)):
            yield from bases(phrase)
            for part in phrase.split("-")[:-1]:
                yield from forms(part)
                yield from bases(part)

    def _knows(self, word: str) -> bool:
        return not self.words.isdisjoint(forms(word))

    def _without_unknown_adjectives(self, prompt: str, texts: list[str]) -> str:
        """The prompt without adjectives that are not drawn, and with the nearest basic colours."""
        if not self.adjectives or not any(map(is_noun, texts)):
            return prompt
        for place, text in enumerate(texts):
            after = texts[place + 1 : place + 2]
            beside = [*texts[max(0, place - 1) : place], *after]
            of_a_noun = is_qualifier(text) and any(is_noun(t) or is_qualifier(t) for t in beside)
            of_a_noun = of_a_noun or agrees(text, "".join(after))
            if not of_a_noun or self._begins_a_name(texts[place:]):
                continue
            kept = [form for form in forms(text) if form in self.adjectives]
            near = [SHADES[form] for form in forms(text) if SHADES.get(form) in self.adjectives]
            if not kept:
                prompt = (near[0] if near else "").join(_split(prompt, text))
        return " ".join(prompt.split())

    def _begins_a_name(self, texts: list[str]) -> bool:
        """Whether an adjective and the noun after it are one thing: летучая мышь."""
        begins = len(texts) > 1 and is_noun(texts[1])
        return begins and self._emoji(" ".join(texts[:2])) is not None

    def _scene(self, prompt: str, named: list[str]) -> Reading:
        """The reading of a prompt with a known word: its subject as scenes call it."""
        if not named or not self.scene_nouns:
            return Reading(prompt)
        subject = named[0]
        before = _WORD.findall(_split(prompt, subject)[0])
        if not all(map(is_adjective, before)):
            return Reading(prompt)
        found = self._emoji(subject)
        names = [form for form in forms(subject) if form in self._scene_words]
        if not names and found and found[1] in self.scene_nouns:
            names = [self.scene_nouns[found[1]]]
        if not names:
            return Reading(prompt)
        return Reading(self._in_a_hat(_replaced(prompt, subject, names[0]), names[0]))

    def _in_a_hat(self, prompt: str, noun: str) -> str:
        """The scene with the hat that is drawn well on a head, instead of another one."""
        heads = [emoji for emoji in self.outfits if self.scene_nouns.get(emoji) == noun]
        worn = {outfit for head in heads for outfit in self.outfits[head]}
        for hat in HATS[1:]:
            if HATS[0] in worn and hat not in worn:
                prompt = HATS[0].join(_split(prompt, hat))
        return prompt

    @cached_property
    def _scene_words(self) -> frozenset[str]:
        return frozenset(self.scene_nouns.values())

    @cached_property
    def _emoji_by_name(self) -> dict[str, str]:
        names = reversed(self.names.items())
        return {" ".join(_WORD_OR_NUMBER.findall(name)): emoji for emoji, name in names}


def words_of(caption: str) -> Iterator[str]:
    """The words that a caption teaches, in dictionary forms; a single word always counts."""
    texts = _WORD.findall(caption)
    for text in texts:
        if len(texts) == 1 or says_something(text):
            yield lemma(text)


def _replaced(prompt: str, word: str, name: str) -> str:
    """The prompt with one word replaced by a name, and the adjectives before it made to agree."""
    before, after = _split(prompt, word)
    others = before.split()
    first = len(others)
    while first and is_adjective(others[first - 1]):
        first -= 1
    return " ".join([*others[:first], *agreeing(others[first:], name), name]) + after


def _split(prompt: str, word: str) -> list[str]:
    """What stands before and after the first place of a word that is no part of another."""
    return re.split(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", prompt, maxsplit=1)


def _names_a_colour(caption: str) -> bool:
    return not GIVEN.keys().isdisjoint(map(lemma, caption.split()))


def _is_said_before(word: str) -> bool:
    """Whether a word often stands before what is wished or greeted: всем, ну, поздравляю."""
    return is_first_person(word) or any(map(partial(is_one, word=word), _SAID_BEFORE))


def _links(word: str) -> bool:
    """Whether a word joins what is before it and what is after it: с, и."""
    return is_one("PREP", word) or is_one("CONJ", word)


def _participle(texts: list[str], left: list[str]) -> tuple[str, str]:
    """The first participle that was left out, with its noun, and the noun: горящий дом, дом."""
    for text, after in pairwise(texts):
        if text not in left and after in left and is_participle(text) and is_noun(after):
            noun = lemma(after)
            if noun in FACES:
                break
            return " ".join([*agreeing([plain(text)], noun), noun]), noun
    return "", ""


@cache
def _lemmas(phrase: str) -> tuple[str, ...]:
    return tuple(lemma(word) for word in phrase.split())


def _same_words(phrase: str) -> str:
    """The phrase of the lexicon that has these words in other forms; else the phrase itself."""
    alike = _phrases().get(_starts(phrase), ())
    return next((said for said in alike if _lemmas(said) == _lemmas(phrase)), phrase)


@cache
def _phrases() -> dict[tuple[str, ...], list[str]]:
    """The phrases of the lexicon, by the starts of their words."""
    found: dict[tuple[str, ...], list[str]] = {}
    for said in _emoji_of():
        found.setdefault(_starts(said), []).append(said)
    return found


def _starts(phrase: str) -> tuple[str, ...]:
    return tuple(word[:_PREFIX] for word in phrase.split())


@cache
def _emoji_of() -> dict[str, str]:
    """The lexicon's words and phrases, without ё, and the emoji of each."""
    return {plain(word): bare(emoji) for emoji, row in lexicon().items() for word in row}


@cache
def _other_things() -> frozenset[str]:
    return frozenset(map(plain, other_things()))


@cache
def _variants() -> dict[str, tuple[str, ...]]:
    """The emoji that show a word, by word, without ё."""
    return {
        plain(word): tuple(map(bare, emoji.split()))
        for words, emoji in _rows(VARIANTS)
        for word in words.split("; ")
    }


@cache
def _colours() -> dict[str, tuple[str, ...]]:
    """The colours that things have in life, by emoji."""
    return {
        bare(each): tuple(names.split("; "))
        for names, emoji in _rows(NATURAL_COLOURS)
        for each in emoji.split()
    }


@cache
def _neighbours() -> dict[str, str]:
    return {plain(word): near for word, near in _rows(NEIGHBOURS)}


def _rows(file: Path) -> list[list[str]]:
    lines = file.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("# ")]
