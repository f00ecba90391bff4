"""What the environment says."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from bot.limits import Limits
from worker.errors import SetupError

TELEGRAM = "https://api.telegram.org/bot"


@dataclass(frozen=True)
class Config:
    """Which bot this is, where Telegram is, and what whoever runs it wants."""

    token: str
    api_url: str  # the token follows it
    limits: Limits = field(default_factory=Limits)
    admins: frozenset[int] = frozenset()
    allowed: frozenset[int] = frozenset()  # empty: everybody
    blocked_words: Path | None = None

    @property
    def file_url(self) -> str:
        """Where files are: https://api.telegram.org/file/bot."""
        return f"{self.api_url.removesuffix('/bot')}/file/bot"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Config":
        """Read the variables that the README lists.

        Raises SetupError.
        """
        token = environment.get("TELEGRAM_BOT_TOKEN", "").strip()
        if not token:
            raise SetupError(
                "TELEGRAM_BOT_TOKEN is not set: get one from @BotFather, "
                "or chat in the sandbox without one: make run."
            )
        api_url = environment.get("TELEGRAM_API_URL") or TELEGRAM
        if not api_url.startswith(("http://", "https://")) or not api_url.endswith("/bot"):
            raise SetupError("TELEGRAM_API_URL must look like http://127.0.0.1:8081/bot.")
        words = environment.get("EMOJICH_BLOCKED_WORDS")
        return cls(
            token,
            api_url,
            _limits(environment),
            admins=_ids(environment, "EMOJICH_ADMINS"),
            allowed=_ids(environment, "EMOJICH_ALLOWED_USERS"),
            blocked_words=Path(words) if words else None,
        )


def _ids(environment: Mapping[str, str], name: str) -> frozenset[int]:
    """User ids, separated by commas or spaces."""
    ids = environment.get(name, "").replace(",", " ").split()
    if not all(text.isdecimal() for text in ids):
        raise SetupError(f"{name} must be user ids, separated by commas: 1001,1002.")
    return frozenset(map(int, ids))


def _limits(environment: Mapping[str, str]) -> Limits:
    """EMOJICH_MAX_ACTIVE, EMOJICH_MAX_PER_MINUTE, EMOJICH_MAX_PER_DAY, EMOJICH_MAX_QUEUE."""
    found = {}
    for limit in fields(Limits):
        name = f"EMOJICH_MAX_{limit.name.upper()}"
        if text := environment.get(name, "").strip():
            if not (text.isdecimal() and int(text)):
                raise SetupError(f"{name} must be a number, 1 or more.")
            found[limit.name] = int(text)
    return Limits(**found)
