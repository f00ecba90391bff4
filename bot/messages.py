"""What people write to the bot: prompts, commands, and everything that is neither."""

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import InlineKeyboardMarkup, Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot import keyboards
from bot.intake import Intake, OverLimit
from bot.patience import insist
from bot.record import Record
from bot.texts import language_for, texts
from emojich_core.request import InvalidRequest

Answer = Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]
Handler = BaseHandler[Update, ContextTypes.DEFAULT_TYPE, None]

_PRIVATE = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE


def message_handlers(intake: Intake) -> list[Handler]:
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
        MessageHandler(_PRIVATE & filters.TEXT, _take_prompt(intake)),
        MessageHandler(_PRIVATE & ~filters.StatusUpdate.ALL, _say("not-text")),
    ]


def _say(message_id: str, keyboard: InlineKeyboardMarkup | None = None) -> Answer:
    """Answer a message with one of the bot's texts."""

    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        user, message = update.effective_user, update.effective_message
        if user and message:
            text = texts(language_for(user.language_code))(message_id)
            await insist(lambda: message.reply_text(text, reply_markup=keyboard))

    return answer


def _cancel(intake: Intake) -> Answer:
    """Stop all requests of a user."""

    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        user, message = update.effective_user, update.effective_message
        if user and message:
            words = texts(language_for(user.language_code))
            count = await intake.cancel_all(user.id)
            sentence = words("cancelled-all", count=count) if count else words("nothing-to-cancel")
            await insist(lambda: message.reply_text(sentence))

    return answer


def _take_prompt(intake: Intake) -> Answer:
    """Take a request in, or say why not."""

    async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        user, message = update.effective_user, update.effective_message
        if not (user and message and message.text):
            return
        record = Record(
            id=f"{message.chat_id}_{message.message_id}",
            user_id=user.id,
            chat_id=message.chat_id,
            prompt=message.text,
            language=language_for(user.language_code),
        )
        try:
            await intake.take(record)
        except (InvalidRequest, OverLimit) as error:
            refusal = texts(record.language)(f"refusal-{error.reason}")
            await insist(lambda: message.reply_text(refusal))

    return answer
