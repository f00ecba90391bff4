"""Encodes a prompt so that it fits into a link to the bot, or into a button.

A link's parameter has at most 64 characters (https://core.telegram.org/bots/features#deep-linking),
and the callback data of a button at most 64 bytes.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from emojich_core.request import InvalidRequest, clean_prompt

MAX_LENGTH = 57  # characters: callback data has 64 bytes, of which «1:draw:» takes 7

_LETTERS = "cp1251"  # one byte each, where UTF-8 takes two
_DRAW = "draw"
_PARAMETER = re.compile(rf"{_DRAW}-([A-Za-z0-9_-]+)")


def encode(prompt: str) -> str | None:
    """A prompt as a code; None when it cannot be drawn, is too long or has rare characters."""
    try:
        letters = clean_prompt(prompt).encode(_LETTERS)
    except (InvalidRequest, UnicodeEncodeError):
        return None
    code = urlsafe_b64encode(letters).decode().rstrip("=")
    return code if len(code) <= MAX_LENGTH else None


def decode(code: str) -> str | None:
    """The prompt of a code; None when the code is invalid: anybody may have written it."""
    try:
        return clean_prompt(urlsafe_b64decode(code + "=" * (-len(code) % 4)).decode(_LETTERS))
    except ValueError:  # InvalidRequest is a ValueError, too
        return None


def start_parameter(prompt: str) -> str:
    """The parameter of /start in a link that draws this prompt; without the prompt if too long."""
    code = encode(prompt)
    return f"{_DRAW}-{code}" if code else _DRAW


def prompt_of_start(parameter: str) -> str | None:
    """The prompt in a parameter of /start, if it has one."""
    match = _PARAMETER.fullmatch(parameter)
    return decode(match[1]) if match else None
