"""The menu of commands and the description, which Telegram shows to users."""

import asyncio
import logging

from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats

from bot.logs import reason
from bot.texts import ENGLISH, RUSSIAN, texts

# The menu of private chats, and that of groups.
COMMANDS = ("start", "packs", "history", "settings", "cancel", "forget", "privacy", "help")
GROUP_COMMANDS = ("sticker", "help")

TIMEOUT = 30.0  # seconds, because a bot without a menu is better than one that waits for it

log = logging.getLogger(__name__)


async def set_profile(bot: Bot) -> None:
    """Set menu and description, in English and, for users with Telegram in Russian, in Russian.

    Errors are logged, also for an answer that python-telegram-bot cannot read.
    """
    try:
        async with asyncio.timeout(TIMEOUT):
            await _set_profile(bot)
    except Exception as error:
        log.warning("the menu of commands, or the description, stays as it was: %s", reason(error))


async def _set_profile(bot: Bot) -> None:
    for scope, names in ((None, COMMANDS), (BotCommandScopeAllGroupChats(), GROUP_COMMANDS)):
        await bot.set_my_commands(_commands(ENGLISH, names), scope)
        await bot.set_my_commands(_commands(RUSSIAN, names), scope, language_code=RUSSIAN)
    # Russian first: where it is missing, Telegram returns the English description.
    for language, code in ((RUSSIAN, RUSSIAN), (ENGLISH, None)):
        await _describe(bot, language, code)


async def _describe(bot: Bot, language: str, code: str | None) -> None:
    """Set the description, unless the operator has set one with @BotFather."""
    if not (await bot.get_my_description(code)).description:
        await bot.set_my_description(texts(language)("description"), code)


def _commands(language: str, names: tuple[str, ...]) -> list[BotCommand]:
    words = texts(language)
    return [BotCommand(name, words(f"command-{name}")) for name in names]
