"""Routes messages and commands to the packages that handle them."""

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from telegram import InlineKeyboardMarkup, Message, Update, User
from telegram.ext import CommandHandler, MessageHandler, filters

from bot.packs.emoji_replies import EmojiReplies
from bot.packs.sticker_menu import StickerMenu
from bot.packs.sticker_page import IS_CUSTOM_EMOJI, StickerPage
from bot.requests.image_prompts import Albums
from bot.requests.intake import Intake
from bot.requests.prompt_links import prompt_of_start
from bot.requests.prompts import Prompts
from bot.requests.view import examples_keyboard, prompt_keyboard
from bot.russian.written_emoji import is_emoji_only
from bot.telegram.context import Context, Handler
from bot.telegram.messages import GROUP_WORDS, OWN_WORDS, PRIVATE, PRIVATE_WORDS, Screen, reply
from bot.texts import Texts

Answer = Callable[[Update, Context], Coroutine[Any, Any, None]]
# Handles the answer to a question; False if the message does not answer the handler's question.
AnswerHandler = Callable[[User, Message, Texts], Coroutine[Any, Any, bool]]
# Handles the parameter of a start link; returns the reply, None if the link is for another handler.
LinkHandler = Callable[[User, str, Texts], Coroutine[Any, Any, str | None]]


class _NamesTheBot(filters.MessageFilter):
    """Matches commands that name the bot, like /packs@the_bot."""

    def filter(self, message: Message) -> bool:
        named = re.match(r"/\w+@(\w+)", message.text or "")
        return named is not None and named[1].lower() == message.get_bot().username.lower()


_NAMED_COMMAND = GROUP_WORDS & _NamesTheBot()
_ANIMATED = filters.VIDEO | filters.ANIMATION | filters.VIDEO_NOTE
_PICTURE = (filters.PHOTO | filters.Document.IMAGE) & ~_ANIMATED
_EDITED = filters.ChatType.PRIVATE & filters.UpdateType.EDITED_MESSAGE


def message_handlers(
    intake: Intake,
    prompts: Prompts,
    emoji_replies: EmojiReplies,
    sticker_page: StickerPage,
    answer_handlers: Sequence[AnswerHandler],
    sticker_menu: StickerMenu,
    follow_link: LinkHandler,
) -> list[Handler]:
    """The handlers, in the order in which they are tried; the first that matches wins."""
    start = _start(_reply_with("welcome", examples_keyboard()), follow_link)
    albums = Albums()
    take_prompt = _take_prompt(prompts, albums)
    take_reply = _take_reply(answer_handlers, emoji_replies, take_prompt)
    in_groups = _reply_with("in-groups")
    return [
        CommandHandler("start", start, PRIVATE_WORDS),
        CommandHandler("help", _help, PRIVATE_WORDS),
        CommandHandler("privacy", _reply_with("privacy"), PRIVATE_WORDS),
        CommandHandler("cancel", _cancel(intake, sticker_menu), PRIVATE_WORDS),
        CommandHandler(["start", "help"], in_groups, GROUP_WORDS),
        MessageHandler(_NAMED_COMMAND, in_groups),  # no other bot answers it
        MessageHandler(PRIVATE_WORDS & filters.COMMAND, _reply_with("unknown-command")),
        MessageHandler(PRIVATE & filters.COMMAND, _reply_with("foreign-command")),
        MessageHandler(PRIVATE & filters.Sticker.ALL, sticker_menu.show),
        MessageHandler(PRIVATE & IS_CUSTOM_EMOJI & ~filters.REPLY, sticker_page.show),
        MessageHandler(PRIVATE & OWN_WORDS & filters.REPLY & filters.TEXT, take_reply),
        MessageHandler(PRIVATE & filters.TEXT, take_prompt),
        MessageHandler(_EDITED & filters.TEXT & ~filters.COMMAND, take_prompt),
        MessageHandler(PRIVATE & _ANIMATED, _reply_once_per_album("picture-moving", albums)),
        MessageHandler((PRIVATE | _EDITED) & _PICTURE & filters.CAPTION, take_prompt),
        MessageHandler(PRIVATE & _PICTURE, _reply_once_per_album("picture-what", albums)),
        MessageHandler(PRIVATE & ~filters.StatusUpdate.ALL, _reply_with("not-text")),
    ]


