"""The bot's configuration, read from environment variables."""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bot.requests.limits import Limits
from emojich_core.errors import SetupError
from worker.queue.environment import is_number, number, secret
from worker.queue.metrics_server import MAX_PORT, Address, read_address

TELEGRAM = "https://api.telegram.org/bot"
WEBHOOK_PORT = 8080
METRICS = "EMOJICH_BOT_METRICS"  # where Prometheus reads
MAX_LIMIT = 1_000_000  # the highest value of an EMOJICH_MAX_… variable
MAX_ID = 2**52  # of a user: https://core.telegram.org/bots/api#user
MAX_URL = 1000  # characters


@dataclass(frozen=True)
class Config:
    """The bot's token, the address of the Bot API, and the operator's settings."""

    token: str
    api_url: str  # the token follows it
    limits: Limits = field(default_factory=Limits)
    admins: frozenset[int] = frozenset()
    allowed: frozenset[int] = frozenset()  # empty: everybody
    blocked_words: Path | None = None
    webhook_url: str = ""  # empty: long polling
    webhook_port: int = WEBHOOK_PORT
    metrics: Address | None = None

    @property
    def file_url(self) -> str:
        """The address of files, without the token: https://api.telegram.org/file/bot."""
        return f"{self.api_url.removesuffix('/bot')}/file/bot"

    @property
    def api_address(self) -> str:
        """`api_url` without user name and password."""
        return str(httpx.URL(self.api_url).copy_with(username=None, password=None))

    @property
    def api_is_local(self) -> bool:
        """Whether the Bot API runs on this machine, as the sandbox does: then no proxy is used."""
        host = urlsplit(self.api_url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token, and the login in `api_url`: no log and no message may show them."""
        login, at, _ = urlsplit(self.api_url).netloc.rpartition("@")
        return (self.token, login + at) if at else (self.token,)

    @property
    def webhook_secret(self) -> str:
        """The `secret_token` of setWebhook, which only Telegram and this bot know."""
        return hmac.new(self.token.encode(), b"webhook", hashlib.sha256).hexdigest()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Config":
        """Read the variables of docs/configuration.md.

        Raises SetupError, which names the wrong variable.
        """
        token = _token(environment)
        api_url = environment.get("TELEGRAM_API_URL") or TELEGRAM
        if not _is_address(api_url, "http", "https") or not api_url.endswith("/bot"):
            raise SetupError("TELEGRAM_API_URL must look like http://127.0.0.1:8081/bot.")
        words = environment.get("EMOJICH_BLOCKED_WORDS")
        return cls(
            token,
            api_url,
            _limits(environment),
            admins=_ids(environment, "EMOJICH_ADMINS"),
            allowed=_ids(environment, "EMOJICH_ALLOWED_USERS"),
            blocked_words=Path(words) if words else None,
            webhook_url=_webhook_url(environment, api_url),
            webhook_port=number(environment, "WEBHOOK_PORT", MAX_PORT) or WEBHOOK_PORT,
            metrics=read_address(environment, METRICS),
        )


def _token(environment: Mapping[str, str]) -> str:
    token = secret(environment, "TELEGRAM_BOT_TOKEN")
    if not token:
        raise SetupError(
            "TELEGRAM_BOT_TOKEN is not set: get one from @BotFather, "
            "or chat in the sandbox without one: make run."
        )
    if not re.fullmatch(r"[0-9]{1,16}:[\w-]{1,100}", token, re.ASCII):  # it becomes part of URLs
        raise SetupError(
            "TELEGRAM_BOT_TOKEN is no bot's token: copy it from @BotFather, like 123456:ABC-DEF."
        )
    return token


def _ids(environment: Mapping[str, str], name: str) -> frozenset[int]:
    """User ids, separated by commas or spaces."""
    ids = environment.get(name, "").replace(",", " ").split()
    if not all(is_number(text, MAX_ID) for text in ids):
        raise SetupError(f"{name} must be user ids, separated by commas: 1001,1002.")
    return frozenset(map(int, ids))


def _limits(environment: Mapping[str, str]) -> Limits:
    """EMOJICH_MAX_ACTIVE, EMOJICH_MAX_PER_MINUTE, EMOJICH_MAX_PER_DAY, EMOJICH_MAX_QUEUE."""
    found = {}
    for limit in fields(Limits):
        if most := number(environment, f"EMOJICH_MAX_{limit.name.upper()}", MAX_LIMIT):
            found[limit.name] = most
    return Limits(**found)


def _webhook_url(environment: Mapping[str, str], api_url: str) -> str:
    url = environment.get("WEBHOOK_URL", "").strip()
    # Telegram requires TLS; the operator's own Bot API server may do without.
    schemes = ("https",) if api_url == TELEGRAM else ("http", "https")
    if url and not _is_address(url, *schemes):
        raise SetupError("WEBHOOK_URL must look like https://bot.example.org/updates.")
    # Telegram sends updates over IPv4 only, so the bot listens on IPv4 only:
    # https://core.telegram.org/bots/webhooks
    if ":" in (urlsplit(url).hostname or ""):
        raise SetupError("WEBHOOK_URL has an IPv6 address: set a name or an IPv4 address.")
    return url


def _is_address(url: str, *schemes: str) -> bool:
    """Whether a URL has one of the schemes, a host, and no impossible port."""
    if len(url) > MAX_URL or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        httpx.URL(url).copy_with(username=None, password=None)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except (ValueError, httpx.InvalidURL):  # unmatched brackets, a port that is no number
        return False
