"""What a user does not want is left out: не красная машина, кот без шляпы."""

from emojich_core.reading.text import words_in
from emojich_core.reading.words import is_adjective, plain


def without_negated(prompt: str) -> str:
    """The prompt without «не» and its word, and without «без» and its noun.

    A prompt of which nothing else is left stays.
    """
    texts = words_in(prompt)
    kept: list[str] = []
    place = 0
    while place < len(texts):
        word = plain(texts[place])
        if word in {"не", "без"}:
            place += 1
            while word == "без" and place < len(texts) - 1 and is_adjective(texts[place]):
                place += 1
        else:
            kept.append(texts[place])
        place += 1
    return " ".join(kept) if kept and len(kept) < len(texts) else prompt
