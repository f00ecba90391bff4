"""Prompts in groups: `/sticker кот в шляпе`, or a message that mentions the bot.

In privacy mode Telegram brings no others: https://core.telegram.org/bots/features#privacy-mode.
"""

from functools import partial

from telegram import Message, MessageEntity, Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.patience import insist
from bot.prompts import Prompts

COMMAND = "sticker"

Handler = BaseHandler[Update, ContextTypes.DEFAULT_TYPE, None]

_NEW = filters.UpdateType.MESSAGE
_MENTION = filters.ChatType.GROUPS & _NEW & filters.Entity(MessageEntity.MENTION)


class Groups:
    """Takes prompts out of messages that are not prompts as a whole."""

    def __init__(self, prompts: Prompts):
        self._prompts = prompts

    def handlers(self) -> list[Handler]:
        """The command works in private chats, too."""
        return [
            CommandHandler(COMMAND, self._take_command, _NEW),
            MessageHandler(_MENTION, self._take_mention),
        ]

    async def _take_command(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.effective_message
        if message and message.text:
            _command, *prompt = message.text.split(maxsplit=1)
            await self._take(update, message, "".join(prompt))

    async def _take_mention(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.effective_message
        if message is None or message.text is None:
            return
        mentions = message.parse_entities([MessageEntity.MENTION]).values()
        ours = [name for name in mentions if name.lower() == f"@{context.bot.username}".lower()]
        if ours:
            await self._take(update, message, message.text.replace(ours[0], " "))

    async def _take(self, update: Update, message: Message, text: str) -> None:
        if user := update.effective_user:
            for sentence in await self._prompts.take(user, message, update.update_id, text):
                await insist(partial(message.reply_text, sentence))
