"""The bot as a whole: its parts, and how they start and end."""

import asyncio
import logging
from functools import partial
from typing import Any

import httpx
import redis
import redis.asyncio
from redis.asyncio.lock import Lock
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from telegram import Bot
from telegram.ext import Application, ApplicationBuilder, Defaults
from telegram.request import HTTPXRequest
from tornado.httpserver import HTTPServer

from bot.admin.redis_repair import heal, set_aside
from bot.config import Config
from bot.requests.delivery import Delivery
from bot.requests.monitor import Watch
from bot.telegram.error_handler import report
from bot.telegram.leader import keep, lease
from bot.telegram.migration import FollowMigration
from bot.telegram.profile import introduce
from bot.telegram.tasks import end
from bot.telegram.update_processor import TakeTurns
from bot.telegram.updater import keep_token, listen, poll
from bot.telegram.updates import Inbox
from bot.wiring import wire
from emojich_core.errors import SetupError
from worker.queue.environment import announce

CONSUMER = "bot"  # always the same: what one bot leaves unacknowledged, the next one finds
CONNECTIONS = 64
API_TIMEOUT = 20.0  # seconds; patience here spares messages that are sent twice
REDIS_RETRIES = 10  # some ten seconds: a Redis that restarts is waited for
REDIS_CONNECTIONS = 50  # what needs one more waits for it, however many people there are

AnyApplication = Application[Any, Any, Any, Any, Any, Any]

log = logging.getLogger(__name__)


async def run(config: Config, connection: redis.Redis, redis_url: str) -> None:
    """Run the bot until the task is cancelled.

    Stands by while another bot answers.
    Raises TelegramError when Telegram refuses the token or is out of reach at the start, SetupError
    when something else answers in its place, or when another bot has taken over.
    """
    application = _build_application(config)
    retry = Retry(ExponentialBackoff(cap=2, base=0.1), REDIS_RETRIES)
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        redis_url, retry=retry, max_connections=REDIS_CONNECTIONS, timeout=None
    )
    async with redis.asyncio.Redis.from_pool(pool) as async_connection:
        delivery, watch = wire(application, config, connection, async_connection, CONSUMER)
        mend, tell = partial(heal, connection), partial(report, connection)
        inbox = Inbox(application, async_connection, tell, mend)
        await _meet(application.bot, config)
        await asyncio.to_thread(set_aside, connection)
        async with application, lease(async_connection) as lock:
            await _serve(application, config, inbox, delivery, watch, lock)


def _build_application(config: Config) -> AnyApplication:
    request = _request(config, CONNECTIONS, read_timeout=API_TIMEOUT, write_timeout=API_TIMEOUT)
    get_updates = _request(config, 1)
    return (
        ApplicationBuilder()
        .token(config.token)
        .base_url(config.api_url)
        .base_file_url(config.file_url)
        # No retries of its own: for one chat's 429 it would hold up all the others.
        .rate_limiter(FollowMigration())
        # Whoever deletes their message wants the answer still, or does not mind.
        .defaults(Defaults(allow_sending_without_reply=True))
        .concurrent_updates(TakeTurns())
        .request(request)
        .get_updates_request(get_updates)
        .updater(None)  # it confirms updates before they are handled
        .job_queue(None)
        .build()
    )


async def _meet(bot: Bot, config: Config) -> None:
    """Ask who the bot is (getMe).  Raises SetupError where the answer does not say so."""
    try:
        await bot.initialize()
        has_name = bool(bot.username)
    except (TypeError, LookupError, ValueError):  # another shape than python-telegram-bot expects
        has_name = False
    if not has_name:
        raise SetupError(
            f"{config.api_url} does not answer as Telegram does: correct TELEGRAM_API_URL."
        )


def _request(config: Config, connections: int, **timeouts: Any) -> HTTPXRequest:
    """The HTTP client: through the proxy that the environment names, if the Bot API is elsewhere.

    Raises SetupError.
    """
    try:
        return HTTPXRequest(
            connections,
            httpx_kwargs={
                "trust_env": not config.api_is_local,
                "verify": httpx.create_ssl_context(),  # SSL_CERT_FILE holds for either
            },
            **timeouts,
        )
    except RuntimeError as error:
        raise SetupError(
            'A SOCKS proxy takes a package: pip install "python-telegram-bot[socks]", '
            "or set ALL_PROXY and HTTPS_PROXY to an HTTP proxy."
        ) from error
    # What the errors say may hold the proxy's password.
    except (OSError, ValueError, httpx.InvalidURL) as error:
        raise SetupError(
            "The proxy or the certificates that the environment names cannot be used: correct "
            "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE or SSL_CERT_DIR."
        ) from error


async def _serve(
    application: AnyApplication,
    config: Config,
    inbox: Inbox,
    delivery: Delivery,
    watch: Watch,
    lock: Lock,
) -> None:
    server: HTTPServer | None = None
    tasks: list[asyncio.Task[None]] = []
    bot = application.bot
    try:
        await introduce(bot)
        server = await listen(bot, config, inbox.put)
        announce("bot: ready")
        works = [inbox.run(), delivery.run(), watch.run(), keep(lock), keep_token(bot)]
        works += [] if server else [poll(bot, inbox.put)]
        tasks += [asyncio.create_task(work) for work in works]
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:  # the lease is lost, or the token: only that ends one of them
            task.result()
    finally:
        if server:
            server.stop()
            await server.close_all_connections()
        await end(tasks)
        await inbox.stop()
        await delivery.drain()
