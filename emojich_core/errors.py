"""Errors that an operator reads.  No torch here: the bot and the command line import this."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class BundleError(Exception):
    """A bundle cannot be used; the message is one sentence that names the file and the fix."""


class SetupError(Exception):
    """Emojich cannot run as it is set up.

    The message is one line that names the fix; it never holds a token or a password.  Entry points
    print it (see `exit_on`).
    """


@contextmanager
def exit_on(*kinds: type[Exception]) -> Iterator[None]:
    """Exit with 1 on errors of these kinds, and print their message as `emojich: …` on stderr."""
    try:
        yield
    except kinds as error:
        sys.exit(f"emojich: {error}")


def shown(value: object, most: int = 100) -> str:
    """A value for a message: on one line, without its middle if longer than `most` characters."""
    text = str(value)
    if len(text) > most:
        text = f"{text[: most // 2]}...{text[-most // 2 :]}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
