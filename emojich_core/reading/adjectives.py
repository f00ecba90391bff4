"""Adjectives that the weights cannot draw are left out: страшный череп → череп."""

from collections.abc import Collection
from itertools import pairwise

from emojich_core.reading.colour_names import SHADES
from emojich_core.reading.faces import FACES
from emojich_core.reading.lookup import find
from emojich_core.reading.text import split_at, words_in
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.words import (
    agreeing,
    agrees,
    forms,
    is_noun,
    is_participle,
    is_qualifier,
    lemma,
    plain,
    verb_of_participle,
)

# Qualities that would change all of a picture: the bot tells the user that they are left out.
_VISIBLE_QUALITIES = {
    *("радужный", "прозрачный", "полосатый", "мультяшный", "клетчатый", "пятнистый", "двухголовый"),
    *("деревянный", "стеклянный", "металлический", "железный", "вязаный", "неоновый", "крылатый"),
    *("акварельный", "реалистичный", "каменный", "ледяной", "трехголовый", "трехглавый"),
    *("мускулистый", "накачанный", "лысый", "бородатый", "кудрявый", "лохматый", "чернобелый"),
}


def without_unknown_adjectives(
    vocabulary: Vocabulary, prompt: str, texts: list[str], kept: Collection[str] = ()
) -> str:
    """The prompt without adjectives that are not drawn, and with basic colours for their shades.

    `texts` has the words of the prompt; those in `kept` stay.
    """
    if not vocabulary.adjectives or not any(map(is_noun, texts)):
        return prompt
    for place, text in enumerate(texts):
        after = texts[place + 1 : place + 2]
        beside = [*texts[max(0, place - 1) : place], *after]
        of_a_noun = is_qualifier(text) and any(is_noun(t) or is_qualifier(t) for t in beside)
        of_a_noun = of_a_noun or agrees(text, "".join(after))
        if text in kept or not of_a_noun or _begins_a_name(vocabulary, texts[place:]):
            continue
        if not vocabulary.adjectives.isdisjoint(forms(text)):
            continue
        basic = (SHADES.get(form, "") for form in forms(text))
        colour = next((each for each in basic if each in vocabulary.adjectives), "")
        prompt = colour.join(split_at(prompt, text))
    return " ".join(prompt.split())


def with_verbs_for_participles(prompt: str) -> str:
    """The prompt with a verb for an active participle after its noun: сова, читающая книгу."""
    texts = words_in(prompt)
    for before, text in pairwise(texts[:-1]):
        if is_noun(before) and (verb := verb_of_participle(text)):
            prompt = verb.join(split_at(prompt, text))
    return prompt


def _begins_a_name(vocabulary: Vocabulary, texts: list[str]) -> bool:
    """Whether an adjective and the noun after it are one thing: летучая мышь."""
    begins = len(texts) > 1 and is_noun(texts[1])
    return begins and find(vocabulary, " ".join(texts[:2])) is not None


def quality_left_out(texts: list[str], left: list[str]) -> tuple[str, str]:
    """The first visible quality of `texts` that is not in `left`, with its noun, and the noun.

    A participle is one, too: горящий дом, дом.  Two empty strings if there is none, or if its noun
    is a face.
    """
    for text, after in pairwise(texts):
        is_seen = is_participle(text) or lemma(text) in _VISIBLE_QUALITIES
        if text not in left and after in left and is_seen and is_noun(after):
            noun = lemma(after)
            if noun in FACES:
                break
            return " ".join([*agreeing([plain(text)], noun), noun]), noun
    return "", ""
