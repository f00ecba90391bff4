"""Which emoji a sticker answers to."""

import re

from telegram.constants import StickerLimit

_FALLBACK = "🎨"

# One emoji as Telegram counts them: a pictograph with its skin tone or variation selector, joined
# to more of them by zero-width joiners (👩‍🚀), or a flag of two regional indicators (🇫🇷).
_PICTOGRAPH = (
    "[\u231a-\u23ff\u25fd\u25fe\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001f0ff"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?"
)
_EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTOGRAPH}(?:\u200d{_PICTOGRAPH})*")


def sticker_emoji(prompt: str) -> list[str]:
    """The emoji of a sticker drawn from this prompt: those in the prompt, else a palette."""
    found = list(dict.fromkeys(_EMOJI.findall(prompt)))
    return found[: StickerLimit.MAX_STICKER_EMOJI] or [_FALLBACK]
