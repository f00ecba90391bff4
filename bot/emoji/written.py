"""Emoji that stand in a text."""

import re

from telegram.constants import StickerLimit

# One emoji as Telegram counts them: a pictograph with its skin tone or variation selector, joined
# to more of them by zero-width joiners (👩‍🚀), a flag of two regional indicators (🇫🇷), or a keycap.
_PICTOGRAPH = (
    "[\u231a-\u23ff\u25fd\u25fe\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001f0ff"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?"
)
_EMOJI = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_PICTOGRAPH}(?:\u200d{_PICTOGRAPH})*"
)


def written_emoji(text: str) -> list[str]:
    """The emoji in a text, each once, and no more than a sticker may have."""
    return list(dict.fromkeys(_EMOJI.findall(text)))[: StickerLimit.MAX_STICKER_EMOJI]


def is_emoji_only(text: str) -> bool:
    """Whether a text has emoji, and beside them only white space."""
    return bool(_EMOJI.search(text)) and not _EMOJI.sub("", text).strip()
