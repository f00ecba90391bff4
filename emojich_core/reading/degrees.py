"""Adjectives that say more or less of a quality: злющий → злой, грустненький → грустный."""

from collections.abc import Iterator

from emojich_core.reading.word_ends import stems

# The ends of such adjectives, and the ends that the plain adjective may have instead.
_PLAIN = ("ый", "ой", "ий")
_DEGREES = {
    "енький": (*_PLAIN, "кий"),  # беленький, синенький, сладенький
    "онький": (*_PLAIN, "кий"),  # легонький
    "енный": (*_PLAIN, "кий"),  # толстенный, высоченный
    "ющий": _PLAIN,  # злющий
    "ущий": _PLAIN,  # толстущий
    "еватый": _PLAIN,  # синеватый
    "оватый": _PLAIN,  # грустноватый
}
_ENDS = [(end, other) for end, others in _DEGREES.items() for other in others]
_STEM = 2  # letters before the end, at least: злющий


def plain_degrees(adjective: str) -> Iterator[str]:
    """The plain adjectives of an adjective, злющий: злый, злой, злий; some are no words at all."""
    for stem, _, other in stems(adjective, _ENDS, _STEM):
        yield stem + other
