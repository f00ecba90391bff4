"""Emoji that stand for words in a prompt become names: 🐱 в шляпе, кот с 🍕."""

from emojich_core.reading.text import words_in
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_whole
from emojich_core.reading.words import in_case, is_link, plain

# The case after a word beside which an emoji stands for a word.
_CASES = {"с": "ablt", "со": "ablt", "под": "ablt", "за": "ablt", "на": "loct", "в": "loct"}


def with_names_for_emoji(vocabulary: Vocabulary, parts: list[tuple[str, bool]]) -> str:
    """The prompt of these parts (see `written_emoji.split`), in words.

    An emoji stands for a word beside a preposition or «и»; other emoji are left out.
    """
    texts = " ".join(text for text, is_emoji in parts if not is_emoji)
    if read_whole(vocabulary, words_in(texts)):
        return texts
    said: list[str] = []
    for place, (text, is_emoji) in enumerate(parts):
        if not is_emoji:
            said.append(text)
            continue
        before = _words_in(said[-1])[-1:] if said else []
        after = _words_in(parts[place + 1][0])[:1] if parts[place + 1 :] else []
        link = before[0] if before and is_link(before[0]) else ""
        if link or (not said and any(map(is_link, after))):
            said.append(in_case(vocabulary.scene_name(text), _CASES.get(link, "nomn")))
    return " ".join(said)


def _words_in(text: str) -> list[str]:
    return words_in(plain(text.replace("+", " и ")))
