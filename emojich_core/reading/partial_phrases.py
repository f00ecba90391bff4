"""Prompts of which a part means an emoji, and the rest shows nothing: привет, мама; печь пирог."""

from itertools import dropwhile

from emojich_core.reading.lookup import find, is_said
from emojich_core.reading.negations import is_degree
from emojich_core.reading.text import words_and_numbers_in
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_in_turn, read_whole
from emojich_core.reading.words import (
    agrees,
    can_be,
    is_first_person,
    is_likely,
    is_link,
    lemma,
    nouns,
    plain,
    verb_of_participle,
)
from emojich_core.request import Reading

_OPENING = {"как", "чтобы", "чтоб", "пусть", "где", "когда", "то", "типа", "будто", "там"}
_FILLERS = {"чтобы", "чтоб", "он", "она", "оно", "они", "типа", "короче", "просто", "будто"}
_WISH = 3  # words that a wish has at most: я хочу чтобы
_WHICH = {"который", "где", "чтобы", "чтоб"}
_BESIDE_GREETINGS = ("NPRO", "PRCL", "INTJ", "ADVB", "CONJ")  # parts of speech


def read_clauses(vocabulary: Vocabulary, prompt: str) -> Reading | None:
    """The reading of things with commas between, else of the first clause: привет, мама."""
    clauses = [words_and_numbers_in(clause) for clause in prompt.split(",")]
    if len(clauses) < 2 or any(map(_continues_scene, clauses[1:])):
        return None
    found = [find(vocabulary, " ".join(clause)) for clause in clauses]
    emoji = [each.emoji for each in found if each and each.emoji in vocabulary.scene_nouns]
    if len(emoji) == len(clauses):
        return read_in_turn(vocabulary, emoji)
    return read_whole(vocabulary, clauses[0])


def _continues_scene(clause: list[str]) -> bool:
    """Whether a clause says more of the things before it: на диване; которая говорит."""
    if not clause:
        return False
    first = clause[0]
    return is_likely("PREP", first) or lemma(first) in _WHICH or bool(verb_of_participle(first))


def read_in_one_word(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a word that was typed with a space: мед сестра, вело сипед."""
    word = "".join(texts)
    return read_whole(vocabulary, [word]) if len(texts) == 2 and is_said(word) else None


def read_greeting(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a greeting, or another known phrase, beside words that show nothing."""
    return (
        _read_beginning(vocabulary, texts)
        or _read_wish(vocabulary, texts)
        or _read_end(vocabulary, texts)
        or _read_verb(vocabulary, texts)
    )


def _read_beginning(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a phrase before other words: спокойной ночи, мама."""
    for length in range(len(texts) - 1, 1, -1):
        rest = texts[length:]
        if any(is_link(word) or is_likely("VERB", word) for word in rest):
            break
        last = texts[length - 1]
        is_action = is_likely("VERB", last) or verb_of_participle(last)  # кот целует рыбку
        is_of_rest = is_action or agrees(last, rest[0]) or is_degree(last, rest[0])
        reading = None if is_of_rest else read_whole(vocabulary, texts[:length])
        if reading:
            return reading
    return None


def _read_wish(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a wish after other words: мама с днём рождения."""
    wishes = (texts[n:] for n in range(1, len(texts) - 1) if plain(texts[n]) in ("с", "со"))
    return next(filter(None, (read_whole(vocabulary, wish) for wish in wishes)), None)


def _read_end(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a greeting after words that often stand beside one: всем привет."""
    for start in range(1, len(texts)):
        if not _stands_beside_greetings(texts[start - 1]):
            break
        greeting = texts[start:]
        if _stands_beside_greetings(greeting[0]) and not is_said(" ".join(greeting)):
            continue  # уже is no уж
        if reading := read_whole(vocabulary, greeting):
            return reading
    return None


def _read_verb(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a verb before words that often stand beside a greeting: скучаю очень."""
    if len(texts) < 2 or not all(map(_stands_beside_greetings, texts[1:])):
        return None
    says_what_is_done = any(is_likely(part, texts[0]) for part in ("VERB", "ADJS", "PRTS"))
    return read_whole(vocabulary, texts[:1]) if says_what_is_done else None


def _stands_beside_greetings(word: str) -> bool:
    """Whether a word often stands beside a greeting or a wish: всем, ну, поздравляю, очень."""
    return is_first_person(word) or any(is_likely(part, word) for part in _BESIDE_GREETINGS)


def without_opening(prompt: str) -> str:
    """The prompt without a conjunction before all of it, and without words that fill it.

    как кот летит; кот чтобы он летал.
    """
    words = words_and_numbers_in(prompt)
    wish = next((n for n, word in enumerate(words[:_WISH]) if plain(word) in ("чтоб", "чтобы")), -1)
    words = words[wish + 1 :]  # я хочу чтобы кот летел
    kept = [*dropwhile(lambda word: plain(word) in _OPENING, words)]
    kept = [word for word in kept if plain(word) not in _FILLERS]
    is_shorter = kept and len(kept) < len(words_and_numbers_in(prompt))
    return " ".join(kept) if is_shorter else prompt


def object_of_infinitive(texts: list[str]) -> str:
    """What an infinitive at the beginning does something to: пирог of печь пирог; else "".

    A single noun is returned in its dictionary form.
    """
    rest = texts[1:]
    if not rest or not can_be("INFN", texts[0]):
        return ""
    if is_likely("PREP", rest[0]):
        rest = rest[1:]
    if len(rest) == 1:
        rest = [lemma(rest[0])]
    return " ".join(rest) if nouns(rest) else ""
