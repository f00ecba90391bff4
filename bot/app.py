"""Builds the bot from its parts, starts them and stops them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from telegram import Bot, Update
from telegram.ext import (
    Application,
    CommandHandler,
    TypeHandler,
)

from bot.account.forget import Forget, ForgetButton
from bot.account.history import History, HistoryButton, HistoryMenu
from bot.account.settings import SettingButton, SettingsMenu, SettingsStore
from bot.admin.access import Access
from bot.admin.commands import Admin
from bot.admin.digest import Digest
from bot.admin.notices import Notices
from bot.admin.redis_repair import repair, set_aside
from bot.admin.reports import Reports
from bot.commands import message_handlers
from bot.config import Config
from bot.inline.handler import InlineHandler
from bot.inline.index import LabelStore, PackCache
from bot.packs.add import StickerAdder
from bot.packs.emoji_replies import EmojiReplies
from bot.packs.menu import PackMenu
from bot.packs.screens import PackButton, Screens, StickerButton
from bot.packs.sticker_menu import SentStickerButton, StickerMenu
from bot.packs.sticker_page import StickerPage
from bot.packs.sticker_sets import StickerSets
from bot.packs.store import PackStore
from bot.pictures.downloads import Files, Pictures
from bot.requests.buttons import RequestButtons
from bot.requests.delivery import Delivery
from bot.requests.groups import Groups
from bot.requests.image_prompts import ImagePrompts
from bot.requests.intake import Intake
from bot.requests.limits import Blocklist
from bot.requests.monitor import RequestMonitor
from bot.requests.prompts import Prompts
from bot.requests.quota import Quota
from bot.requests.store import Store
from bot.telegram.application import AnyApplication, build_application, identify
from bot.telegram.callbacks import on_old_button, on_press
from bot.telegram.error_handler import report
from bot.telegram.leader import Lease, lease
from bot.telegram.messages import PRIVATE_WORDS
from bot.telegram.profile import set_profile
from bot.telegram.questions import Questions
from bot.telegram.rate_limits import RateLimits
from bot.telegram.tasks import end
from bot.telegram.updater import listen, poll, watch_token
from bot.telegram.updates import Inbox
from worker.queue.address import Address
from worker.queue.environment import announce
from worker.queue.events import EventReader
from worker.queue.requests import RequestQueue

CONSUMER = "bot"  # the same for every bot, so that the next one gets unacknowledged events
REDIS_RETRIES = 10  # about ten seconds, so that the bot outlasts a restart of Redis
WORKERS_CACHE_TIME = 1.0  # seconds for which the bot caches data about the workers
REDIS_CONNECTIONS = 50  # a call that needs one more waits until another call is done

# Handler groups: python-telegram-bot runs these before and after its default group, 0.
_BEFORE_ALL, _AFTER_ALL = -1, 1

Work = Callable[[], Coroutine[Any, Any, None]]  # runs as a task; never returns

log = logging.getLogger(__name__)


async def run(config: Config, connection: redis.Redis, redis_url: str) -> None:
    """Run the bot until the task is cancelled.

    Stands by while another bot answers.
    Raises TelegramError when Telegram refuses the token or cannot be reached at the start;
    SetupError when another server answers in Telegram's place, or another bot has taken over.
    """
    application = build_application(config)
    retry = Retry(ExponentialBackoff(cap=2, base=0.1), REDIS_RETRIES)
    pool = Address.read(redis_url).async_pool(
        retry=retry, max_connections=REDIS_CONNECTIONS, timeout=None
    )
    async with redis.asyncio.Redis.from_pool(pool) as async_connection:
        delivery, others = _assemble(application, config, connection, async_connection, CONSUMER)
        repair_keys, report_error = partial(repair, connection), partial(report, connection)
        inbox = Inbox(application, async_connection, report_error, repair_keys)
        await identify(application.bot, config)
        await asyncio.to_thread(set_aside, connection)
        async with application, lease(async_connection) as taken:
            _limits(application).hold_unless(lambda: taken.is_ours)
            await _serve(application, config, inbox, delivery, others, taken)


def _assemble(
    application: Application,
    config: Config,
    connection: redis.Redis,
    async_connection: redis.asyncio.Redis,
    consumer: str,
) -> tuple[Delivery, list[Work]]:
    """Create the parts and register their handlers; returns the delivery, and other tasks."""
    store, queue = Store(async_connection), RequestQueue(connection, WORKERS_CACHE_TIME)
    history, settings = History(async_connection), SettingsStore(async_connection)
    reader = EventReader(async_connection, consumer)
    quota = Quota(async_connection, config.limits)
    bot, has_room = application.bot, _limits(application).has_room
    delivery = Delivery(bot, store, history.add, quota, connection, reader, has_room)
    words = config.blocked_words
    blocklist = Blocklist.read(words) if words else Blocklist([])
    has_admins = bool(config.admins)
    intake = Intake(store, settings, queue, delivery, quota, blocklist, connection, has_admins)
    access = Access(async_connection, config.admins, config.allowed)
    notices = Notices(application.bot, async_connection, config.admins)
    reports = Reports(application.bot, store, intake, access, notices, connection, async_connection)
    pack_store, labels = PackStore(async_connection), LabelStore(async_connection)
    packs = StickerSets(application.bot, pack_store)
    inline_handler = InlineHandler(PackCache(application.bot, pack_store, labels), labels)
    questions = Questions(application.bot, async_connection)
    screens = Screens(packs, Pictures(application.bot))
    pack_menu = PackMenu(packs, screens, questions)
    sticker_menu = StickerMenu(packs, async_connection)
    emoji_replies = EmojiReplies(store, delivery, packs, labels)
    sticker_page = StickerPage(packs, screens, sticker_menu, emoji_replies, questions)
    settings_menu = SettingsMenu(settings, queue)
    history_menu = HistoryMenu(history, store, intake, delivery, connection)
    keeping = (store, settings, history, pack_store, sticker_menu, labels, questions, queue)
    forget = Forget(intake, packs, store, keeping)
    files = Files(application.bot, trust_env=not config.api_is_local)
    image_prompts = ImagePrompts(files, connection)
    adder = StickerAdder(store, delivery, packs, sticker_menu, labels, connection)
    buttons = RequestButtons(store, intake, delivery, adder, image_prompts, queue, connection)
    application.add_handler(TypeHandler(Update, access.check), group=_BEFORE_ALL)
    application.add_handlers(Admin(access, intake, queue, connection).handlers(config.admins))
    application.add_handlers(
        [
            CommandHandler("packs", pack_menu.show, PRIVATE_WORDS),
            CommandHandler("history", history_menu.show, PRIVATE_WORDS),
            CommandHandler("settings", settings_menu.show, PRIVATE_WORDS),
            CommandHandler("forget", forget.ask, PRIVATE_WORDS),
            on_press(PackButton, pack_menu.press),
            on_press(StickerButton, sticker_page.press),
            on_press(SentStickerButton, sticker_menu.press),
            on_press(SettingButton, settings_menu.press),
            on_press(HistoryButton, history_menu.press),
            on_press(ForgetButton, forget.press),
            *buttons.handlers(),
            *reports.handlers(),
            on_old_button(),
        ]
    )
    prompts = Prompts(store, intake, image_prompts)
    application.add_handlers(inline_handler.handlers())
    application.add_handler(TypeHandler(Update, inline_handler.discard_cached), group=_AFTER_ALL)
    application.add_handlers(Groups(prompts, emoji_replies, delivery).handlers())
    answer_handlers = (pack_menu.take_title, sticker_page.take_emoji)
    application.add_handlers(
        message_handlers(
            intake,
            prompts,
            emoji_replies,
            sticker_page,
            answer_handlers,
            sticker_menu,
            buttons.start,
        )
    )
    digest = Digest(notices, connection, async_connection)
    return delivery, [RequestMonitor(store, queue, delivery, connection).run, digest.run]


def _limits(application: AnyApplication) -> RateLimits:
    limits = application.bot.rate_limiter
    assert isinstance(limits, RateLimits)
    return limits


async def _serve(
    application: AnyApplication,
    config: Config,
    inbox: Inbox,
    delivery: Delivery,
    others: list[Work],
    lease: Lease,
) -> None:
    bot = application.bot
    works = [inbox.run(), delivery.run(), lease.keep(), watch_token(bot)]
    works += [run() for run in others]
    tasks = [asyncio.create_task(work) for work in [_receive(bot, config, inbox), *works]]
    # Telegram may take longer for the menu than a lease lasts, so the bot does not wait for it.
    profile = asyncio.create_task(set_profile(bot))
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:  # only a lost lease or token, or a refused webhook, ends a task
            task.result()
    finally:
        await end([profile, *tasks])
        await inbox.stop()
        await delivery.drain()


async def _receive(bot: Bot, config: Config, inbox: Inbox) -> None:
    """Take updates, forever; raises what `listen` and `poll` raise."""
    server = await listen(bot, config, inbox.store)
    announce("bot: ready")
    if not server:
        await poll(bot, inbox.store)
        return
    try:
        await asyncio.Event().wait()
    finally:
        server.stop()
        await server.close_all_connections()
