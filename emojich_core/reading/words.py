"""Russian words by pymorphy3: dictionary forms, parts of speech, agreement.

Dictionary forms are lower-case and without ё.
"""

import threading
from functools import cache
from itertools import pairwise
from typing import Any

import pymorphy3

from emojich_core.reading.degrees import plain_degrees

# Function words, which show nothing by themselves, and occur in captions of all subjects.
_FUNCTION_WORDS = {"PREP", "CONJ", "PRCL", "NPRO", "NUMR"}
# Grammemes of names: Толстая is a surname, and толстая an adjective far more often.
_NAMES = {"Surn", "Name", "Patr", "Geox", "Orgn", "Abbr"}
ADJECTIVES = {"ADJF", "ADJS", "PRTF", "PRTS"}

_loading = threading.Lock()


def plain(text: str) -> str:
    """Lower-case, without ё."""
    return text.lower().replace("ё", "е")


@cache
def parses(word: str) -> tuple[Any, ...]:
    """All analyses of a word by pymorphy3, the likeliest first, and names last."""
    found = morph().parse(word.lower())
    return tuple(sorted(found, key=lambda parse: bool(_NAMES & set(parse.tag.grammemes))))


@cache
def forms(word: str) -> tuple[str, ...]:
    """A word, and all dictionary forms that it can have, the likeliest first.

    The last ones are adjectives of which it says more or less: злющая, злющий, злой.
    """
    found = (plain(word), *(plain(p.normal_form) for p in parses(word)))
    adjectives = {plain(p.normal_form) for p in parses(word) if p.tag.POS in {"ADJF", "ADJS"}}
    degrees = (plain_degree for each in sorted(adjectives) for plain_degree in plain_degrees(each))
    return tuple(dict.fromkeys((*found, *filter(_is_adjective_of_dictionary, degrees))))


def lexeme(word: str) -> tuple[str, ...]:
    """All forms of a word, by its likeliest analysis."""
    return tuple(form.word for form in parses(word)[0].lexeme)


def _is_adjective_of_dictionary(word: str) -> bool:
    return any(
        p.is_known and p.tag.POS == "ADJF" and plain(p.normal_form) == word for p in parses(word)
    )


def meant_forms(word: str) -> tuple[str, ...]:
    """The dictionary forms that a user may mean by a word.

    A noun in the nominative means itself, although it may look like another noun's case: чайка is
    also the genitive of чаёк, and стрелка that of стрелок.
    """
    is_nominative = is_noun(word) and parses(word)[0].is_known and lemma(word) == plain(word)
    return forms(word)[: 1 if is_nominative else None]


def lemma(word: str) -> str:
    """The likeliest dictionary form of a word."""
    return plain(parses(word)[0].normal_form)


def animacies(tag: Any) -> set[str]:
    """The animacies of a word, one or both: микроб has both.

    Of both, `tag.animacy` would return the one that the seed of Python's hashes puts first.
    """
    return {"anim", "inan"} & set(tag.grammemes)


def nominative(word: str) -> str:
    """The likeliest nominative of a noun, in its own number: деньгами → деньги; кота → кот."""
    noun = parses(word)[0].inflect({"nomn"})
    return plain(noun.word) if noun else lemma(word)


def plurals(word: str) -> tuple[str, ...]:
    """The nominative plurals of which a word can be a form: тапках → тапки; none of a singular."""
    nouns = (p for p in parses(word) if p.is_known and p.tag.POS == "NOUN" and "plur" in p.tag)
    nominatives = (p.inflect({"nomn", "plur"}) for p in nouns)
    return tuple(dict.fromkeys(plain(p.word) for p in nominatives if p))


def is_noun(word: str) -> bool:
    """Whether a word most likely is a noun.

    A word outside the dictionary is no short adjective, although кукурузка looks like one.
    """
    likely = (p.tag.POS for p in parses(word) if p.is_known or p.tag.POS != "ADJS")
    return next(likely, None) == "NOUN"


def nouns(texts: list[str]) -> list[str]:
    """Those of the words that most likely are nouns where they stand."""
    return [t for t, after in pairwise([*texts, ""]) if is_noun(t) and not agrees(t, after)]


def agrees(word: str, noun: str) -> bool:
    """Whether a word can be the adjective of the noun after it: мёртвый of мёртвый кот."""
    adjectives = [p.tag for p in parses(word) if p.tag.POS in {"ADJF", "PRTF"}]
    if not adjectives or not noun or not is_noun(noun):
        return False
    return any(
        (tag.case, tag.number) == (p.tag.case, p.tag.number)
        and tag.gender in (p.tag.gender, None)
        and (not animacies(tag) or animacies(tag) & animacies(p.tag))
        for tag in adjectives
        for p in parses(noun)
        if p.tag.POS == "NOUN"
    )


