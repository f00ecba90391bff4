"""Prompts that could be drawn, and are not."""

import math

from bot.requests.limits import HOUR, Limit
from bot.texts import Texts


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