def _reply_with(message_id: str, keyboard: InlineKeyboardMarkup | None = None) -> Answer:
    """Answer a message with one of the bot's texts."""

    async def answer(update: Update, context: Context) -> None:
        if update.effective_user and (message := update.effective_message):
            await reply(message, Screen(context.words(message_id), keyboard))

    return answer


async def _help(update: Update, context: Context) -> None:
    """List what users can do; inline mode only if the operator has switched it on."""
    message, bot, words = update.effective_message, context.bot, context.words
    if update.effective_user and message:
        text = words("help")
        if bot.supports_inline_queries:
            text += f"\n\n{words('help-inline', bot=bot.username)}"
        await reply(message, Screen(text, examples_keyboard()))


def _start(welcome: Answer, follow_link: LinkHandler) -> Answer:
    """Greet the user, or handle the start link that the user has opened.

    A prompt from a link is drawn only after a button press: anybody may have made the link.
    """

    async def answer(update: Update, context: Context) -> None:
        user, message = update.effective_user, update.effective_message
        parameter = " ".join(context.args or [])
        prompt = prompt_of_start(parameter)
        if user and message and (sentence := await follow_link(user, parameter, context.words)):
            await reply(message, sentence)
        elif user and message and prompt:
            text = context.words("draw-this", prompt=prompt)
            await reply(message, Screen(text, prompt_keyboard(prompt, context.words)))
        else:
            await welcome(update, context)

    return answer


def _cancel(intake: Intake, sticker_menu: StickerMenu) -> Answer:
    """Cancel a user's open requests, and the pending replacement of a sticker."""

    async def answer(update: Update, context: Context) -> None:
        user, message, words = update.effective_user, update.effective_message, context.words
        if user and message:
            not_replaced = (
                [words("sticker-kept")] if await sticker_menu.cancel_replacement(user.id) else []
            )
            count = await intake.cancel_all(user.id)
            stopped = [words("cancelled-all", count=count)] if count else []
            await reply(message, "\n".join(stopped + not_replaced) or words("nothing-to-cancel"))

    return answer


def _reply_once_per_album(message_id: str, albums: Albums) -> Answer:
    """Answer a message; of an album, only the first one."""
    reply_with = _reply_with(message_id)

    async def answer(update: Update, context: Context) -> None:
        user, message = update.effective_user, update.effective_message
        if user and message and albums.is_first(user.id, message):
            await reply_with(update, context)

    return answer


def _take_prompt(prompts: Prompts, albums: Albums) -> Answer:
    """Queue the requests of a new or edited message, or reply why not."""

    async def answer(update: Update, context: Context) -> None:
        user, message = update.effective_user, update.effective_message
        if not (user and message and (message.text or message.caption)):
            return
        albums.is_first(user.id, message)
        is_edited_reply = bool(message.edit_date and message.reply_to_message)
        if is_edited_reply and not await prompts.has_taken(user, message):
            return  # the reply was no prompt: it answered a question or set emoji
        for sentence in await prompts.take(user, message, update.update_id, context.words):
            await reply(message, sentence)

    return answer


def _take_reply(
    answer_handlers: Sequence[AnswerHandler], emoji_replies: EmojiReplies, take_prompt: Answer
) -> Answer:
    """Handle a reply: the answer to a question of the bot, emoji for stickers, or a prompt."""

    async def answer(update: Update, context: Context) -> None:
        user, message = update.effective_user, update.effective_message
        if not (user and message and message.text):
            return
        for handle in answer_handlers:
            if await handle(user, message, context.words):
                return
        is_emoji = is_emoji_only(message.text)
        await (emoji_replies.answer if is_emoji else take_prompt)(update, context)

    return answer
