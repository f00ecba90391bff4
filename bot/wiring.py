"""Which part knows which, and what each is told of."""

import redis
import redis.asyncio
from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, TypeHandler

from bot.account import forget, history_menu, settings
from bot.account.history import History
from bot.admin.access import Access
from bot.admin.commands import Admin
from bot.config import Config
from bot.inline.handler import Answers
from bot.inline.index import Labels
from bot.inline.pack_cache import Glance
from bot.messages import message_handlers
from bot.packs import menu as pack_menu
from bot.packs import sticker_choice as one
from bot.packs import sticker_menu as tidy
from bot.packs.emoji_replies import Relabelling
from bot.packs.screens import Screens
from bot.packs.sticker_sets import Packs
from bot.packs.store import Shelf
from bot.pictures.downloads import Pictures
from bot.requests.blocklist import Blocklist
from bot.requests.buttons import Taps
from bot.requests.delivery import Delivery
from bot.requests.groups import Groups
from bot.requests.intake import Intake
from bot.requests.monitor import Watch
from bot.requests.prompts import Prompts
from bot.requests.quota import Quota
from bot.requests.store import Store
from bot.telegram.callbacks import on_tap
from bot.telegram.filters import PRIVATE_WORDS
from bot.telegram.questions import Questions
from worker.queue.events import EventReader
from worker.queue.requests import RequestQueue

# The groups of handlers that python-telegram-bot asks before and after the default, 0.
_BEFORE_ALL, _AFTER_ALL = -1, 1


def wire(
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
    taps = Taps(store, intake, delivery, packs, tidying, labels, connection)
    application.add_handler(TypeHandler(Update, access.check), group=_BEFORE_ALL)
    application.add_handlers(Admin(access, intake, queue, connection).handlers(config.admins))
    application.add_handlers(
        [
            CommandHandler("packs", packing.show, PRIVATE_WORDS),
            CommandHandler("history", remembering.show, PRIVATE_WORDS),
            CommandHandler("settings", setting.show, PRIVATE_WORDS),
            CommandHandler("forget", forgetting.ask, PRIVATE_WORDS),
            on_tap(pack_menu.TAP, packing.tap),
            on_tap(one.TAP, picking.tap),
            on_tap(tidy.TAP, tidying.tap),
            on_tap(settings.TAP, setting.tap),
            on_tap(history_menu.TAP, remembering.tap),
            on_tap(forget.TAP, forgetting.tap),
            CallbackQueryHandler(taps.answer),
        ]
    )
    prompts = Prompts(store, intake)
    application.add_handlers(answers.handlers())
    application.add_handler(TypeHandler(Update, answers.look_again), group=_AFTER_ALL)
    application.add_handlers(Groups(prompts, relabelling, delivery).handlers())
    takers = (packing.take_title, picking.take_emoji)
    application.add_handlers(
        message_handlers(intake, prompts, relabelling, picking, takers, tidying, taps.start)
    )
    return delivery, Watch(store, queue, delivery, connection)
