"""How much one user, and all of them, may ask for."""

import math
from dataclasses import dataclass
from enum import StrEnum

from bot.texts import Texts

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


class Refusal(Exception):
    """A prompt that can be drawn, and is not."""

    def say(self, words: Texts) -> str:
        """The sentence for the user."""
        raise NotImplementedError


class OverLimit(Refusal):
    """There is no room for a prompt now."""

    def __init__(self, limit: Limit, allowed: int, seconds: float = 0):
        super().__init__(limit)
        self.limit = limit
        self.allowed = allowed
        self.seconds = seconds  # until there is room again, where that is known

    def say(self, words: Texts) -> str:
        """The sentence for the user, with what is allowed, and when there is room again."""
        seconds, hours = math.ceil(self.seconds), math.ceil(self.seconds / HOUR)
        return words(f"limit-{self.limit}", allowed=self.allowed, seconds=seconds, hours=hours)
