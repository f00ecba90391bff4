"""The limits of the operator and of Telegram, and the refusals that users read.

`quota` counts the requests of each user.
"""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import combining, normalize

from bot.russian.words import lemma, lemmas, split
from emojich_core.errors import SetupError, shown
from emojich_core.request import in_russian_letters, visible

if TYPE_CHECKING:  # texts quote some of these limits
    from bot.texts import Texts

EMOJI_SIDE = 100  # px of a custom emoji: https://core.telegram.org/stickers
MAX_EMOJI = 200  # in one pack: https://core.telegram.org/bots/api#addstickertoset

HISTORY = 20  # prompts of one user that /history lists
# In one answer to an inline query: https://core.telegram.org/bots/api#answerinlinequery
INLINE_RESULTS = 50

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600  # seconds


@dataclass(frozen=True)
class Limits:
    """The operator's limits, set by the EMOJICH_MAX_… variables."""

    active: int = 3  # requests of one user that are waiting or being drawn
    per_minute: int = 10  # requests of one user
    per_day: int = 200  # requests of one user
    queue: int = 100  # requests of all users that are waiting


class Limit(StrEnum):
    """The names of the `Limits`, for a refusal."""

    ACTIVE = "active"
    PER_MINUTE = "per-minute"
    PER_DAY = "per-day"
    QUEUE = "queue"


class Refusal(Exception):
    """The bot refuses a valid prompt."""

    reason: str  # for operators: one of a few words

    def say(self, words: "Texts") -> str:
        """The sentence for the user."""
        raise NotImplementedError


class OverLimit(Refusal):
    """One of the `Limits` is reached, so the bot refuses a prompt for now."""

    def __init__(self, limit: Limit, allowed: int, seconds: float = 0):
        super().__init__(limit)
        self.limit = limit
        self.reason = limit.value
        self.allowed = allowed
        self.seconds = seconds  # until the user can try again; 0 where that is unknown

    def say(self, words: "Texts") -> str:
        """The sentence for the user, with the limit and the time until they can try again."""
        seconds, hours = math.ceil(self.seconds), math.ceil(self.seconds / HOUR)
        return words(f"limit-{self.limit}", allowed=self.allowed, seconds=seconds, hours=hours)


class BlockedPrompt(Refusal):
    """A prompt contains words that the operator has blocked."""

    reason = "blocked"

    def say(self, words: "Texts") -> str:
        """The sentence for the user; it does not repeat the word."""
        return words("refusal-blocked")


class StyleNotServed(Refusal):
    """Similar candidates need the bundle of the first ones, and no worker serves it."""

    reason = "style"

    def say(self, words: "Texts") -> str:
        """The sentence for the user."""
        return words("style-not-served")


class StyleGone(Refusal):
    """The user has pressed the button of a style that no worker serves any longer."""

    reason = "style"

    def say(self, words: "Texts") -> str:
        """The sentence for the user."""
        return words("style-gone")


@dataclass(frozen=True)
class _Section:
    """The users and chats to which a part of the word list applies; by default all."""

    users: frozenset[int] = frozenset()  # empty: all
    private: bool | None = None  # prompts in private chats; False: in groups; None: in both

    @classmethod
    def parse(cls, line: str) -> "_Section":
        """The section that a line like `[groups]` begins.  Raises ValueError."""
        match re.sub("[\\s,]+", " ", line.strip("[]")).split():
            case ["everyone"]:
                return cls()
            case ["groups"]:
                return cls(private=False)
            case ["private"]:
                return cls(private=True)
            case ["users", *ids] if ids and all(id_.isdecimal() and id_.isascii() for id_ in ids):
                return cls(users=frozenset(map(int, ids)))
        raise ValueError(line)

    def is_for(self, user_id: int, private: bool) -> bool:
        """Whether the section applies to a prompt of this user."""
        return self.private in (None, private) and (not self.users or user_id in self.users)


class Blocklist:
    """Finds blocked words in a prompt, in any grammatical form.

    The words come from the file that EMOJICH_BLOCKED_WORDS names, one word a line.  A line
    `[groups]`, `[private]`, `[users 1001, 1002]` or `[everyone]` limits the words below it.
    """

    def __init__(self, lines: list[str]):
        """A line of several words blocks prompts that contain all of them.

        Raises ValueError, with the line's number, for an unknown section.
        """
        self._entries: list[tuple[_Section, frozenset[str]]] = []
        section = _Section()
        for number, line in enumerate(map(str.strip, lines), 1):
            if line.startswith("[") and line.endswith("]"):
                try:
                    section = _Section.parse(line)
                except ValueError:
                    raise ValueError(
                        f"line {number}: {shown(line)} is no section: write [everyone], [groups], "
                        "[private] or [users 1001, 1002]"
                    ) from None
            elif entry := frozenset(map(lemma, split(_folded(line)))):
                self._entries.append((section, entry))

    @classmethod
    def read(cls, path: Path) -> "Blocklist":
        """Read the list from a file.  Raises SetupError when it cannot be read."""
        try:
            text = path.read_text(encoding="utf-8-sig")
            if "\0" in text:  # UTF-16 without a byte order mark can be valid UTF-8
                raise ValueError("it is not UTF-8")
        except (OSError, ValueError) as error:  # not UTF-8, or an impossible file name
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            message = f"EMOJICH_BLOCKED_WORDS: {shown(path)} cannot be read ({reason})"
            raise SetupError(f"{message}: name a file of words.") from None
        try:
            return cls(text.splitlines())
        except ValueError as error:
            raise SetupError(f"EMOJICH_BLOCKED_WORDS: {shown(path)}, {error}.") from None

    def check(self, prompt: str, user_id: int = 0, private: bool = True) -> None:
        """Raise BlockedPrompt for a prompt that contains all words of a line for its user."""
        entries = [entry for section, entry in self._entries if section.is_for(user_id, private)]
        found = lemmas(_folded(prompt)) if entries else set()
        if any(entry <= found for entry in entries):
            raise BlockedPrompt


def _folded(text: str) -> str:
    """The text with each letter replaced by the Russian one that it resembles: «кӧт» → «кот»."""
    letters = (c if c in "йЙ" else normalize("NFKD", c) for c in visible(text))
    return in_russian_letters("".join(c for c in "".join(letters) if not combining(c)))
