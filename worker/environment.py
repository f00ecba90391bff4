"""Numbers that the environment gives, checked."""

from collections.abc import Mapping

from worker.errors import SetupError


def number(environment: Mapping[str, str], name: str, most: int) -> int | None:
    """The number, 1 to `most`, that a variable holds; None where it is unset or empty.

    Raises SetupError for anything else.
    """
    text = environment.get(name, "").strip()
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise SetupError(f"{name} is {text!r}: set a number from 1 to {most}, or leave it unset.")
    return int(text)
