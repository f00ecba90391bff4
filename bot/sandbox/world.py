"""The world of the sandbox: one bot, its users, and what happens between them."""

import time
from pathlib import Path

from bot.sandbox import images, objects, rules
from bot.sandbox.decoding import FileRef, Json, Upload
from bot.sandbox.errors import BadRequest
from bot.sandbox.faults import Faults
from bot.sandbox.files import PHOTO, STICKER, FileStore, StoredFile
from bot.sandbox.hub import Hub
from bot.sandbox.state import StateFile
from bot.sandbox.updates import UpdateQueue


class Sandbox:
    """What the Bot API methods and the chat page act on."""

    def __init__(self, folder: Path, username: str, first_name: str = "Эмоджич") -> None:
        self.username = username
        self.first_name = first_name
        self._file = StateFile(folder / "state.json")
        self.state = self._file.state
        self.files = FileStore(folder / "files", self.state.files)
        self.updates = UpdateQueue(self._file)
        self.hub = Hub()
        self.faults = Faults()

    def save(self) -> None:
        """Put every change on disk; called before anyone is told of it."""
        self._file.save()

    @property
    def bot(self) -> Json:
        """The bot, as the ``from`` of its messages."""
        return objects.bot_user(self.state.bot_id, self.first_name, self.username)

    def person(self, user_id: int) -> Json:
        """A user who has written to the bot; a bot cannot know anyone else."""
        if user_id not in self.state.users:
            raise BadRequest("user not found")
        return self.state.users[user_id]

    def message(self, chat_id: int, message_id: int, purpose: str) -> Json:
        """A message of a chat; ``purpose`` names it in the error, as Telegram does."""
        self._require_chat(chat_id)
        message = self.state.messages[chat_id].get(message_id)
        if message is None:
            raise BadRequest(f"{purpose} not found")
        return message

    def send(self, chat_id: int, content: Json) -> Json:
        """A new message from the bot."""
        self._require_chat(chat_id)
        return self.add_message(chat_id, self.bot, content)

    def replace(self, message: Json) -> Json:
        """Put the new version of a message in the place of the old one."""
        chat_id = message["chat"]["id"]
        self.state.messages[chat_id][message["message_id"]] = message
        self.hub.publish({"type": "message", "message": message}, chat_id)
        return message

    def delete(self, chat_id: int, message_id: int) -> None:
        """Take a message out of its chat."""
        del self.state.messages[chat_id][message_id]
        self.hub.publish({"type": "deleted", "message_id": message_id}, chat_id)

    def photo(self, photo: FileRef) -> list[Json]:
        """The sizes of a photo that the bot sends, smallest first."""
        if isinstance(photo, str):
            sizes = self.state.photos[self.known_file(photo, PHOTO).unique_id]
            return [objects.photo_size(self.files.get(size)) for size in sizes]
        rules.check_photo(photo.data)
        stored = [self.files.put(size, PHOTO) for size in images.photo_sizes(photo.data)]
        for size in stored:
            self.state.photos[size.unique_id] = [size.unique_id for size in stored]
        return [objects.photo_size(size) for size in stored]

    def sticker_file(self, sticker: FileRef, sticker_type: str | None) -> StoredFile:
        """The file of a sticker, new or known, that fits ``sticker_type``."""
        if isinstance(sticker, Upload):
            rules.check_sticker_file(sticker.data, sticker_type)
            return self.files.put(sticker.data, STICKER)
        stored = self.known_file(sticker, STICKER)
        rules.check_sticker_file(self.files.read(stored), sticker_type)
        return stored

    def known_file(self, file_id: str, kind: str | None) -> StoredFile:
        """The file behind a ``file_id``; with ``kind``, only if it can be used as that."""
        if file_id.startswith(("http://", "https://")):
            raise BadRequest("the sandbox fetches nothing from the Internet; upload the file")
        return self.files.find(file_id, kind)

    def sets_changed(self) -> None:
        """Tell the chat pages to look at the packs again."""
        self.hub.publish({"type": "packs"})

    def add_message(self, chat_id: int, sender: Json, content: Json) -> Json:
        """A new message in a chat, from the bot or from a person."""
        self.state.last_message_id += 1
        message = {
            "message_id": self.state.last_message_id,
            "from": sender,
            "chat": objects.private_chat(self.state.users[chat_id]),
            "date": int(time.time()),
            **content,
        }
        return self.replace(message)

    def _require_chat(self, chat_id: int) -> None:
        if chat_id not in self.state.messages:
            raise BadRequest("chat not found")
