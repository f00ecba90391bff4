"""Styles: the bundles that workers serve, as users choose them.

Users see styles only where workers serve several bundles.
"""

from collections.abc import Iterable
from hashlib import sha256

from worker.queue.bundles import ServedBundle


def served_or_default(served: list[ServedBundle], name: str) -> ServedBundle | None:
    """The served bundle with this name, else the default; None if no bundle is served."""
    return next((each for each in served if each.name == name), next(iter(served), None))


def code_of(name: str) -> str:
    """A short code for a bundle's name, which may be too long for callback data."""
    return sha256(name.encode()).hexdigest()[:8]


def bundle_of(names: Iterable[str], code: str) -> str | None:
    """The name among `names` that has this code; None if none has."""
    return next((name for name in names if code_of(name) == code), None)


def other_styles(served: list[ServedBundle], model: str, language: str) -> dict[str, str]:
    """All served bundles except `model` ("": the default), by name, with their labels."""
    left_out = model or (served[0].name if served else "")
    return {each.name: each.label(language) for each in served if each.name != left_out}
