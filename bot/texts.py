"""The bot's texts: a catalogue for each language in `locales/`, in Fluent's syntax.

Fluent (https://projectfluent.org) keeps the plural forms of a language in the text itself, and
needs no compiled files.
"""

import logging
from functools import cache
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource
from telegram.constants import StickerLimit

from bot.requests.limits import HISTORY
from emojich_core.image_file import MAX_BYTES, MAX_PIXELS
from emojich_core.request import MAX_PROMPT_LENGTH

RUSSIAN, ENGLISH = "ru", "en"
LOCALES = Path(__file__).with_name("locales")

# Languages whose speakers mostly read Russian better than English.
_READERS_OF_RUSSIAN = frozenset({"ru", "be", "kk", "ky", "tg", "uk", "uz"})

_SHORT = 40  # characters

# The model reads Russian only, so the examples are Russian in every language.
EXAMPLES = ("кот в шляпе", "горящее сердце", "панда в короне")

COMMON: dict[str, str | int] = {  # values that every message may use
    "max-length": MAX_PROMPT_LENGTH,
    "history": HISTORY,
    "max-megabytes": MAX_BYTES // 10**6,
    "max-megapixels": MAX_PIXELS // 10**6,
    "max-title": StickerLimit.MAX_NAME_AND_TITLE,
}

log = logging.getLogger(__name__)


class Texts:
    """The sentences in one language.

    >>> words = texts("ru")
    >>> words("finished", count=4)
    'Готово, 4 стикера! Нажмите на номер — и стикер окажется в вашем наборе.'
    """

    def __init__(self, language: str):
        self.language = language
        # Fluent's isolation marks around values would end up in links.
        self._bundle = FluentBundle([language], use_isolating=False)
        catalogue = (LOCALES / f"{language}.ftl").read_text(encoding="utf-8")
        self._bundle.add_resource(FluentResource(catalogue))

    def __call__(self, message_id: str, **values: str | int) -> str:
        """The text of a message, with these values filled in."""
        message = self._bundle.get_message(message_id)
        assert message.value is not None, "the catalogue has no messages without a text"
        text, errors = self._bundle.format_pattern(message.value, COMMON | values)
        if errors:  # a value is missing: the user gets the rest of the sentence
            log.error("text %s: %s", message_id, errors)
        return str(text)


@cache
def texts(language: str) -> Texts:
    """The sentences in a language that `language_for` has chosen."""
    return Texts(language)


def language_for(language_code: str | None) -> str:
    """The bot's language for a user whose Telegram uses `language_code` (an IETF tag)."""
    if language_code is None:
        return RUSSIAN
    return RUSSIAN if language_code.lower().split("-")[0] in _READERS_OF_RUSSIAN else ENGLISH


def shortened(prompt: str) -> str:
    """A prompt, cut to `_SHORT` characters, for lists and buttons."""
    return prompt if len(prompt) <= _SHORT else f"{prompt[: _SHORT - 1]}…"
