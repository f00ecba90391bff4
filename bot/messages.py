"""What people write to the bot: prompts, commands, and everything that is neither."""

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import InlineKeyboardMarkup, Message, Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot import keyboards
from bot.emoji.written import is_emoji_only
from bot.intake import Intake
from bot.patience import insist
from bot.prompts import Prompts
from bot.relabelling import Relabelling
from bot.texts import language_for, texts

Answer = Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]
Handler = BaseHandler[Update, ContextTypes.DEFAULT_TYPE, None]

_PRIVATE = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
_EDITED = filters.ChatType.PRIVATE & filters.UpdateType.EDITED_MESSAGE


class _EmojiOnly(filters.MessageFilter):
    """Messages with emoji and nothing else."""

    def filter(self, message: Message) -> bool:
        return is_emoji_only(message.text or "")


_EMOJI_ONLY = _EmojiOnly()


def message_handlers(intake: Intake, prompts: Prompts, relabelling: Relabelling) -> list[Handler]:
    """In the order in which they are tried."""
    welcome = _say("welcome", keyboards.examples())
    help_ = _say("help", keyboards.examples())
    private_only = _say("private-only")
    return [
        CommandHandler("start", welcome, _PRIVATE),
        CommandHandler("help", help_, _PRIVATE),
        CommandHandler("cancel", _cancel(intake), _PRIVATE),
        CommandHandler(["start", "help"], private_only, filters.ChatType.GROUPS),
        MessageHandler(_PRIVATE & filters.COMMAND, _say("unknown-command")),
        MessageHandler(_PRIVATE & filters.REPLY & _EMOJI_ONLY, relabelling.answer),
        MessageHandler(_PRIVATE & filters.TEXT, _take_prompt(prompts)),
        MessageHandler(_EDITED & filters.TEXT & ~filters.COMMAND, _take_prompt(prompts)),
        MessageHandler(_PRIVATE & ~filters.StatusUpdate.ALL, _say("not-text")),
    ]


def _say(message_id: str, keyboard: InlineKeyboardMarkup | None = None) -> Answer:
    """Answer a message with one of the bot's texts."""

    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        user, message = update.effective_user, update.effective_message
        if user and message:
            text = texts(language_for(user.language_code))(message_id)
            await _reply(message, text, keyboard)

    return answer


def _cancel(intake: Intake) -> Answer:
    """Stop all requests of a user."""

    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        user, message = update.effective_user, update.effective_message
        if user and message:
            words = texts(language_for(user.language_code))
            count = await intake.cancel_all(user.id)
            sentence = words("cancelled-all", count=count) if count else words("nothing-to-cancel")
            await _reply(message, sentence)

    return answer


def _take_prompt(prompts: Prompts) -> Answer:
    """Take the requests of a new or an edited message in, or say why not."""

    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        user, message = update.effective_user, update.effective_message
        if not (user and message and message.text):
            return
        for sentence in await prompts.take(user, message, update.update_id):
            await _reply(message, sentence)

    return answer


async def _reply(message: Message, text: str, keyboard: InlineKeyboardMarkup | None = None) -> None:
    await insist(lambda: message.reply_text(text, reply_markup=keyboard))
