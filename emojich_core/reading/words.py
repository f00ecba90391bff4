"""Russian words by pymorphy3: dictionary forms, and what a diminutive is made of.

Dictionary forms are lower-case and without ё.
"""

import threading
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import pymorphy3

# Parts of speech that show nothing by themselves, and occur in captions of all subjects.
_EMPTY = {"PREP", "CONJ", "PRCL", "NPRO", "NUMR"}
# Grammemes of names: Толстая is a surname, and толстая an adjective far more often.
_NAMES = {"Surn", "Name", "Patr", "Geox", "Orgn", "Abbr"}
ADJECTIVES = {"ADJF", "ADJS", "PRTF", "PRTS"}

# The end of a diminutive, and what may stand there in the word that it is made of: роботик → робот,
# зайчонок → заяц, кукурузка → кукуруза, виноградина → виноград.
_DIMINUTIVES = (
    *(("ушек", "о"), ("ышек", "о"), ("чик", ""), ("чик", "ц"), ("чик", "к"), ("ик", "")),
    *(("очек", "ок"), ("ечек", "ек"), ("ок", ""), ("ек", ""), ("жок", "г"), ("чок", "к")),
    *(("ушка", "а"), ("ушка", ""), ("юшка", "я"), ("юшка", "ь"), ("юшка", "ья"), ("ышка", "ь")),
    *(("ышко", "о"), ("ушко", "о"), ("юшко", "е"), ("ечко", "о"), ("ечко", "е"), ("ечко", "я")),
    *(("очка", "ка"), ("очка", "а"), ("ечка", "ка"), ("ечка", "а"), ("ечка", "я"), ("ичка", "ица")),
    *(("чка", "ка"), ("шка", "ха"), ("жка", "га"), ("нька", "я"), ("ька", "я"), ("ька", "ь")),
    *(("ка", "а"), ("ка", ""), ("ка", "я"), ("инка", "а"), ("инка", ""), ("инка", "о")),
    *(("онок", ""), ("енок", ""), ("енок", "ь"), ("енок", "а"), ("чонок", "к"), ("чонок", "ц")),
    *(("ина", ""), ("ина", "а"), ("ина", "ь"), ("ища", "а"), ("ище", ""), ("ище", "о")),
    *(("онька", "а"), ("онька", "я"), ("енька", "а"), ("енька", "я"), ("ченька", "ка")),
    *(("уля", "а"), ("уля", ""), ("юля", "я"), ("уся", "а"), ("уха", "а"), ("оид", "")),
)
_STEM = 3  # letters that a word keeps at least
# One thing of a mass, of another gender than the mass: виноградина.  Of a short word the same end
# makes another word: родина, путина.
_ONE_OF = {"ина", "инка"}
_MASS = 5  # letters that the mass has at least
# Words that look like diminutives of other words than they are: парик, крышка.
_OTHER_WORDS = """
веснушка душок жарка колодка коронка крышечка крышка парик парусина порка портик поток
приставка пробка пробочка пряжечка пряжка садок сечка скалка скалочка соник спорок стрелка
стрелочка судок турок уличка фортка чугунок
"""

_loading = threading.Lock()


def plain(text: str) -> str:
    """Lower-case, without ё."""
    return text.lower().replace("ё", "е")


@cache
def parses(word: str) -> tuple[Any, ...]:
    """All readings of a word, the likeliest first, and names last."""
    found = morph().parse(word.lower())
    return tuple(sorted(found, key=lambda parse: bool(_NAMES & set(parse.tag.grammemes))))


@cache
def forms(word: str) -> tuple[str, ...]:
    """A word, and all dictionary forms that it can have, the likeliest first."""
    return tuple(dict.fromkeys((plain(word), *(plain(p.normal_form) for p in parses(word)))))


def meant(word: str) -> tuple[str, ...]:
    """The dictionary forms that a word is meant as: a noun's nominative is no other noun's case.

    чайка is also the genitive of чаёк, and стрелка that of стрелок.
    """
    itself = is_noun(word) and parses(word)[0].is_known and lemma(word) == plain(word)
    return forms(word)[: 1 if itself else None]


def lemma(word: str) -> str:
    """The likeliest dictionary form of a word."""
    return plain(parses(word)[0].normal_form)


