"""What people do: write, edit, press buttons; each becomes an update for the bot."""

import time

from bot.sandbox import images, objects, rules
from bot.sandbox.decoding import Json, Upload
from bot.sandbox.entities import parse_text
from bot.sandbox.errors import BadRequest
from bot.sandbox.files import STICKER
from bot.sandbox.state import Tap
from bot.sandbox.world import Sandbox

DEFAULT_USER = 1001
#: Who the chat page can be; whoever else comes is a guest.
NAMES = {DEFAULT_USER: "Саша", 1002: "Аня"}


def arrive(box: Sandbox, user_id: int, first_name: str | None, language_code: str | None) -> Json:
    """The user as they are now; who comes for the first time gets a chat with the bot."""
    known = box.state.users.get(user_id, {})
    person = objects.user(
        user_id,
        first_name or known.get("first_name", NAMES.get(user_id, f"Гость {user_id}")),
        language_code or known.get("language_code", "ru"),
    )
    box.state.users[user_id] = person
    box.state.messages.setdefault(user_id, {})
    return person


def text(words: str) -> Json:
    """The content of a message that is a text."""
    rules.check_text(words.strip())
    plain, entities = parse_text(words)
    return {"text": plain, **({"entities": entities} if entities else {})}


def sample_sticker(box: Sandbox) -> Json:
    """The content of a message that is a sticker of no set."""
    stored = box.files.put(images.sample_sticker(), STICKER)
    return {"sticker": objects.sticker(stored, "🙂")}


def sample_photo(box: Sandbox) -> Json:
    """The content of a message that is a photo."""
    return {"photo": box.photo(Upload("photo.jpg", images.sample_photo()))}


def send(box: Sandbox, person: Json, content: Json) -> Json:
    """A new message from a person."""
    message = box.add_message(person["id"], person, content)
    box.updates.push("message", message)
    return message


def edit(box: Sandbox, person: Json, message_id: int, words: str) -> Json:
    """Another text in a message of one's own (https://core.telegram.org/bots/api#update)."""
    message = box.message(person["id"], message_id, "message to edit")
    if message["from"]["id"] != person["id"] or "text" not in message:
        raise BadRequest("message can't be edited")
    if time.time() - message["date"] > rules.EDITABLE_SECONDS:
        raise BadRequest("message can't be edited")
    kept = {key: value for key, value in message.items() if key not in ("text", "entities")}
    edited = {**kept, **text(words)}
    if edited == message:
        raise BadRequest(rules.NOT_MODIFIED)
    edited["edit_date"] = int(time.time())
    box.replace(edited)
    box.updates.push("edited_message", edited)
    return edited


def tap(box: Sandbox, person: Json, message_id: int, data: str) -> Tap:
    """A press on an inline button.

    The button may be gone by now: the Bot API warns that "the message originated the query can
    contain no callback buttons with this data".
    """
    message = box.message(person["id"], message_id, "message")
    box.state.last_tap_id += 1
    pressed = Tap(str(box.state.last_tap_id), person["id"], message_id, data, int(time.time()))
    box.state.taps[pressed.id] = pressed
    box.updates.push("callback_query", objects.callback_query(pressed.id, person, message, data))
    return pressed
