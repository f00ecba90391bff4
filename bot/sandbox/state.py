"""The state that survives a restart: chats, sticker sets, pending updates; one small state.json.

Messages, updates and users are stored as the JSON of the Bot API.  The Bot API does not show the
other data (the owner of a set, the answer to a button press): it is in dataclasses.
"""

import json
import operator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sandbox.decoding import Json, decode
from bot.sandbox.files import StoredFile, write_atomically

#: A chat keeps this many messages, so that state.json stays small.
MAX_MESSAGES = 1000
MAX_PRESSES = 200


@dataclass
class StickerInSet:
    """One sticker of a set; its picture is the file ``unique_id``."""

    unique_id: str
    emoji_list: list[str]
    keywords: list[str]


@dataclass
class StickerSet:
    """A sticker set made by the bot for a user."""

    name: str
    title: str
    sticker_type: str
    user_id: int
    stickers: list[StickerInSet] = field(default_factory=list)
    needs_repainting: bool = False


@dataclass
class Group:
    """A group that the bot is in."""

    id: int
    title: str
    members: list[int]
    migrated_to: int = 0  # the supergroup that it has become


@dataclass
class Answer:
    """The bot's answerCallbackQuery."""

    text: str = ""
    show_alert: bool = False
    url: str = ""


@dataclass
class ButtonPress:
    """A press on an inline button: the sandbox's side of a CallbackQuery."""

    id: str
    user_id: int
    message_id: int
    data: str
    date: int
    chat_id: int = 0
    answer: Answer | None = None


@dataclass
class Webhook:
    """The address that gets updates instead of getUpdates."""

    url: str
    secret_token: str = ""
    max_connections: int = 40
    last_error_date: int = 0
    last_error_message: str = ""


@dataclass
class Profile:
    """The bot's texts by language ("" for all others), and its commands by scope and language."""

    description: dict[str, str] = field(default_factory=dict)
    commands: dict[str, dict[str, list[Json]]] = field(default_factory=dict)


@dataclass
class State:
    """Everything the sandbox remembers; the names of the fields are those of state.json."""

    bot_id: int = 0
    last_message_id: int = 0
    last_update_id: int = 0
    last_tap_id: int = 0
    last_question_id: int = 0
    allowed_updates: list[str] = field(default_factory=list)
    updates: list[Json] = field(default_factory=list)
    webhook: Webhook | None = None
    blocked_by: list[int] = field(default_factory=list)
    users: dict[int, Json] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    messages: dict[int, dict[int, Json]] = field(default_factory=dict)  # by chat
    taps: dict[str, ButtonPress] = field(default_factory=dict)
    sets: dict[str, StickerSet] = field(default_factory=dict)  # by name in lower case
    files: dict[str, StoredFile] = field(default_factory=dict)
    photos: dict[str, list[str]] = field(default_factory=dict)  # a size -> all sizes of its photo
    profile: Profile = field(default_factory=Profile)


class StateFile:
    """The state in memory and its file on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saved = ""
        self._chats: dict[int, tuple[list[Json], str]] = {}  # their messages, and those as JSON
        self.state = self._load()

    def save(self) -> None:
        """Write the state, if anything has changed."""
        self._forget()
        chats = (f'"{i}": {self._chat(i, chat)}' for i, chat in self.state.messages.items())
        others = {name: part for name, part in vars(self.state).items() if name != "messages"}
        text = f'{_dumps(others)[:-1]}, "messages": {{{", ".join(chats)}}}}}'
        if text != self._saved:
            write_atomically(self._path, text.encode())
            self._saved = text

    def _chat(self, chat_id: int, messages: dict[int, Json]) -> str:
        """The messages of a chat as JSON.

        Each call of the bot saves the state, and without this cache a call would take longer with
        each new chat.  An edited message is a new object, so identity tells what has changed.
        """
        now = list(messages.values())
        before, text = self._chats.get(chat_id, ([], "{}"))
        if len(before) != len(now) or any(map(operator.is_not, before, now)):
            text = _dumps(messages)
            self._chats[chat_id] = now, text
        return text

    def _load(self) -> State:
        if not self._path.exists():
            return State()
        try:
            state: State = decode(json.loads(self._path.read_text("utf-8")), State)
        except (OSError, ValueError) as error:  # ValueError: no UTF-8, no JSON, or of another shape
            reason = error.strerror if isinstance(error, OSError) else error
            raise SystemExit(
                f"emojich: {self._path} is no state of this sandbox ({reason}): move it away."
            ) from None
        return state

    def _forget(self) -> None:
        for messages in self.state.messages.values():
            _drop_oldest(messages, MAX_MESSAGES)
        _drop_oldest(self.state.taps, MAX_PRESSES)


def _dumps(content: object) -> str:
    return json.dumps(content, default=vars)  # ASCII: it may hold half a character


def _drop_oldest(items: dict[Any, Any], keep: int) -> None:
    for key in list(items)[: max(len(items) - keep, 0)]:
        del items[key]
