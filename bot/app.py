"""The bot as a whole: its parts, and how they start and end."""

import asyncio
import logging
from functools import partial
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.lock import Lock
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from telegram.ext import AIORateLimiter, Application, ApplicationBuilder, Defaults
from tornado.httpserver import HTTPServer

from bot.config import Config
from bot.delivery import Delivery
from bot.lease import keep, lease
from bot.listening import keep_token, listen, poll
from bot.profile import introduce
from bot.tasks import end
from bot.telegram.updates import Inbox
from bot.trouble import report
from bot.turns import TakeTurns
from bot.watch import Watch
from bot.wiring import wire

CONSUMER = "bot"  # always the same: what one bot leaves unacknowledged, the next one finds
API_TIMEOUT = 20.0  # seconds; patience here spares messages that are sent twice
REDIS_RETRIES = 10  # some ten seconds: a Redis that restarts is waited for
REDIS_CONNECTIONS = 50  # what needs one more waits for it, however many people there are

AnyApplication = Application[Any, Any, Any, Any, Any, Any]

log = logging.getLogger(__name__)


async def run(config: Config, connection: redis.Redis, redis_url: str) -> None:
    """Run the bot until the task is cancelled.

    Stands by while another bot answers.
    Raises TelegramError when Telegram refuses the token or is out of reach at the start, SetupError
    when another bot has taken over.
    """
    application = _build_application(config)
    retry = Retry(ExponentialBackoff(cap=2, base=0.1), REDIS_RETRIES)
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        redis_url, retry=retry, max_connections=REDIS_CONNECTIONS, timeout=None
    )
    async with redis.asyncio.Redis.from_pool(pool) as async_connection:
        delivery, watch = wire(application, config, connection, async_connection, CONSUMER)
        inbox = Inbox(application, async_connection, partial(report, connection))
        async with application, lease(async_connection) as lock:
            await _serve(application, config, inbox, delivery, watch, lock)


def _build_application(config: Config) -> AnyApplication:
    return (
        ApplicationBuilder()
        .token(config.token)
        .base_url(config.api_url)
        .base_file_url(config.file_url)
        # No retries of its own: for one chat's 429 it would hold up all the others.
        .rate_limiter(AIORateLimiter())
        # Whoever deletes their message wants the answer still, or does not mind.
        .defaults(Defaults(allow_sending_without_reply=True))
        .concurrent_updates(TakeTurns())
        .read_timeout(API_TIMEOUT)
        .write_timeout(API_TIMEOUT)
        .connection_pool_size(64)
        .updater(None)  # it confirms updates before they are handled
        .job_queue(None)
        .build()
    )


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
        print("bot: ready", flush=True)
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
