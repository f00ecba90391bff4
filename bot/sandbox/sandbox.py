"""The sandbox: one bot, its chats, users and files, and changes to them."""

import json
import time
from pathlib import Path

from aiohttp import web

from bot.sandbox import images, objects, rules, sticker_rules
from bot.sandbox.decoding import FileRef, Json, Upload
from bot.sandbox.errors import ApiError, BadRequest, Faults
from bot.sandbox.files import PHOTO, STICKER, UNIQUE_ID, FileStore, StoredFile
from bot.sandbox.flood import Flood
from bot.sandbox.hub import Hub
from bot.sandbox.inline import Inline
from bot.sandbox.state import StateFile
from bot.sandbox.updates import UpdateQueue


class Sandbox:
    """The bot, its chats and files, on which Bot API methods and the chat page act."""

    def __init__(self, folder: Path, username: str, first_name: str = "Эмоджич") -> None:
        self.username = username
        self.first_name = first_name
        self._file = StateFile(folder / "state.json")
        self.state = self._file.state
        self.files = FileStore(folder / "files", self.state.files, self._needed_files)
        self.updates = UpdateQueue(self._file)
        self.hub = Hub()
        self.faults = Faults()
        self.flood: Flood | None = None  # no limits on messages
        self.inline = Inline()

    def save(self) -> None:
        """Write every change to the disk; callers do so before they answer."""
        self._file.save()

    @property
    def bot(self) -> Json:
        """The bot, as the ``from`` of its messages."""
        return objects.bot_user(self.state.bot_id, self.first_name, self.username)

    def person(self, user_id: int) -> Json:
        """A user who has written to the bot.  Raises BadRequest for any other."""
        if user_id not in self.state.users:
            raise BadRequest("user not found")
        return self.state.users[user_id]

    def chat(self, chat_id: int) -> Json:
        """A chat to which the bot can write."""
        if group := self.state.groups.get(chat_id):
            if group.migrated_to:
                reason = "Bad Request: group chat was upgraded to a supergroup chat"
                raise ApiError(400, reason, migrate_to_chat_id=group.migrated_to)
            return objects.group_chat(group)
        if chat_id in self.state.messages:
            return objects.private_chat(self.state.users[chat_id])
        if chat_id in self.state.users:  # met in a group
            raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
        raise BadRequest("chat not found")

    def members(self, chat_id: int) -> list[int]:
        """The people of a chat."""
        group = self.state.groups.get(chat_id)
        return [chat_id] if group is None else group.members

    def message(self, chat_id: int, message_id: int, purpose: str) -> Json:
        """A message of a chat; ``purpose`` names it in the error, as Telegram does."""
        self.chat(chat_id)
        message = self.state.messages[chat_id].get(message_id)
        if message is None:
            raise BadRequest(f"{purpose} not found")
        return message

    def reply(self, chat_id: int, message_id: int) -> Json:
        """The fields by which a message names the one that it replies to."""
        message = self.message(chat_id, message_id, "message to be replied")
        # As in the Bot API, a message inside another one does not contain a third one.
        return {"reply_to_message": {k: v for k, v in message.items() if k != "reply_to_message"}}

    def send(self, chat_id: int, content: Json) -> Json:
        """A new message from the bot."""
        if chat_id in self.state.blocked_by:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        return self.add_message(chat_id, self.bot, content)

    def replace(self, message: Json) -> Json:
        """Put the new version of a message in the place of the old one."""
        chat_id = message["chat"]["id"]
        self.state.messages[chat_id][message["message_id"]] = message
        self.tell(chat_id, {"type": "message", "message": message})
        return message

    def delete(self, chat_id: int, message_id: int) -> None:
        """Delete a message from its chat."""
        del self.state.messages[chat_id][message_id]
        self.tell(chat_id, {"type": "deleted", "message_id": message_id})

    def tell(self, chat_id: int, event: Json) -> None:
        """Tell the chat pages of everyone in a chat."""
        self.hub.publish({**event, "chat_id": chat_id}, self.members(chat_id))

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

    def sticker_file(
        self, sticker: FileRef, sticker_type: str | None, *, anew: bool = False
    ) -> StoredFile:
        """The file of a sticker, new or known, that fits ``sticker_type``."""
        if isinstance(sticker, Upload):
            sticker_rules.check_sticker_file(sticker.data, sticker_type)
            return self.files.put(sticker.data, STICKER, anew=anew)
        stored = self.known_file(sticker, STICKER)
        sticker_rules.check_sticker_file(self.files.read(stored), sticker_type)
        return stored

    def known_file(self, file_id: str, kind: str) -> StoredFile:
        """The file behind a ``file_id``, if it can be used as ``kind``."""
        if file_id.startswith(("http://", "https://")):
            raise BadRequest("the sandbox fetches nothing from the Internet; upload the file")
        return self.files.find(file_id, kind)

    def _needed_files(self, newest: set[str]) -> set[str]:
        """The newest files and those that something shows; a photo in all its sizes."""
        state = self.state
        text = json.dumps([state.messages, state.updates, state.sets], default=vars)
        needed = newest.union(UNIQUE_ID.findall(text))
        for sizes in state.photos.values():
            if not needed.isdisjoint(sizes):
                needed.update(sizes)
        for size in state.photos.keys() - needed:
            del state.photos[size]
        return needed

    def sets_changed(self) -> None:
        """Tell the chat pages to look at the packs again."""
        self.hub.publish({"type": "packs"})

    def add_message(self, chat_id: int, sender: Json, content: Json) -> Json:
        """A new message in a chat, from the bot or from a person."""
        chat = self.chat(chat_id)
        self.state.last_message_id += 1
        message = {
            "message_id": self.state.last_message_id,
            "from": sender,
            "chat": chat,
            "date": int(time.time()),
            **content,
        }
        return self.replace(message)


#: The sandbox of an aiohttp application.
SANDBOX: web.AppKey[Sandbox] = web.AppKey("sandbox", Sandbox)
