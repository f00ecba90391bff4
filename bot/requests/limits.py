"""How much one user, and all of them, may ask for, and how much Telegram takes."""

from dataclasses import dataclass
from enum import StrEnum

EMOJI_SIDE = 100  # px of a custom emoji: https://core.telegram.org/stickers
MAX_EMOJI = 200  # in one pack: https://core.telegram.org/bots/api#addstickertoset

HISTORY = 20  # prompts of one user that /history has
# In one answer to an inline query: https://core.telegram.org/bots/api#answerinlinequery
INLINE_RESULTS = 50

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600  # seconds


@dataclass(frozen=True)
class Limits:
    """What whoever runs the bot allows."""

    active: int = 3  # requests of one user that are waiting or being drawn
    per_minute: int = 10  # requests of one user
    per_day: int = 200  # requests of one user
    queue: int = 100  # requests of all users that are waiting


class Limit(StrEnum):
    """Why a good prompt is turned down for now: one of the `Limits` is reached."""

    ACTIVE = "active"
    PER_MINUTE = "per-minute"
    PER_DAY = "per-day"
    QUEUE = "queue"
