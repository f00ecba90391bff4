"""The objects that a bot sends. Fields that the sandbox does not use are ignored."""

from dataclasses import dataclass, field
from typing import TypeAlias

from bot.sandbox.decoding import FileRef


@dataclass(frozen=True)
class CopyTextButton:
    """The text that a button copies (https://core.telegram.org/bots/api#copytextbutton)."""

    text: str


@dataclass(frozen=True)
class InlineKeyboardButton:
    """A button under a message (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""

    text: str
    url: str | None = None
    callback_data: str | None = None
    switch_inline_query: str | None = None
    switch_inline_query_current_chat: str | None = None
    copy_text: CopyTextButton | None = None
    style: str | None = None

    @property
    def actions(self) -> int:
        """The number of actions of the button."""
        switch = (self.switch_inline_query, self.switch_inline_query_current_chat)
        return sum(
            deed is not None for deed in (self.url, self.callback_data, *switch, self.copy_text)
        )


@dataclass(frozen=True)
class InlineKeyboardMarkup:
    """The buttons under a message (https://core.telegram.org/bots/api#inlinekeyboardmarkup)."""

    inline_keyboard: list[list[InlineKeyboardButton]]


@dataclass(frozen=True)
class ForceReply:
    """Opens the person's box for a reply (https://core.telegram.org/bots/api#forcereply)."""

    force_reply: bool
    input_field_placeholder: str = ""


ReplyMarkup: TypeAlias = InlineKeyboardMarkup | ForceReply


@dataclass(frozen=True)
class ReplyParameters:
    """The message that is replied to (https://core.telegram.org/bots/api#replyparameters)."""

    message_id: int
    allow_sending_without_reply: bool = False


@dataclass(frozen=True)
class InputMediaPhoto:
    """A photo to be sent (https://core.telegram.org/bots/api#inputmediaphoto)."""

    type: str
    media: FileRef
    caption: str = ""


@dataclass(frozen=True)
class InputSticker:
    """A sticker to be added to a set (https://core.telegram.org/bots/api#inputsticker)."""

    sticker: FileRef
    format: str
    emoji_list: list[str]
    keywords: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BotCommand:
    """A command of the bot (https://core.telegram.org/bots/api#botcommand)."""

    command: str
    description: str


@dataclass(frozen=True)
class BotCommandScope:
    """The chats that see a list of commands (https://core.telegram.org/bots/api#botcommandscope)."""

    type: str = "default"
    chat_id: int | None = None

    @property
    def key(self) -> str:
        """The scope as one text."""
        return self.type if self.chat_id is None else f"{self.type} {self.chat_id}"


@dataclass(frozen=True)
class InputTextMessageContent:
    """The text that an inline result sends (https://core.telegram.org/bots/api#inputtextmessagecontent)."""

    message_text: str


@dataclass(frozen=True)
class InlineQueryResultCachedSticker:
    """A sticker to choose (https://core.telegram.org/bots/api#inlinequeryresultcachedsticker)."""

    type: str
    id: str
    sticker_file_id: str
    input_message_content: InputTextMessageContent | None = None


@dataclass(frozen=True)
class InlineQueryResultArticle:
    """A line to choose (https://core.telegram.org/bots/api#inlinequeryresultarticle)."""

    type: str
    id: str
    title: str
    input_message_content: InputTextMessageContent
    description: str = ""


@dataclass(frozen=True)
class InlineQueryResultsButton:
    """The button above the results (https://core.telegram.org/bots/api#inlinequeryresultsbutton)."""

    text: str
    start_parameter: str
