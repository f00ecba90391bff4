"""What the environment says."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.errors import SetupError

TELEGRAM = "https://api.telegram.org/bot"


@dataclass(frozen=True)
class Config:
    """Which bot this is, and where Telegram is."""

    token: str
    api_url: str  # the token follows it

    @property
    def file_url(self) -> str:
        """Where files are: https://api.telegram.org/file/bot."""
        return f"{self.api_url.removesuffix('/bot')}/file/bot"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Config":
        """Read TELEGRAM_BOT_TOKEN and TELEGRAM_API_URL.

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
        return cls(token, api_url)
