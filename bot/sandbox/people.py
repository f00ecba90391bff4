"""Actions of people: they write, edit, press buttons; each becomes an update for the bot."""

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
from bot.sandbox.state import ButtonPress, Group
from bot.sandbox.world import Sandbox

DEFAULT_USER = 1001
#: The people that the chat page can act as; any other user is a guest.
NAMES = {DEFAULT_USER: "Саша", 1002: "Аня"}
#: Whose user stands in "from" where a message is sent on behalf of a chat; old bots want one.
ANONYMOUS_ADMINISTRATOR = objects.bot_user(1087968824, "Group", "GroupAnonymousBot")
CHANNEL = objects.bot_user(136817688, "Channel", "Channel_Bot")
OTHER_BOT = objects.bot_user(140267078, "GIF", "gif")
#: Supergroups have identifiers of this kind (https://core.telegram.org/api/bots/ids).
FIRST_GROUP = -1000000000001


def arrive(box: Sandbox, user_id: int, first_name: str | None, language_code: str | None) -> Json:
    """The user as they are now."""
    known = box.state.users.get(user_id, {})
    person = objects.user(
        user_id,
        first_name or known.get("first_name", NAMES.get(user_id, f"Гость {user_id}")),
        language_code or known.get("language_code", "ru"),
    )
    box.state.users[user_id] = person
    return person


def gather(box: Sandbox, title: str, people: list[Json]) -> Json:
    """A new group of these people; the first one adds the bot to it."""
    group = Group(FIRST_GROUP - len(box.state.groups), title, [person["id"] for person in people])
    box.state.groups[group.id] = group
    box.state.messages[group.id] = {}
    _tell_membership(box, people[0], group.id, "left", "member")
    send(box, people[0], group.id, {"new_chat_members": [box.bot]})
    return box.chat(group.id)


def migrate(box: Sandbox, person: Json, chat_id: int) -> Json:
    """The group becomes a supergroup: another chat, without the messages of the old one."""
    _require_member(box, person, chat_id)
    old = box.state.groups[chat_id]
    new = Group(FIRST_GROUP - len(box.state.groups), old.title, old.members)
    box.state.groups[new.id] = new
    box.state.messages[new.id] = {}
    send(box, person, old.id, {"migrate_to_chat_id": new.id})
    old.migrated_to = new.id
    send(box, person, new.id, {"migrate_from_chat_id": old.id})
    return box.chat(new.id)


def text(words: str) -> Json:
    """The content of a message that is a text."""
    rules.check_text(words.strip())
    plain, entities = parse_text(words)
    return {"text": plain, **({"entities": entities} if entities else {})}


def on_behalf(box: Sandbox, chat_id: int, sender_chat: int) -> Json:
    """The fields of a message on behalf of a chat: of the group itself, or of a channel.

    https://core.telegram.org/bots/api#message, sender_chat
    """
    if sender_chat == chat_id:
        return {"from": ANONYMOUS_ADMINISTRATOR, "sender_chat": box.chat(chat_id)}
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


def sample_sticker(box: Sandbox) -> Json:
    """The content of a message that is a sticker of no set."""
    stored = box.files.put(images.sample_sticker(), STICKER)
    return {"sticker": objects.sticker(stored, "🙂")}


def sample_photo(box: Sandbox) -> Json:
    """The content of a message that is a photo."""
    return {"photo": box.photo(Upload("photo.jpg", images.sample_photo()))}


def picture(box: Sandbox, data: str, file_name: str) -> Json:
    """The content of a message that is a picture, in base64: a photo, or a file with a name."""
    try:
        file = b64decode(data, validate=True)
    except ValueError as error:
        raise BadRequest(f"file is no base64: {error}") from None
    if not file_name:
        return {"photo": box.photo(Upload("photo.jpg", file))}
    return {"document": objects.document(box.files.put(file, DOCUMENT), file_name)}


def moving(box: Sandbox, kind: str) -> Json:
    """The content of a message that is a video, an animation, or a sticker that moves."""
    stored = box.files.put(f"a sample of {kind}".encode(), DOCUMENT)
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


def strangers_sticker(box: Sandbox) -> Json:
    """The content of a message that is a sticker of a set that the bot has not made."""
    return {"sticker": sets.strangers_sticker(box)}


