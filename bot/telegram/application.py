"""The python-telegram-bot application: its HTTP client, and the identity of the bot."""

import asyncio
from typing import Any
from urllib.request import getproxies

import httpx
from telegram import Bot
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application, ApplicationBuilder, ContextTypes, Defaults
from telegram.request import HTTPXRequest

from bot.config import TELEGRAM, Config
from bot.metrics import count_call
from bot.telegram.context import Context
from bot.telegram.errors import REFUSALS
from bot.telegram.migration import FollowMigration
from bot.telegram.retry import pause_after
from bot.telegram.update_processor import PerUserProcessor
from emojich_core.errors import SetupError
from worker.queue.logs import hide

CONNECTIONS = 64
START_TRIES = 4  # after these the operator reads that the address is wrong, or Telegram down
MAX_START_PAUSE = 5.0  # seconds
API_TIMEOUT = 20.0  # seconds; with a shorter one, more messages would be sent twice

AnyApplication = Application[Any, Any, Any, Any, Any, Any]


def build_application(config: Config) -> AnyApplication:
    """An application without an updater: `updater` fetches updates instead."""
    request = _request(config, CONNECTIONS, read_timeout=API_TIMEOUT, write_timeout=API_TIMEOUT)
    get_updates = _request(config, 1)
    return (
        ApplicationBuilder()
        .token(config.token)
        .context_types(ContextTypes(context=Context))
        .base_url(config.api_url)
        .base_file_url(config.file_url)
        .rate_limiter(FollowMigration())
        # A user who has deleted the message may still want the answer.
        .defaults(Defaults(allow_sending_without_reply=True))
        .concurrent_updates(PerUserProcessor())
        .request(request)
        .get_updates_request(get_updates)
        .updater(None)  # python-telegram-bot's confirms updates before they are handled
        .job_queue(None)
        .build()
    )


async def identify(bot: Bot, config: Config) -> None:
    """Ask Telegram for the bot's name (getMe), a few times if it fails.

    Raises TelegramError; SetupError for an answer without a name.
    """
    try:
        await _initialize(bot)
        has_name = bool(bot.username)
    except (TypeError, LookupError, ValueError):  # another shape than python-telegram-bot expects
        has_name = False
    if not has_name:
        raise SetupError(
            f"{config.api_url} does not answer as Telegram does: correct TELEGRAM_API_URL."
        )


async def _initialize(bot: Bot) -> None:
    for failures in range(1, START_TRIES):
        try:
            return await bot.initialize()
        except REFUSALS:
            raise
        except TelegramError as error:
            pause = pause_after(error, failures)
            if pause > MAX_START_PAUSE:
                raise
        await asyncio.sleep(pause)
    await bot.initialize()


def explain_failure(config: Config, error: TelegramError) -> str:
    """Why Telegram does not serve the bot, and what to do about it, in one sentence."""
    if not isinstance(error, InvalidToken):
        reason = hide(str(error), config.secrets)
        return (
            f"Telegram at {config.api_address} cannot be reached ({reason}): check the "
            f"network{_proxy(config)}, or correct TELEGRAM_API_URL."
        )
    # Not with the error's message, which quotes the token.
    refused = "Telegram refuses TELEGRAM_BOT_TOKEN: ask @BotFather for the bot's token"
    if config.api_url == TELEGRAM:
        return f"{refused}."
    # A server that is no Bot API answers in the same way, so the address may be wrong instead.
    return f"{refused}, or correct TELEGRAM_API_URL ({config.api_address})."


def _proxy(config: Config) -> str:
    is_used = getproxies().keys() - {"no"} and not config.api_is_local
    return " and the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY" if is_used else ""


class _CountedRequest(HTTPXRequest):
    """Counts the calls of the Bot API by method and answer."""

    async def do_request(self, url: str, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Call a method; returns the HTTP status and the body.  Raises NetworkError."""
        method = url.rpartition("/")[2]
        try:
            status, body = await super().do_request(url, *args, **kwargs)
        except TelegramError as error:
            count_call(method, error)
            raise
        count_call(method, status)
        return status, body


def _request(config: Config, connections: int, **timeouts: Any) -> HTTPXRequest:
    """The HTTP client; it uses the proxy of the environment unless the Bot API is local.

    Raises SetupError.
    """
    try:
        return _CountedRequest(
            connections,
            httpx_kwargs={
                "trust_env": not config.api_is_local,
                "verify": httpx.create_ssl_context(),  # SSL_CERT_FILE counts in both cases
            },
            **timeouts,
        )
    except RuntimeError as error:
        raise SetupError(
            'A SOCKS proxy takes a package: pip install "python-telegram-bot[socks]", '
            "or set ALL_PROXY and HTTPS_PROXY to an HTTP proxy."
        ) from error
    # The messages of these errors may hold the proxy's password.
    except (OSError, ValueError, httpx.InvalidURL) as error:
        raise SetupError(
            "The proxy or the certificates that the environment names cannot be used: correct "
            "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE or SSL_CERT_DIR."
        ) from error