def bases(word: str) -> Iterator[str]:
    """Nouns that a noun may be a diminutive of: some of what this yields is no word at all."""
    for form in forms(word):
        for end, other in _DIMINUTIVES:
            stem = form.removesuffix(end)
            if stem != form and len(stem) >= _STEM and _may_be_made(form, stem, end, other):
                yield stem + other


def _may_be_made(word: str, stem: str, end: str, other: str) -> bool:
    """Whether a word can be a diminutive of a noun.

    A diminutive of the dictionary has the gender of its noun, and is alive if the noun is: чайка is
    no чай, and пастушка no паста.  Words outside the dictionary are slang: помидорка.
    """
    if word in _OTHER_WORDS.split() or (end + other == "чик" and stem[-1] in "тдсз"):  # заказчик
        return False
    made = [p for p in _known_nouns(word) if plain(p.normal_form) == word]
    if not made:
        return True
    gender_is_free = end == "ище" or (end in _ONE_OF and len(stem) >= _MASS)
    return any(
        animacies(p.tag) & animacies(q.tag)
        and (gender_is_free or "anim" in animacies(p.tag) or q.tag.gender in (p.tag.gender, None))
        for p in made
        for q in _known_nouns(stem + other)
    )


def _known_nouns(word: str) -> list[Any]:
    return [p for p in parses(word) if p.is_known and p.tag.POS == "NOUN"]


def animacies(tag: Any) -> set[str]:
    """Whether a word is alive: some are either, and of those `tag.animacy` returns one at random.

    Which one depends on the seed of Python's hashes: микроб.
    """
    return {"anim", "inan"} & set(tag.grammemes)


def is_noun(word: str) -> bool:
    """Whether a word most likely is a noun."""
    return parses(word)[0].tag.POS == "NOUN"


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
    return _is_one_of(ADJECTIVES, word)


def is_qualifier(word: str) -> bool:
    """Whether a word most likely is an adjective, a participle or an adverb."""
    return _is_one_of(ADJECTIVES | {"ADVB"}, word)


def _is_one_of(parts: set[str], word: str) -> bool:
    """Whether a word most likely is such a part of speech.

    A word outside the dictionary is no short adjective, although Винни looks like one.
    """
    likeliest = parses(word)[0]
    is_sure = likeliest.is_known or likeliest.tag.POS in {"ADJF", "PRTF"}
    return is_sure and likeliest.tag.POS in parts


def says_something(word: str) -> bool:
    """Whether a word shows something by itself: в and он do not."""
    return parses(word)[0].tag.POS not in _EMPTY


def agreeing(adjectives: list[str], name: str) -> list[str]:
    """Adjectives in the nominative, with the gender and the number of a name's noun."""
    noun = next((p for p in parses(name) if p.tag.POS == "NOUN" and "nomn" in p.tag), None)
    if noun is None:
        return adjectives
    number = noun.tag.number
    wanted = {"nomn", number} | ({noun.tag.gender} if number == "sing" else set())
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
    if noun.tag.number == "sing":
        fit.add(noun.tag.gender)
    if case == "accs" and fit.isdisjoint({"femn", "neut"}):
        fit.add(min(animacies(noun.tag), default="inan"))
    others = [(adjective, parses(adjective)[0].inflect(fit)) for adjective in adjectives]
    return " ".join([*(o.word if o else a for a, o in others), found.word if found else name])


def can_be(speech: str, word: str) -> bool:
    """Whether a word of the dictionary can be a part of speech, such as INFN."""
    return any(p.is_known and speech == p.tag.POS for p in parses(word))


def is_one(speech: str, word: str) -> bool:
    """Whether a word most likely is a part of speech, such as PREP."""
    return bool(speech == parses(word)[0].tag.POS)


def is_first_person(word: str) -> bool:
    """Whether a word says what the speaker does: люблю, поздравляю."""
    return is_one("VERB", word) and "1per" in parses(word)[0].tag


def is_participle(word: str) -> bool:
    """Whether a word says what is being done: горящий, but not любимый, which is a quality."""
    return can_be("PRTF", word) and "Qual" not in parses(word)[0].tag


def is_in_dictionary(word: str) -> bool:
    """Whether the dictionary has a word, in this form."""
    return bool(morph().word_is_known(word.lower()))


def morph() -> pymorphy3.MorphAnalyzer:
    """The dictionary; loading it takes a moment."""
    with _loading:  # lest a bot that starts with many prompts load it once in each thread
        return _dictionary()


@cache
def _dictionary() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")
