"""Styles: the bundles that workers serve, as users see them.

Where workers serve one bundle only, users see nothing of this.
"""

from collections.abc import Iterable
from hashlib import sha256

from worker.queue.bundles import ServedBundle


def served_as(served: list[ServedBundle], name: str) -> ServedBundle | None:
    """The bundle of a name, or the default if that is not served; None where nothing is."""
    return next((each for each in served if each.name == name), next(iter(served), None))


def code_of(name: str) -> str:
    """What stands for a bundle in a button, which has no room for every name."""
    return sha256(name.encode()).hexdigest()[:8]


def named(names: Iterable[str], code: str) -> str | None:
    """The one of these bundles for which a code stands."""
    return next((name for name in names if code_of(name) == code), None)


def others(served: list[ServedBundle], model: str, language: str) -> dict[str, str]:
    """The bundles but for one, and what users read of them; "" is the default."""
    left_out = model or (served[0].name if served else "")
    return {each.name: each.label(language) for each in served if each.name != left_out}