def is_adjective(word: str) -> bool:
    """Whether a word most likely is an adjective or a participle."""
    return _is_likely_one_of(ADJECTIVES, word)


def is_qualifier(word: str) -> bool:
    """Whether a word most likely is an adjective, a participle or an adverb."""
    return _is_likely_one_of(ADJECTIVES | {"ADVB"}, word)


def _is_likely_one_of(parts: set[str], word: str) -> bool:
    """Whether a word most likely is one of these parts of speech.

    A word outside the dictionary is no short adjective, although Винни looks like one.
    """
    likeliest = parses(word)[0]
    is_sure = likeliest.is_known or likeliest.tag.POS in {"ADJF", "PRTF"}
    return is_sure and likeliest.tag.POS in parts


def says_something(word: str) -> bool:
    """Whether a word shows something by itself: в and он do not."""
    return parses(word)[0].tag.POS not in _FUNCTION_WORDS


def agreeing(adjectives: list[str], name: str) -> list[str]:
    """Adjectives in the nominative, with the gender and the number of a name's noun."""
    noun = next((p for p in parses(name) if p.tag.POS == "NOUN" and "nomn" in p.tag), None)
    if noun is None:
        return adjectives
    wanted = {"nomn", noun.tag.number, *_gender(noun)}
    inflected = [parses(adjective)[0].inflect(wanted) for adjective in adjectives]
    return [i.word if i else a for i, a in zip(inflected, adjectives, strict=True)]


def in_case(phrase: str, case: str) -> str:
    """A noun in the nominative and the adjectives before it in another case; other texts as is."""
    *adjectives, name = phrase.split()
    noun = next((p for p in parses(name) if p.tag.POS == "NOUN" and "nomn" in p.tag), None)
    if noun is None or not all(map(is_adjective, adjectives)):
        return phrase
    fit = {case, noun.tag.number}
    found = noun.inflect(fit)
    fit |= _gender(noun)
    if case == "accs" and fit.isdisjoint({"femn", "neut"}):
        fit.add(min(animacies(noun.tag), default="inan"))
    others = [(adjective, parses(adjective)[0].inflect(fit)) for adjective in adjectives]
    return " ".join([*(o.word if o else a for a, o in others), found.word if found else name])


def _gender(noun: Any) -> set[str]:
    """The gender that adjectives of a noun have: none for a plural, or a торопыга of either sex."""
    is_plural = noun.tag.number == "plur"
    return set() if is_plural or noun.tag.gender is None else {noun.tag.gender}


def can_be(part: str, word: str) -> bool:
    """Whether a word of the dictionary can be a part of speech, such as INFN."""
    return any(p.is_known and part == p.tag.POS for p in parses(word))


def is_likely(part: str, word: str) -> bool:
    """Whether a word most likely is a part of speech, such as PREP."""
    return bool(part == parses(word)[0].tag.POS)


def is_link(word: str) -> bool:
    """Whether a word joins the words before it and after it: с, и."""
    return is_likely("PREP", word) or is_likely("CONJ", word)


def is_first_person(word: str) -> bool:
    """Whether a word says what the speaker does: люблю, поздравляю."""
    return is_likely("VERB", word) and "1per" in parses(word)[0].tag


def is_pronoun(word: str) -> bool:
    """Whether a word most likely is a pronoun, or an adjective of one: она, какая."""
    return not {"NPRO", "Apro"}.isdisjoint(parses(word)[0].tag.grammemes)


def is_locative(word: str) -> bool:
    """Whether a noun can say where something is: лесу of в лесу, but not футбол of в футбол."""
    return any({"loct", "loc2"} & set(p.tag.grammemes) for p in parses(word))


def verb_of_participle(word: str) -> str:
    """What somebody does who is called by an active participle: читающая → читает; else ""."""
    active = (p for p in parses(word) if {"PRTF", "actv", "pres"} <= set(p.tag.grammemes))
    verbs = (p.inflect({"VERB", "3per", "sing", "pres"}) for p in active)
    return next((plain(verb.word) for verb in verbs if verb), "")


def is_participle(word: str) -> bool:
    """Whether a word says what a thing does: горящий, but not любимый, which is a quality."""
    return can_be("PRTF", word) and "Qual" not in parses(word)[0].tag


def is_in_dictionary(word: str) -> bool:
    """Whether the dictionary has a word, in this form."""
    return bool(morph().word_is_known(word.lower()))


def morph() -> pymorphy3.MorphAnalyzer:
    """The dictionary; loading it takes a moment."""
    with _loading:  # else a bot that starts with many prompts loads it in several threads
        return _dictionary()


@cache
def _dictionary() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")
