"""Prompts that as a whole mean an emoji: щенки, роботик, с днём рождения.

For a word that several emoji show (`variants.tsv`), and for a head that is drawn well in a hat, a
reading has several prompts, and the candidates of a request take turns: морда кошки, кошка; морда
панды, панда в шляпе.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from emojich_core.reading.colour_names import natural_colours
from emojich_core.reading.lexicon import emoji_by_phrase
from emojich_core.reading.lookup import find, names_another_thing
from emojich_core.reading.shown_as import read_shown_as
from emojich_core.reading.tables import rows
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.words import is_noun, lemma, meant_forms, plain, plurals
from emojich_core.reading.written_emoji import bare
from emojich_core.request import Reading
from emojich_core.scenes.eyes import hat_spares_eyes

VARIANTS = Path(__file__).with_name("variants.tsv")
MOST_PROMPTS = 4  # of a reading: as many as the stickers of most requests


def read_whole(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of words that together mean one emoji, or any one of several."""
    phrase = plain(" ".join(texts))
    named = vocabulary.emoji_by_name.get(phrase)
    shown = _variants().get(phrase, ())
    if len(texts) == 1 and not named and not shown:
        shown = _emoji_of_form(phrase)
    if scene := read_shown_as(vocabulary, phrase, is_of_several=bool(shown)):
        return scene
    if not named and not shown and (found := find(vocabulary, phrase)):
        named = found.emoji
        if names_another_thing(found.phrase):
            return Reading(vocabulary.caption_of(named), found.phrase, vocabulary.scene_name(named))
        if len(texts) == 1:
            shown = _emoji_of_same_thing(vocabulary, named)
    emoji = dict.fromkeys(e for e in (named, *shown) if e in vocabulary.names)
    captions = [vocabulary.caption_of(each) for each in emoji]
    if len(texts) == 1:
        head = next((each for each in emoji if each in vocabulary.outfits), "")
        if captions and hat_spares_eyes(captions[0]):
            captions += vocabulary.scenes_of(head)
    if not captions:
        return None
    first, *others = captions[:MOST_PROMPTS]
    colours = next((natural_colours()[each] for each in emoji if each in natural_colours()), ())
    return Reading(first, variants=tuple(others), colours=colours)


def read_in_turn(vocabulary: Vocabulary, emoji: Iterable[str]) -> Reading | None:
    """The reading of several emoji, each by itself: the weights draw pairs badly."""
    single, *others = list(emoji) or [""]
    if not others and (scene := read_shown_as(vocabulary, plain(vocabulary.names.get(single, "")))):
        return scene
    return take_turns(map(vocabulary.caption_of, filter(None, [single, *others])))


def take_turns(captions: Iterable[str]) -> Reading | None:
    """The reading whose candidates show the first MOST_PROMPTS of these captions in turn."""
    first, *others = [*dict.fromkeys(captions)][:MOST_PROMPTS] or [""]
    return Reading(first, variants=tuple(others)) if first else None


def read_known_noun(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a noun that captions have and no emoji is called: тыква."""
    is_known = len(texts) == 1 and is_noun(texts[0]) and vocabulary.knows(texts[0])
    return Reading(lemma(texts[0])) if is_known else None


def _emoji_of_form(word: str) -> tuple[str, ...]:
    """The emoji of `variants.tsv` for a word in another form; коньках is of коньки, not конёк.

    A word of the lexicon is no form of another one: лайка is a dog, and no лайк.
    """
    if word in emoji_by_phrase():
        return ()
    is_plural_thing = not emoji_by_phrase().keys().isdisjoint(plurals(word))
    said = plurals(word) if is_plural_thing else meant_forms(word)
    return next((_variants()[form] for form in said if form in _variants()), ())


def _emoji_of_same_thing(vocabulary: Vocabulary, emoji: str) -> tuple[str, ...]:
    """The emoji that show the same thing as one of them: a бульдог is a пес, but no пудель."""
    row = _variants().get(vocabulary.scene_nouns.get(emoji, ""), ())
    if emoji not in row:
        return ()
    return tuple(e for e in row if _variants().get(vocabulary.scene_nouns.get(e, "")) == row)


@cache
def _variants() -> dict[str, tuple[str, ...]]:
    """The emoji that show a word, by word, without ё."""
    return {
        plain(word): tuple(map(bare, emoji.split()))
        for words, emoji in rows(VARIANTS)
        for word in words.split("; ")
    }
