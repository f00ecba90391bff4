"""Takes the end of a word off, to make another word of its stem."""

from collections.abc import Iterable, Iterator


def stems(
    word: str, ends: Iterable[tuple[str, str]], shortest: int
) -> Iterator[tuple[str, str, str]]:
    """The stems of a word, of `shortest` letters at least, by pairs of an end and another one.

    Yields the stem, the end that the word has, and the one that it may have instead.
    """
    for end, other in ends:
        stem = word.removesuffix(end)
        if stem != word and len(stem) >= shortest:
            yield stem, end, other
