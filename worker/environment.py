"""Numbers that the environment gives, checked."""

from collections.abc import Mapping
from reprlib import repr as short

from worker.errors import SetupError


def number(environment: Mapping[str, str], name: str, most: int) -> int | None:
    """The number, 1 to `most`, that a variable holds; None where it is unset or empty.

    Raises SetupError for anything else.
    """
    text = environment.get(name, "").strip()
    if not text:
        return None
    if not is_number(text, most):
        raise SetupError(
            f"{name} is {short(text)}: set a number from 1 to {most}, or leave it unset."
        )
    return int(text)


def is_number(text: str, most: int) -> bool:
    """Whether a text is a number from 1 to `most`, written in plain digits."""
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    return digits and 1 <= int(text) <= most
