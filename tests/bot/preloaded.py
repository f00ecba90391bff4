"""Imports and texts that processes of the bot and of the sandbox share: they take over a second."""

import bot.__main__
import bot.sandbox.__main__  # noqa: F401
from bot.texts import ENGLISH, RUSSIAN, texts

for language in (RUSSIAN, ENGLISH):
    texts(language)
