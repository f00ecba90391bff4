"""What a user does not want is left out: не красная машина, не очень злой ёж, кот не в шляпе."""

from emojich_core.reading.text import words_in
from emojich_core.reading.words import can_be, is_adjective, is_likely, plain


def without_negated(prompt: str) -> str:
    """The prompt without «не» and its word, and without «без» and its noun.

    Of an adverb before an adjective, and of a preposition, the word after it is left out, too.
    A prompt of which nothing else is left stays.
    """
    texts = words_in(prompt)
    kept: list[str] = []
    place = 0
    while place < len(texts):
        word = plain(texts[place])
        if word in {"не", "без"}:
            place += 1
            is_of_noun = word == "без"
            if word == "не" and place < len(texts) - 1:
                is_of_noun = is_likely("PREP", texts[place])
                place += is_of_noun or is_degree(texts[place], texts[place + 1])
            while is_of_noun and place < len(texts) - 1 and is_adjective(texts[place]):
                place += 1
        else:
            kept.append(texts[place])
        place += 1
    return " ".join(kept) if kept and len(kept) < len(texts) else prompt


def is_degree(word: str, after: str) -> bool:
    """Whether a word says to which degree the adjective after it is meant: очень злой."""
    return is_likely("ADVB", word) and (is_adjective(after) or can_be("ADJS", after))
