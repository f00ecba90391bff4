"""What the environment says."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from bot.limits import Limits
from worker.errors import SetupError

TELEGRAM = "https://api.telegram.org/bot"


@dataclass(frozen=True)
class Config:
    """Which bot this is, where Telegram is, and what whoever runs it wants."""

    token: str
    api_url: str  # the token follows it
    limits: Limits = field(default_factory=Limits)

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
        return cls(token, api_url, _limits(environment))


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