def sticker_of_a_set(box: Sandbox, file_id: str) -> Json:
    """The content of a message that is a sticker of a set; custom emoji stand in a text."""
    sticker = sets.as_sticker(box, *sets.find_sticker(box, file_id))
    return objects.custom_emoji(sticker) if "custom_emoji_id" in sticker else {"sticker": sticker}


def send(box: Sandbox, person: Json, chat_id: int, content: Json, reply_to: int = 0) -> Json:
    """A new message from a person; the first one to the bot opens the chat with it."""
    if chat_id == person["id"]:
        box.state.messages.setdefault(chat_id, {})
        block(box, person, blocked=False)  # who writes to a bot again has unblocked it
    _require_member(box, person, chat_id)
    replied = box.reply(chat_id, reply_to) if reply_to else {}
    message = box.add_message(chat_id, person, {**replied, **content})
    _tell_bot(box, "message", message)
    return message


def edit(
    box: Sandbox, person: Json, chat_id: int, message_id: int, words: str, photo: Json
) -> Json:
    """Another text or caption, or also another photo, in a message of one's own.

    https://core.telegram.org/bots/api#update, edited_message
    """
    _require_member(box, person, chat_id)
    message = box.message(chat_id, message_id, "message to edit")
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
    box.replace(edited)
    _tell_bot(box, "edited_message", edited)
    return edited


def press_button(
    box: Sandbox, person: Json, chat_id: int, message_id: int, data: str
) -> ButtonPress:
    """A press on an inline button.

    The button may be gone by now: the Bot API warns that "the message originated the query can
    contain no callback buttons with this data".
    """
    _require_member(box, person, chat_id)
    message = box.message(chat_id, message_id, "message")
    box.state.last_tap_id += 1
    now = int(time.time())
    press_id = str(box.state.last_tap_id)
    press = ButtonPress(press_id, person["id"], message_id, data, now, chat_id)
    box.state.taps[press.id] = press
    box.updates.push("callback_query", objects.callback_query(press.id, person, message, data))
    return press


def block(box: Sandbox, person: Json, *, blocked: bool) -> None:
    """Block the bot, or unblock it."""
    if blocked == (person["id"] in box.state.blocked_by):
        return
    if blocked:
        box.state.blocked_by.append(person["id"])
        _tell_membership(box, person, person["id"], "member", "kicked")
    else:
        box.state.blocked_by.remove(person["id"])
        _tell_membership(box, person, person["id"], "kicked", "member")


def ask(box: Sandbox, person: Json, chat_id: int, query: str, offset: str) -> Question:
    """``@bot query`` in a chat's text box (https://core.telegram.org/bots/api#inlinequery)."""
    _require_member(box, person, chat_id)
    box.state.last_question_id += 1
    question = Question(
        id=str(box.state.last_question_id),
        user_id=person["id"],
        query=query[: rules.MAX_INLINE_QUERY],
        offset=offset,
        date=int(time.time()),
    )
    box.inline.ask(question)
    if question.answer is None:
        group = box.chat(chat_id) if chat_id in box.state.groups else None
        box.updates.push("inline_query", objects.inline_query(question, person, group))
    return question


def choose(
    box: Sandbox, person: Json, chat_id: int, query_id: str, result_id: str, reply_to: int
) -> Json:
    """Send one of the results that the bot has offered; the message says via which bot."""
    question = box.inline.questions.get(query_id)
    answer = question.answer if question and question.user_id == person["id"] else None
    for result in answer.results if answer else ():
        if result["id"] == result_id:
            content = {**result["content"], "via_bot": box.bot}
            return send(box, person, chat_id, content, reply_to)
    raise BadRequest("there is no such inline result")


def _require_member(box: Sandbox, person: Json, chat_id: int) -> None:
    if person["id"] not in box.members(chat_id):
        raise BadRequest("the user is not a member of the chat")


def _tell_membership(box: Sandbox, person: Json, chat_id: int, old: str, new: str) -> None:
    changed = objects.membership(box.chat(chat_id), person, box.bot, old, new)
    box.updates.push("my_chat_member", changed)


def _tell_bot(box: Sandbox, kind: str, message: Json) -> None:
    if reaches_bot(message, box.bot):
        box.updates.push(kind, message)
