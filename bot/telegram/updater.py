"""Fetches updates from Telegram: by long polling (getUpdates) or a webhook (setWebhook).

In both cases the bot parses each update by itself, and Telegram keeps an update until the bot has
stored it.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from telegram import Bot, Update
from telegram.error import BadRequest, InvalidToken, TelegramError
from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler

from bot.config import Config
from bot.logs import reason
from bot.telegram.retry import pause_after
from bot.telegram.updates import update_id
from emojich_core.errors import SetupError

# The kinds of updates that Telegram shall send.
UPDATES = [
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CALLBACK_QUERY,
    Update.INLINE_QUERY,
]
TOKEN_INTERVAL = 60.0  # seconds between two checks of the token
POLL_TIME = 10  # seconds for which Telegram waits for updates
READ_TIMEOUT = 20.0  # seconds beyond that
PAUSE = 1.0  # seconds before the bot tries again to store updates, or asks for them again
MAX_REPEATS = 10  # of a list without any id, before the bot asks for the next id
MAX_BODY = 4 * 1024 * 1024  # bytes of an update

Store = Callable[[Sequence[Any]], Awaitable[None]]  # raises redis.RedisError

log = logging.getLogger(__name__)


async def listen(bot: Bot, config: Config, store: Store) -> HTTPServer | None:
    """Set or delete the webhook, through an outage of Telegram.

    Returns the server of the webhook; None without one: then call `poll`.
    Raises SetupError when Telegram refuses WEBHOOK_URL, or WEBHOOK_PORT is taken.
    """
    server = _start_server(config, store) if config.webhook_url else None
    failures = 0
    while True:
        try:
            await _set_or_delete_webhook(bot, config)
            return server
        except InvalidToken:
            raise
        except BadRequest as error:
            raise SetupError(f"Telegram refuses WEBHOOK_URL ({error}): correct it.") from error
        except TelegramError as error:  # Telegram has just accepted the token: this is an outage
            failures += 1
            pause = pause_after(error, failures)
            log.warning("no updates yet: %s; again in %.1f s", error, pause)
        await asyncio.sleep(pause)


async def _set_or_delete_webhook(bot: Bot, config: Config) -> None:
    if config.webhook_url:
        await bot.set_webhook(
            config.webhook_url, allowed_updates=UPDATES, secret_token=config.webhook_secret
        )
    else:
        await bot.delete_webhook()


def _start_server(config: Config, store: Store) -> HTTPServer:
    path = unquote(urlsplit(config.webhook_url).path).rstrip("/")
    settings = {"path": path, "secret": config.webhook_secret, "store": store}
    application = Application([(r".*", _Webhook, settings)], log_function=lambda _: None)
    try:
        return application.listen(config.webhook_port, "0.0.0.0", max_body_size=MAX_BODY)
    except OSError as error:
        raise SetupError(
            f"Port {config.webhook_port} cannot be opened ({error.strerror}): "
            "free it, or set WEBHOOK_PORT to another one."
        ) from error


async def poll(bot: Bot, store: Store) -> None:
    """Ask for updates, forever; raises InvalidToken when the token has been revoked."""
    offset = failures = repeats = 0
    before = ""
    while True:
        try:
            updates = await _get_updates(bot, offset)
        except InvalidToken:
            raise
        except Exception as error:  # after any answer, the next one may be good
            failures += 1
            what = error if isinstance(error, TelegramError) else reason(error)
            log.warning("polling: %s; trying again", what)
            await asyncio.sleep(pause_after(error, failures))
            continue
        failures = 0
        batch = repr(updates)  # compared so because NaN equals nothing
        repeats = repeats + 1 if batch == before else 0
        before = batch
        if updates and repeats:  # the list was not confirmed: its ids are missing or wrong
            await asyncio.sleep(PAUSE)
        else:
            await _store_through_outages(updates, store)
        # A list without ids may not be from Telegram: the offset would confirm updates to come.
        if any(map(update_id, updates)) or repeats >= MAX_REPEATS:
            offset = max(_next_offset(updates, offset), offset + min(repeats, 1))


def _next_offset(updates: list[Any], offset: int) -> int:
    """The id after those of the updates; an update without an id counts as the next one."""
    for update in updates:
        number = update_id(update)
        offset = max(offset, number + 1) if number else offset + 1
    return offset


async def _get_updates(bot: Bot, offset: int) -> list[Any]:
    """The updates from `offset` on; the call confirms all before it.

    https://core.telegram.org/bots/api#getupdates.  python-telegram-bot's `get_updates` fails for a
    whole batch if it cannot read one update.
    """
    parameters = {"offset": offset, "timeout": POLL_TIME, "allowed_updates": UPDATES}
    timeout = POLL_TIME + READ_TIMEOUT
    updates = await bot._post("getUpdates", parameters, read_timeout=timeout)
    if not isinstance(updates, list):
        raise TelegramError("getUpdates brings no list")
    return updates


async def _store_through_outages(updates: list[Any], store: Store) -> None:
    while True:
        try:
            await store(updates)
            return
        except redis.RedisError as error:
            log.warning("updates stay with Telegram: %s; trying again", reason(error))
        await asyncio.sleep(PAUSE)


class _Webhook(RequestHandler):
    """Takes Telegram's calls; Telegram repeats one that is not answered with 200."""

    def initialize(self, path: str, secret: str, store: Store) -> None:
        self._path, self._secret, self._store = path, secret, store

    async def post(self) -> None:
        if unquote(self.request.path).rstrip("/") != self._path:
            raise HTTPError(404)
        secret = self.request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            raise HTTPError(403)
        try:
            update = json.loads(self.request.body)
        except (ValueError, RecursionError):  # Telegram would send the same again
            update = None
        try:
            await self._store([update])
        except redis.RedisError as error:
            log.warning("an update stays with Telegram: %s", reason(error))
            raise HTTPError(503) from error

    def log_exception(self, *_: Any) -> None:
        """Log nothing: anybody can call the webhook."""


async def watch_token(bot: Bot) -> None:
    """Check the token, forever; raises InvalidToken when it has been revoked.

    With a webhook, the bot would not notice otherwise.
    """
    while True:
        await asyncio.sleep(TOKEN_INTERVAL)
        try:
            await bot.get_me()
        except InvalidToken:
            raise
        except Exception as error:  # an outage, or the answer of a gateway
            log.warning("the token: %s; looking again", reason(error))
