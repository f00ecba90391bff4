"""Which messages are a user's own words.

A forwarded message has another author, and one that was sent via a bot was written by that bot.
Both may be prompts, but they give no commands and answer no questions.
"""

from telegram.ext import filters

OWN_WORDS = ~filters.FORWARDED & ~filters.VIA_BOT

PRIVATE = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
PRIVATE_WORDS = PRIVATE & OWN_WORDS
GROUP_WORDS = filters.ChatType.GROUPS & filters.UpdateType.MESSAGE & OWN_WORDS
