"""Telegram's rules for messages: the numbers, and the checks that refuse what Telegram refuses.

The numbers are the Bot API's; the words of the errors are those of Telegram's Bot API server
wherever it has them.
"""

import re
from urllib.parse import urlsplit

from bot.sandbox import images
from bot.sandbox.entities import utf16_length
from bot.sandbox.errors import BadRequest
from bot.sandbox.inputs import (
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultsButton,
)

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_CALLBACK_DATA_BYTES = 64
MAX_CALLBACK_ANSWER = 200
MAX_BUTTONS = 100
MAX_COPY_TEXT = 256
MAX_PLACEHOLDER = 64
MAX_SECRET_TOKEN = 256
SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]*")
BUTTON_STYLES = ("danger", "success", "primary")

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_PHOTO_SIDES = 10_000  # width and height together
MAX_PHOTO_RATIO = 20

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
MAX_COMMANDS = 100
MAX_COMMAND_DESCRIPTION = 256
MAX_DESCRIPTION = 512

DELETABLE_SECONDS = 48 * 3600
#: How long people may edit: https://telegram.org/faq#q-can-i-delete-my-messages
EDITABLE_SECONDS = 48 * 3600
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
#: Telegram does not publish how long a callback query may wait for its answer; a client shows
#: progress for about this long, so a bot that needs longer is wrong in any case.
CALLBACK_SECONDS = 30

MAX_INLINE_QUERY = 256
MAX_INLINE_RESULTS = 50
MAX_INLINE_ID_BYTES = 64  # of a result's identifier, and of next_offset
START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: https://core.telegram.org/api/links#bot-links
START_LINK = re.compile(
    r"(?:(?:https?://)?t\.me/|tg://resolve\?domain=)(?P<name>\w+)[?&]start=[A-Za-z0-9_-]{1,64}",
    re.A,
)


def check_text(text: str) -> None:
    """sendMessage, editMessageText: 1-4096 characters after entities parsing."""
    if not text:
        raise BadRequest("message text is empty")
    if utf16_length(text) > MAX_TEXT:
        raise BadRequest("message is too long")


def check_caption(caption: str) -> None:
    """sendPhoto, editMessageCaption: 0-1024 characters after entities parsing."""
    if utf16_length(caption) > MAX_CAPTION:
        raise BadRequest("message caption is too long")


def check_keyboard(markup: InlineKeyboardMarkup) -> None:
    """InlineKeyboardMarkup: every button has a text and does exactly one thing."""
    buttons = [button for row in markup.inline_keyboard for button in row]
    if len(buttons) > MAX_BUTTONS:
        raise BadRequest("reply markup is too long")
    for button in buttons:
        _check_button(button)


def _check_button(button: InlineKeyboardButton) -> None:
    if not button.text.strip():
        raise BadRequest("can't parse inline keyboard button: text must be non-empty")
    if button.style is not None and button.style not in BUTTON_STYLES:
        raise BadRequest("can't parse inline keyboard button: invalid button style specified")
    if button.actions != 1:
        # Telegram has more kinds than the sandbox knows (web apps, games, payments, ...).
        raise BadRequest("can't parse inline keyboard button: it must do exactly one thing")
    if button.url is not None and urlsplit(button.url).scheme not in ("http", "https", "tg"):
        raise BadRequest(
            f"inline keyboard button URL '{button.url}' is invalid: BUTTON_URL_INVALID"
        )
    data = button.callback_data
    if data is not None and not 1 <= len(data.encode()) <= MAX_CALLBACK_DATA_BYTES:
        raise BadRequest("BUTTON_DATA_INVALID")
    if button.copy_text and not 1 <= utf16_length(button.copy_text.text) <= MAX_COPY_TEXT:
        raise BadRequest("BUTTON_COPY_TEXT_INVALID")


def check_callback_answer(text: str, url: str, username: str) -> None:
    """answerCallbackQuery: 0-200 characters; a URL that opens the bot itself."""
    if utf16_length(text) > MAX_CALLBACK_ANSWER:
        raise BadRequest("MESSAGE_TOO_LONG")
    start = START_LINK.fullmatch(url)
    if url and not (start and start["name"].lower() == username.lower()):
        raise BadRequest("URL_INVALID")


def check_webhook(url: str, secret_token: str) -> None:
    """setWebhook: an address, and a secret of 1-256 letters, digits, _ and -."""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise BadRequest("invalid webhook URL specified")
    if len(secret_token) > MAX_SECRET_TOKEN:
        raise BadRequest("secret token is too long")
    if not SECRET_TOKEN.fullmatch(secret_token):
        raise BadRequest("secret token contains unallowed characters")


def check_inline_results(identifiers: list[str], next_offset: str) -> None:
    """answerInlineQuery: at most 50 results; identifiers of 1-64 bytes, each once."""
    if len(identifiers) > MAX_INLINE_RESULTS:
        raise BadRequest("too many inline query results specified")
    if not all(1 <= len(identifier.encode()) <= MAX_INLINE_ID_BYTES for identifier in identifiers):
        raise BadRequest("RESULT_ID_INVALID")
    if len(set(identifiers)) < len(identifiers):
        raise BadRequest("RESULT_ID_DUPLICATE")
    if len(next_offset.encode()) > MAX_INLINE_ID_BYTES:
        raise BadRequest("NEXT_OFFSET_INVALID")


def check_inline_button(button: InlineQueryResultsButton) -> None:
    """InlineQueryResultsButton: a text; 1-64 letters, digits, _ and - in start_parameter."""
    if not button.text.strip():
        raise BadRequest("SWITCH_PM_TEXT_EMPTY")
    if not START_PARAMETER.fullmatch(button.start_parameter):
        raise BadRequest("START_PARAM_INVALID")


def check_photo(data: bytes) -> None:
    """sendPhoto: at most 10 MB, sides at most 10000 together, ratio at most 20."""
    if len(data) > MAX_PHOTO_BYTES:
        raise BadRequest("file is too big")
    info = images.inspect(data)
    if info is None:
        raise BadRequest("IMAGE_PROCESS_FAILED")
    short, long = sorted((info.width, info.height))
    if short + long > MAX_PHOTO_SIDES or long > MAX_PHOTO_RATIO * short:
        raise BadRequest("PHOTO_INVALID_DIMENSIONS")


def check_commands(commands: list[BotCommand]) -> None:
    """setMyCommands: at most 100; lower-case names of 1-32, descriptions of 1-256 characters."""
    if len(commands) > MAX_COMMANDS:
        raise BadRequest("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not COMMAND.fullmatch(command.command.removeprefix("/")):
            raise BadRequest("BOT_COMMAND_INVALID")
        if not 1 <= utf16_length(command.description) <= MAX_COMMAND_DESCRIPTION:
            raise BadRequest("BOT_COMMAND_DESCRIPTION_INVALID")
