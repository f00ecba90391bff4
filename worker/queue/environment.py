"""Shared by the processes of bot, worker and run.py: settings, data folder, "ready" line."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from reprlib import repr as short

from emojich_core.errors import SetupError, shown


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


def data_folder() -> Path:
    """The folder of all that Emojich stores: EMOJICH_DATA, or `.data` in the working directory.

    Raises SetupError.
    """
    with writing():
        return Path(os.path.realpath(os.environ.get("EMOJICH_DATA") or ".data"))


@contextmanager
def writing() -> Iterator[None]:
    """Turn an error while writing to the data folder into a SetupError with file and cause."""
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"{shown(error.filename)} cannot be written ({error.strerror}): "
            "make it yours, or set EMOJICH_DATA to another folder."
        ) from error
    except ValueError as error:  # a NUL in its name, or half a character
        raise SetupError(
            "EMOJICH_DATA cannot be a folder's name: set it to another one."
        ) from error


def announce(line: str) -> None:
    """Print a line for the program that started this one; drop all output if it has gone."""
    try:
        print(line, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
