"""What the bot's processes share: its imports and texts, which take more than a second."""

import bot.__main__  # noqa: F401
from bot.texts import ENGLISH, RUSSIAN, texts

for language in (RUSSIAN, ENGLISH):
    texts(language)
