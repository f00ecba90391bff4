"""What Telegram shows of the bot: the menu of commands, and what stands in an empty chat."""

import logging

from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats
from telegram.error import TelegramError

from bot.texts import ENGLISH, RUSSIAN, texts

# In the menu.
COMMANDS = ("start", "packs", "history", "settings", "cancel", "forget", "privacy", "help")
GROUP_WORDSS = ("sticker", "help")

log = logging.getLogger(__name__)


async def introduce(bot: Bot) -> None:
    """Fill both: in English, and in Russian for whoever has Telegram in Russian."""
    try:
        for scope, names in ((None, COMMANDS), (BotCommandScopeAllGroupChats(), GROUP_WORDSS)):
            await bot.set_my_commands(_commands(ENGLISH, names), scope)
            await bot.set_my_commands(_commands(RUSSIAN, names), scope, language_code=RUSSIAN)
        # Russian first: Telegram gives English where there is no Russian.
        for language, code in ((RUSSIAN, RUSSIAN), (ENGLISH, None)):
            await _describe(bot, language, code)
    except TelegramError as error:
        log.warning("the menu of commands, or the description, stays as it was: %s", error)


async def _describe(bot: Bot, language: str, code: str | None) -> None:
    """Say what the bot does, unless whoever runs it has told @BotFather what to say."""
    if not (await bot.get_my_description(code)).description:
        await bot.set_my_description(texts(language)("description"), code)


def _commands(language: str, names: tuple[str, ...]) -> list[BotCommand]:
    words = texts(language)
    return [BotCommand(name, words(f"command-{name}")) for name in names]
