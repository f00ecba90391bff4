"""Groups: `/sticker кот в шляпе`, or a message that mentions the bot; emoji that answer the bot.

In privacy mode Telegram brings no others: https://core.telegram.org/bots/features#privacy-mode.
A message that is edited comes, too, if it still calls the bot.
Who writes on behalf of a group or a channel has no packs: Telegram does not say who it is.
"""

from functools import partial

from telegram import Message, MessageEntity, Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.emoji.written import is_emoji_only
from bot.patience import insist
from bot.prompts import Prompts
from bot.relabelling import Relabelling
from bot.texts import language_for, texts

COMMAND = "sticker"

Handler = BaseHandler[Update, ContextTypes.DEFAULT_TYPE, None]


class _EmojiOnly(filters.MessageFilter):
    """Messages of nothing but emoji."""

    def filter(self, message: Message) -> bool:
        return is_emoji_only(message.text or "")


# New, or edited: what was drawn for it is drawn anew.  Not below a channel's post: that is no
# member's of the group.
_SAID = filters.UpdateType.MESSAGES & ~filters.IS_AUTOMATIC_FORWARD
_MENTION = filters.ChatType.GROUPS & _SAID & filters.Entity(MessageEntity.MENTION)
_EMOJI = filters.ChatType.GROUPS & filters.UpdateType.MESSAGE & filters.REPLY & _EmojiOnly()


class Groups:
    """Takes prompts out of messages that are not prompts as a whole, and emoji for stickers."""

    def __init__(self, prompts: Prompts, relabelling: Relabelling):
        self._prompts = prompts
        self._relabelling = relabelling

    def handlers(self) -> list[Handler]:
        """The command works in private chats, too."""
        return [
            CommandHandler(COMMAND, self._take_command, _SAID),
            MessageHandler(_MENTION, self._take_mention),
            MessageHandler(_EMOJI, self._relabelling.answer_in_group),
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
        user = update.effective_user
        if message.sender_chat:  # and the user is the same for all who write so
            sentence = texts(language_for(None))("nobody")
            await insist(partial(message.reply_text, sentence))
        elif user:
            for sentence in await self._prompts.take(user, message, update.update_id, text):
                await insist(partial(message.reply_text, sentence))
