"""Imports and texts that all processes of the bot share, since loading them takes over a second."""

import bot.__main__  # noqa: F401
from bot.texts import ENGLISH, RUSSIAN, texts

for language in (RUSSIAN, ENGLISH):
    texts(language)
