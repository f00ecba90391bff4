"""Actions of users: they write, edit, press buttons; each becomes an update for the bot."""

import time
from base64 import b64decode

from bot.sandbox import images, objects, rules, sets
from bot.sandbox.decoding import Json, Upload
from bot.sandbox.entities import parse_text
from bot.sandbox.errors import BadRequest
from bot.sandbox.files import DOCUMENT, STICKER
from bot.sandbox.inline import Question
from bot.sandbox.methods.messages import caption_content
from bot.sandbox.privacy import reaches_bot
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.state import ButtonPress, Group

DEFAULT_USER = 1001
#: The people that the chat page can act as; any other user is a guest.
NAMES = {DEFAULT_USER: "Саша", 1002: "Аня"}
#: The users in "from" of messages on behalf of a chat; older bots require a user there.
ANONYMOUS_ADMINISTRATOR = objects.bot_user(1087968824, "Group", "GroupAnonymousBot")
CHANNEL = objects.bot_user(136817688, "Channel", "Channel_Bot")
OTHER_BOT = objects.bot_user(140267078, "GIF", "gif")
#: Supergroups have identifiers of this kind (https://core.telegram.org/api/bots/ids).
FIRST_GROUP = -1000000000001


def current_user(
    sandbox: Sandbox, user_id: int, first_name: str | None, language_code: str | None
) -> Json:
    """Create or update a user; returns the user as JSON."""
    known = sandbox.state.users.get(user_id, {})
    person = objects.user(
        user_id,
        first_name or known.get("first_name", NAMES.get(user_id, f"Гость {user_id}")),
        language_code or known.get("language_code", "ru"),
    )
    sandbox.state.users[user_id] = person
    return person


def create_group(sandbox: Sandbox, title: str, people: list[Json]) -> Json:
    """Create a group of these people; the first one adds the bot to it."""
    group = Group(
        FIRST_GROUP - len(sandbox.state.groups), title, [person["id"] for person in people]
    )
    sandbox.state.groups[group.id] = group
    sandbox.state.messages[group.id] = {}
    _tell_membership(sandbox, people[0], group.id, "left", "member")
    send(sandbox, people[0], group.id, {"new_chat_members": [sandbox.bot]})
    return sandbox.chat(group.id)


def migrate(sandbox: Sandbox, person: Json, chat_id: int) -> Json:
    """Turn a group into a supergroup: a new chat without the messages of the old one."""
    _require_member(sandbox, person, chat_id)
    old = sandbox.state.groups[chat_id]
    new = Group(FIRST_GROUP - len(sandbox.state.groups), old.title, old.members)
    sandbox.state.groups[new.id] = new
    sandbox.state.messages[new.id] = {}
    send(sandbox, person, old.id, {"migrate_to_chat_id": new.id})
    old.migrated_to = new.id
    send(sandbox, person, new.id, {"migrate_from_chat_id": old.id})
    return sandbox.chat(new.id)


def text(words: str) -> Json:
    """The content of a message that is a text."""
    rules.check_text(words.strip())
    plain, entities = parse_text(words)
    return {"text": plain, **({"entities": entities} if entities else {})}


def on_behalf(sandbox: Sandbox, chat_id: int, sender_chat: int) -> Json:
    """The fields of a message on behalf of a chat: of the group itself, or of a channel.

    https://core.telegram.org/bots/api#message, sender_chat
    """
    if sender_chat == chat_id:
        return {"from": ANONYMOUS_ADMINISTRATOR, "sender_chat": sandbox.chat(chat_id)}
    channel = {"id": sender_chat, "type": "channel", "title": "Новости"}
    return {"from": CHANNEL, "sender_chat": channel}


def origin(*, forwarded: bool, via_bot: bool) -> Json:
    """The fields of a message that the sender has not written.

    https://core.telegram.org/bots/api#message, forward_origin and via_bot
    """
    now = int(time.time())
    author = {"type": "hidden_user", "sender_user_name": "Прохожий", "date": now}
    return {
        **({"forward_origin": author} if forwarded else {}),
        **({"via_bot": OTHER_BOT} if via_bot else {}),
    }


def sample_sticker(sandbox: Sandbox) -> Json:
    """The content of a message that is a sticker of no set."""
    stored = sandbox.files.put(images.sample_sticker(), STICKER)
    return {"sticker": objects.sticker(stored, "🙂")}


def sample_photo(sandbox: Sandbox) -> Json:
    """The content of a message that is a photo."""
    return {"photo": sandbox.photo(Upload("photo.jpg", images.sample_photo()))}


def picture(sandbox: Sandbox, data: str, file_name: str) -> Json:
    """The content of a message that is a picture, in base64: a photo, or a file with a name."""
    try:
        file = b64decode(data, validate=True)
    except ValueError as error:
        raise BadRequest(f"file is no base64: {error}") from None
    if not file_name:
        return {"photo": sandbox.photo(Upload("photo.jpg", file))}
    return {"document": objects.document(sandbox.files.put(file, DOCUMENT), file_name)}


def moving(sandbox: Sandbox, kind: str) -> Json:
    """The content of a message that is a video, an animation, or a sticker that moves."""
    stored = sandbox.files.put(f"a sample of {kind}".encode(), DOCUMENT)
    match kind:
        case "video":
            return {"video": objects.clip(stored)}
        case "animation":  # for old bots it is a document, too
            document = objects.document(stored, "cat.gif.mp4")
            return {"animation": objects.clip(stored), "document": document}
        case "video_note":
            clip = objects.clip(stored)
            note = {key: clip[key] for key in ("file_id", "file_unique_id", "duration")}
            return {"video_note": {**note, "length": clip["width"]}}
        case "animated_sticker" | "video_sticker":
            flag = {"is_animated": kind == "animated_sticker", "is_video": kind == "video_sticker"}
            return {
                "sticker": {**objects.sticker(stored, "🙂"), "width": 512, "height": 512, **flag}
            }
    raise BadRequest("moving must be video, animation, video_note, animated_ or video_sticker")


