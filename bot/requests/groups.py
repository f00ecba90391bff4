"""Prompts in groups: `/sticker кот в шляпе`, messages that mention the bot, replies of emoji.

In privacy mode Telegram sends the bot no other messages of a group:
https://core.telegram.org/bots/features#privacy-mode.
It also sends edited messages that address the bot.  If a message that addresses the bot has no
prompt and answers another user's message, that message is the prompt; Telegram includes its text.
The caption of a photo counts as its text.
A user who writes on behalf of a group or a channel cannot have packs, because Telegram does not
name the user.
"""

import re

from telegram import Message, MessageEntity, Update
from telegram.ext import CommandHandler, MessageHandler, filters

from bot.packs.emoji_replies import EmojiReplies
from bot.requests.delivery import Delivery
from bot.requests.prompts import Prompts
from bot.russian.written_emoji import is_emoji_only
from bot.telegram.context import Context, Handler
from bot.telegram.messages import GROUP_WORDS, OWN_WORDS, answered_message, reply
from bot.texts import language_for, texts

COMMAND = "sticker"


class _EmojiOnly(filters.MessageFilter):
    """Matches messages of nothing but emoji."""

    def filter(self, message: Message) -> bool:
        return is_emoji_only(message.text or "")


class _CaptionCommand(filters.MessageFilter):
    """Captions that begin with the command; `CommandHandler` looks at texts only."""

    def filter(self, message: Message) -> bool:
        called = re.match(rf"/{COMMAND}(?:@(\w+))?(?!\S)", message.caption or "", re.IGNORECASE)
        own = message.get_bot().username.lower()
        return called is not None and (called[1] or own).lower() == own


# New and edited messages; an edited prompt is drawn again.  OWN_WORDS leaves out the posts that
# Telegram forwards from a channel to its group.
_WRITTEN = filters.UpdateType.MESSAGES & OWN_WORDS
_MENTION = (
    filters.ChatType.GROUPS
    & _WRITTEN
    & (filters.Entity(MessageEntity.MENTION) | filters.CaptionEntity(MessageEntity.MENTION))
)
_EMOJI = GROUP_WORDS & filters.REPLY & _EmojiOnly()


class Groups:
    """Extracts prompts from the messages of groups, and handles replies of emoji."""

    def __init__(self, prompts: Prompts, emoji_replies: EmojiReplies, delivery: Delivery):
        self._prompts = prompts
        self._emoji_replies = emoji_replies
        self._delivery = delivery

    def handlers(self) -> list[Handler]:
        """The handlers for groups; /sticker works in private chats, too."""
        return [
            CommandHandler(COMMAND, self._take_command, _WRITTEN),
            MessageHandler(_WRITTEN & _CaptionCommand(), self._take_command),
            MessageHandler(_MENTION, self._take_mention),
            MessageHandler(_EMOJI, self._emoji_replies.answer_in_group),
            MessageHandler(filters.StatusUpdate.MIGRATE, self._migrate),
        ]

    async def _take_command(self, update: Update, context: Context) -> None:
        message = update.effective_message
        if message and (text := message.text or message.caption):
            await self._take(update, context, message, _after_command(text))

    async def _take_mention(self, update: Update, context: Context) -> None:
        message = update.effective_message
        text = (message.text or message.caption) if message else None
        if message is None or text is None:
            return
        parse = message.parse_entities if message.text else message.parse_caption_entities
        mentions = parse([MessageEntity.MENTION]).values()
        ours = [name for name in mentions if name.lower() == f"@{context.bot.username}".lower()]
        if ours:
            await self._take(update, context, message, text.replace(ours[0], " "))

    async def _migrate(self, update: Update, _: Context) -> None:
        """Follow a group that has become a supergroup; Telegram reports it in both chats."""
        message = update.effective_message
        if message:
            old = message.migrate_from_chat_id or message.chat_id
            await self._delivery.move(old, message.migrate_to_chat_id or message.chat_id)

    async def _take(self, update: Update, context: Context, message: Message, text: str) -> None:
        """Queue a prompt, or reply why not; without a text, the answered message is the prompt."""
        user = update.effective_user
        if user is None:
            return
        words = texts(language_for(None)) if message.sender_chat else context.words
        answered = answered_message(message, context.bot.id)
        if message.sender_chat:  # `user` is then a placeholder of Telegram's, the same for all
            sentences = [words("nobody")]
        elif prompt := text.strip() or (words_of(message, answered) if answered else ""):
            sentences = await self._prompts.take(user, message, update.update_id, words, prompt)
        else:
            sentences = [words("sticker-no-words") if answered else words("sticker-what")]
        for sentence in sentences:
            await reply(message, sentence)


def words_of(message: Message, answered: Message) -> str:
    """The text of the answered message, or the part that the user quotes, as one prompt."""
    text = answered.text or answered.caption or ""
    if message.quote and message.quote.is_manual:
        text = message.quote.text
    return " ".join((_after_command(text) if text.startswith("/") else text).split())


def _after_command(text: str) -> str:
    _command, *prompt = text.split(maxsplit=1)
    return "".join(prompt)
