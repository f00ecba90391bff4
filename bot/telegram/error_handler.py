"""Logs an error that no handler caught, and tells the user whether Telegram or the bot failed."""

import asyncio
import logging
from contextlib import suppress

import redis
from telegram import CallbackQuery, Update
from telegram.error import BadRequest, TelegramError

from bot.admin.commands import BROKEN
from bot.logs import reason
from bot.telegram.context import Context
from bot.telegram.errors import is_everyday, is_outage
from bot.telegram.messages import reply
from bot.telegram.retry import with_retries
from bot.telegram.updates import GivenUp
from worker.queue.stats import count

log = logging.getLogger(__name__)


async def report(connection: redis.Redis, update: object, context: Context) -> None:
    """Log an error, and tell the user of the update, if it has one and is answerable."""
    error = context.error
    if is_everyday(error):
        log.info("a user cannot be answered: %s", error)
        return  # nor would they see another message there
    if is_outage(error):
        log.warning("Telegram does not answer: %r", error)
    elif isinstance(error, GivenUp):
        log.error("%s", error)
    elif isinstance(error, redis.RedisError):
        log.error("Redis does not serve the bot: %s", reason(error))
    else:
        log.error("an update could not be handled", exc_info=error)
        with suppress(redis.RedisError):
            await asyncio.to_thread(count, connection, BROKEN)
    if isinstance(update, Update) and update.effective_user:
        words = context.words
        with suppress(TelegramError):
            await _tell(update, words("no-telegram") if is_outage(error) else words("broken"))


async def _tell(update: Update, sentence: str) -> None:
    query, message = update.callback_query, update.effective_message
    if query:
        await _answer(query, sentence)
    elif message:
        await reply(message, sentence)


async def _answer(query: CallbackQuery, sentence: str) -> None:
    """Answer a button press; when it is too late for that, write to its user."""
    try:
        await with_retries(lambda: query.answer(sentence))
    except BadRequest:
        await with_retries(lambda: query.from_user.send_message(sentence))