def strangers_sticker(sandbox: Sandbox) -> Json:
    """The content of a message that is a sticker of a set that the bot has not made."""
    return {"sticker": sets.strangers_sticker(sandbox)}


def sticker_of_a_set(sandbox: Sandbox, file_id: str) -> Json:
    """The content of a message that is a sticker of a set; custom emoji stand in a text."""
    sticker = sets.as_sticker(sandbox, *sets.find_sticker(sandbox, file_id))
    return objects.custom_emoji(sticker) if "custom_emoji_id" in sticker else {"sticker": sticker}


def send(sandbox: Sandbox, person: Json, chat_id: int, content: Json, reply_to: int = 0) -> Json:
    """A new message from a person; the first one to the bot opens the chat with it."""
    if chat_id == person["id"]:
        sandbox.state.messages.setdefault(chat_id, {})
        block(sandbox, person, blocked=False)  # a user who writes to the bot unblocks it
    _require_member(sandbox, person, chat_id)
    replied = sandbox.reply(chat_id, reply_to) if reply_to else {}
    message = sandbox.add_message(chat_id, person, {**replied, **content})
    _tell_bot(sandbox, "message", message)
    return message


def edit(
    sandbox: Sandbox, person: Json, chat_id: int, message_id: int, words: str, photo: Json
) -> Json:
    """Replace the text or caption, and perhaps the photo, of the user's own message.

    https://core.telegram.org/bots/api#update, edited_message
    """
    _require_member(sandbox, person, chat_id)
    message = sandbox.message(chat_id, message_id, "message to edit")
    own = message["from"]["id"] == person["id"] and not {"via_bot", "forward_origin"} & set(message)
    late = time.time() - message["date"] > rules.EDITABLE_SECONDS
    if not own or late or not {"text", "photo", "document"} & set(message):
        raise BadRequest("message can't be edited")
    written = ("text", "entities", "caption", "caption_entities")
    others = {key: value for key, value in message.items() if key not in written}
    edited = {**others, **(text(words) if "text" in message else caption_content(words)), **photo}
    if edited == message:
        raise BadRequest(rules.NOT_MODIFIED)
    edited["edit_date"] = int(time.time())
    sandbox.replace(edited)
    _tell_bot(sandbox, "edited_message", edited)
    return edited


def press_button(
    sandbox: Sandbox, person: Json, chat_id: int, message_id: int, data: str
) -> ButtonPress:
    """Press an inline button.

    The button may no longer exist: the Bot API warns that "the message originated the query can
    contain no callback buttons with this data".
    """
    _require_member(sandbox, person, chat_id)
    message = sandbox.message(chat_id, message_id, "message")
    sandbox.state.last_tap_id += 1
    now = int(time.time())
    press_id = str(sandbox.state.last_tap_id)
    press = ButtonPress(press_id, person["id"], message_id, data, now, chat_id)
    sandbox.state.taps[press.id] = press
    sandbox.updates.push("callback_query", objects.callback_query(press.id, person, message, data))
    return press


def block(sandbox: Sandbox, person: Json, *, blocked: bool) -> None:
    """Block the bot, or unblock it."""
    if blocked == (person["id"] in sandbox.state.blocked_by):
        return
    if blocked:
        sandbox.state.blocked_by.append(person["id"])
        _tell_membership(sandbox, person, person["id"], "member", "kicked")
    else:
        sandbox.state.blocked_by.remove(person["id"])
        _tell_membership(sandbox, person, person["id"], "kicked", "member")


def ask(sandbox: Sandbox, person: Json, chat_id: int, query: str, offset: str) -> Question:
    """``@bot query`` in a chat's text box (https://core.telegram.org/bots/api#inlinequery)."""
    _require_member(sandbox, person, chat_id)
    sandbox.state.last_question_id += 1
    question = Question(
        id=str(sandbox.state.last_question_id),
        user_id=person["id"],
        query=query[: rules.MAX_INLINE_QUERY],
        offset=offset,
        date=int(time.time()),
    )
    sandbox.inline.ask(question)
    if question.answer is None:
        group = sandbox.chat(chat_id) if chat_id in sandbox.state.groups else None
        sandbox.updates.push("inline_query", objects.inline_query(question, person, group))
    return question


def choose(
    sandbox: Sandbox, person: Json, chat_id: int, query_id: str, result_id: str, reply_to: int
) -> Json:
    """Send one of the results that the bot has offered; the message says via which bot."""
    question = sandbox.inline.questions.get(query_id)
    answer = question.answer if question and question.user_id == person["id"] else None
    for result in answer.results if answer else ():
        if result["id"] == result_id:
            content = {**result["content"], "via_bot": sandbox.bot}
            return send(sandbox, person, chat_id, content, reply_to)
    raise BadRequest("there is no such inline result")


def _require_member(sandbox: Sandbox, person: Json, chat_id: int) -> None:
    if person["id"] not in sandbox.members(chat_id):
        raise BadRequest("the user is not a member of the chat")


def _tell_membership(sandbox: Sandbox, person: Json, chat_id: int, old: str, new: str) -> None:
    changed = objects.membership(sandbox.chat(chat_id), person, sandbox.bot, old, new)
    sandbox.updates.push("my_chat_member", changed)


def _tell_bot(sandbox: Sandbox, kind: str, message: Json) -> None:
    if reaches_bot(message, sandbox.bot):
        sandbox.updates.push(kind, message)
