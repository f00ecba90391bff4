"""Reads environment variables, secrets and the data folder; prints the "ready" line.

Shared by the processes of bot, worker and run.py.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from reprlib import repr as short

from emojich_core.errors import SetupError, shown

PREFIX = "EMOJICH_"
VARIABLES = {  # without PREFIX
    *("ADMINS", "ALLOWED_USERS", "BLOCKED_WORDS", "BOT_METRICS", "MAX_ACTIVE", "MAX_PER_DAY"),
    *("MAX_PER_MINUTE", "MAX_QUEUE"),  # of the bot
    *("BEST_OF", "DEVICE", "MODEL", "PRECISION", "REQUESTS", "SLOTS", "WORKER_METRICS"),
    *("DATA", "LOG", "MODELS", "REPOS"),
    *("MEMORY", "METRICS_PUBLISH"),  # of docker-compose.yml
    *("ENGINE_SOCKET", "SANDBOX_TOKEN", "SERVES"),  # which Emojich's processes set for each other
}
MAX_SECRET = 4096  # bytes of a file with a secret; a larger file is probably a mistake


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable with PREFIX that no part of Emojich reads."""
    sentences = []
    for name in sorted(name for name in environment if name.startswith(PREFIX)):
        if (end := name.removeprefix(PREFIX)) not in VARIABLES:
            near = get_close_matches(end, VARIABLES, 1)
            fix = f"did you mean {PREFIX}{near[0]}?" if near else "see docs/configuration.md."
            sentences.append(f"Emojich does not read {shown(name)}: {fix}")
    return sentences


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


def secret(environment: Mapping[str, str], name: str) -> str:
    """The secret that a variable holds, or the file that `<name>_FILE` names; "" without either.

    Docker provides its secrets as files.  Raises SetupError, which never quotes the secret.
    """
    value, file = environment.get(name, "").strip(), environment.get(f"{name}_FILE", "").strip()
    if not file:
        return value
    if value:
        raise SetupError(f"{name} and {name}_FILE are both set: unset one of the two.")
    text = _read_small(f"{name}_FILE", file).strip()
    if not text:
        raise SetupError(f"{name}_FILE: {shown(file)} is empty: write the secret into it.")
    if not text.isprintable():
        raise SetupError(
            f"{name}_FILE: {shown(file)} holds more than one line, or signs that cannot be seen: "
            "write the secret alone into it."
        )
    return text


def _read_small(name: str, file: str) -> str:
    """The text of a file of at most MAX_SECRET bytes.  Raises SetupError."""
    data = readable_file(name, file, MAX_SECRET + 1)
    if len(data) > MAX_SECRET:
        raise SetupError(
            f"{name}: {shown(file)} has more than {MAX_SECRET} bytes: name a file with the secret "
            "alone."
        )
    try:
        return data.decode("utf-8-sig")  # editors of Windows put a mark before the text
    except UnicodeDecodeError:
        raise SetupError(f"{name}: {shown(file)} is not UTF-8: write the secret again.") from None


def readable_file(name: str, file: str, most: int = 1) -> bytes:
    """The first bytes of the file that a variable names.  Raises SetupError."""
    try:
        with open(file, "rb") as opened:
            return opened.read(most)
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        why = error.strerror if isinstance(error, OSError) else "it is no file name"
        raise SetupError(
            f"{name}: {shown(file)} cannot be read ({why}): correct {name}, or let this user read "
            "the file."
        ) from None


def data_folder() -> Path:
    """The folder of all that Emojich stores: EMOJICH_DATA, or `.data` in the working directory.

    Raises SetupError.
    """
    with setup_errors():
        return Path(os.path.realpath(os.environ.get("EMOJICH_DATA") or ".data"))


@contextmanager
def setup_errors(variable: str = "EMOJICH_DATA") -> Iterator[None]:
    """Turn an error while writing to the folder of a variable into a SetupError with the cause."""
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"{shown(error.filename)} cannot be written ({error.strerror}): "
            f"make it yours, or set {variable} to another folder."
        ) from error
    except ValueError as error:  # a NUL in its name, or half a character
        raise SetupError(f"{variable} cannot be a folder's name: set it to another one.") from error


def announce(line: str) -> None:
    """Print a line for the parent process; drop all further output if the parent has ended."""
    try:
        print(line, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
