"""Which part knows which, and what each is told of."""

import redis
import redis.asyncio
from telegram.ext import Application, CallbackQueryHandler, CommandHandler

from bot.buttons import on_tap
from bot.delivery import Delivery
from bot.intake import Intake
from bot.messages import PRIVATE, message_handlers
from bot.packs import menu as pack_menu
from bot.packs import tidy
from bot.packs.packs import Packs
from bot.packs.questions import Questions
from bot.packs.shelf import Shelf
from bot.person import forget, history_menu, settings
from bot.person.history import History
from bot.prompts import Prompts
from bot.relabelling import Relabelling
from bot.store import Store
from bot.taps import Taps
from bot.watch import Watch
from worker.events import EventReader
from worker.queue import RequestQueue


def wire(
    application: Application,
    connection: redis.Redis,
    async_connection: redis.asyncio.Redis,
    consumer: str,
) -> tuple[Delivery, Watch]:
    """Make the parts and give the application its handlers; returns what is to run beside it."""
    store, queue = Store(async_connection), RequestQueue(connection)
    history, liking = History(async_connection), settings.SettingsStore(async_connection)
    reader = EventReader(async_connection, consumer)
    delivery = Delivery(application.bot, store, history, connection, reader)
    intake = Intake(store, liking, queue, delivery)
    packs = Packs(application.bot, Shelf(async_connection))
    packing = pack_menu.PackMenu(packs, Questions(application.bot, async_connection))
    tidying = tidy.Tidy(packs, async_connection)
    setting = settings.SettingsMenu(liking)
    remembering = history_menu.HistoryMenu(history, store, intake, delivery, connection)
    forgetting = forget.Forget(async_connection, intake, packs)
    taps = Taps(store, intake, delivery, packs, tidying, connection)
    application.add_handlers(
        [
            CommandHandler("packs", packing.show, PRIVATE),
            CommandHandler("history", remembering.show, PRIVATE),
            CommandHandler("settings", setting.show, PRIVATE),
            CommandHandler("forget", forgetting.ask, PRIVATE),
            on_tap(pack_menu.TAP, packing.tap),
            on_tap(tidy.TAP, tidying.tap),
            on_tap(settings.TAP, setting.tap),
            on_tap(history_menu.TAP, remembering.tap),
            on_tap(forget.TAP, forgetting.tap),
            CallbackQueryHandler(taps.answer),
        ]
    )
    relabelling = Relabelling(store, delivery, packs)
    application.add_handlers(
        message_handlers(intake, Prompts(store, intake), relabelling, packing, tidying)
    )
    return delivery, Watch(store, queue, delivery)
