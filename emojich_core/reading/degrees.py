"""Adjectives that say more or less of a quality: злющий → злой, грустненький → грустный."""

from collections.abc import Iterator

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
_STEM = 2  # letters before the end, at least: злющий


def plain_degrees(adjective: str) -> Iterator[str]:
    """The plain adjectives of an adjective, злющий: злый, злой, злий; some are no words at all."""
    for end, others in _DEGREES.items():
        stem = adjective.removesuffix(end)
        if stem != adjective and len(stem) >= _STEM:
            yield from (stem + other for other in others)
