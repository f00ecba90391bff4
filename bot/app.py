"""The bot as a whole: its parts, and how they start and end."""

import asyncio
import logging
from functools import partial

import redis
import redis.asyncio
from redis.asyncio.lock import Lock
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from telegram import Update
from telegram.ext import (
    Application,
    CommandHandler,
    TypeHandler,
)
from tornado.httpserver import HTTPServer

from bot.account import forget, history_menu, settings
from bot.account.history import History
from bot.admin.access import Access
from bot.admin.commands import Admin
from bot.admin.redis_repair import heal, set_aside
from bot.commands import message_handlers
from bot.config import Config
from bot.inline.handler import Answers
from bot.inline.index import Labels
from bot.inline.pack_cache import Glance
from bot.packs import menu as pack_menu
from bot.packs import sticker_choice as one
from bot.packs import sticker_menu as tidy
from bot.packs.emoji_replies import Relabelling
from bot.packs.screens import PackButton, Screens, StickerButton
from bot.packs.sticker_sets import Packs
from bot.packs.store import Shelf
from bot.pictures.downloads import Pictures
from bot.requests.buttons import RequestButtons
from bot.requests.delivery import Delivery
from bot.requests.groups import Groups
from bot.requests.intake import Intake
from bot.requests.limits import Blocklist
from bot.requests.monitor import Watch
from bot.requests.prompts import Prompts
from bot.requests.quota import Quota
from bot.requests.store import Store
from bot.telegram.application import AnyApplication, build_application, identify
from bot.telegram.callbacks import on_old_button, on_press
from bot.telegram.error_handler import report
from bot.telegram.leader import keep, lease
from bot.telegram.messages import PRIVATE_WORDS
from bot.telegram.profile import introduce
from bot.telegram.questions import Questions
from bot.telegram.updater import keep_token, listen, poll
from bot.telegram.updates import Inbox, end
from worker.queue.environment import announce
from worker.queue.events import EventReader
from worker.queue.requests import RequestQueue

CONSUMER = "bot"  # always the same: what one bot leaves unacknowledged, the next one finds
REDIS_RETRIES = 10  # some ten seconds: a Redis that restarts is waited for
REDIS_CONNECTIONS = 50  # what needs one more waits for it, however many people there are

# The groups of handlers that python-telegram-bot asks before and after the default, 0.
_BEFORE_ALL, _AFTER_ALL = -1, 1

log = logging.getLogger(__name__)


async def run(config: Config, connection: redis.Redis, redis_url: str) -> None:
    """Run the bot until the task is cancelled.

    Stands by while another bot answers.
    Raises TelegramError when Telegram refuses the token or is out of reach at the start, SetupError
    when something else answers in its place, or when another bot has taken over.
    """
    application = build_application(config)
    retry = Retry(ExponentialBackoff(cap=2, base=0.1), REDIS_RETRIES)
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        redis_url, retry=retry, max_connections=REDIS_CONNECTIONS, timeout=None
    )
    async with redis.asyncio.Redis.from_pool(pool) as async_connection:
        delivery, watch = _wire(application, config, connection, async_connection, CONSUMER)
        mend, tell = partial(heal, connection), partial(report, connection)
        inbox = Inbox(application, async_connection, tell, mend)
        await identify(application.bot, config)
        await asyncio.to_thread(set_aside, connection)
        async with application, lease(async_connection) as lock:
            await _serve(application, config, inbox, delivery, watch, lock)


def _wire(
    application: Application,
    config: Config,
    connection: redis.Redis,
    async_connection: redis.asyncio.Redis,
    consumer: str,
) -> tuple[Delivery, Watch]:
    """Make the parts and give the application its handlers; returns what is to run beside it."""
    store, queue = Store(async_connection), RequestQueue(connection)
    history, liking = History(async_connection), settings.SettingsStore(async_connection)
    reader = EventReader(async_connection, consumer)
    quota = Quota(async_connection, config.limits)
    delivery = Delivery(application.bot, store, history, quota, connection, reader)
    words = config.blocked_words
    blocklist = Blocklist.read(words) if words else Blocklist([])
    intake = Intake(store, liking, queue, delivery, quota, blocklist, connection)
    access = Access(async_connection, config.admins, config.allowed)
    shelf, labels = Shelf(async_connection), Labels(async_connection)
    packs = Packs(application.bot, shelf)
    answers = Answers(Glance(application.bot, shelf, labels), labels)
    questions = Questions(application.bot, async_connection)
    screens = Screens(packs, Pictures(application.bot))
    packing = pack_menu.PackMenu(packs, screens, questions)
    tidying = tidy.Tidy(packs, async_connection)
    relabelling = Relabelling(store, delivery, packs, labels)
    picking = one.OneSticker(packs, screens, tidying, relabelling, questions)
    setting = settings.SettingsMenu(liking)
    remembering = history_menu.HistoryMenu(history, store, intake, delivery, connection)
    forgetting = forget.Forget(async_connection, store, intake, packs)
    buttons = RequestButtons(store, intake, delivery, packs, tidying, labels, connection)
    application.add_handler(TypeHandler(Update, access.check), group=_BEFORE_ALL)
    application.add_handlers(Admin(access, intake, queue, connection).handlers(config.admins))
    application.add_handlers(
        [
            CommandHandler("packs", packing.show, PRIVATE_WORDS),
            CommandHandler("history", remembering.show, PRIVATE_WORDS),
            CommandHandler("settings", setting.show, PRIVATE_WORDS),
            CommandHandler("forget", forgetting.ask, PRIVATE_WORDS),
            on_press(PackButton, packing.press),
            on_press(StickerButton, picking.press),
            on_press(tidy.SentStickerButton, tidying.press),
            on_press(settings.SettingButton, setting.press),
            on_press(history_menu.HistoryButton, remembering.press),
            on_press(forget.ForgetButton, forgetting.press),
            *buttons.handlers(),
            on_old_button(),
        ]
    )
    prompts = Prompts(store, intake)
    application.add_handlers(answers.handlers())
    application.add_handler(TypeHandler(Update, answers.look_again), group=_AFTER_ALL)
    application.add_handlers(Groups(prompts, relabelling, delivery).handlers())
    takers = (packing.take_title, picking.take_emoji)
    application.add_handlers(
        message_handlers(intake, prompts, relabelling, picking, takers, tidying, buttons.start)
    )
    return delivery, Watch(store, queue, delivery, connection)


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
