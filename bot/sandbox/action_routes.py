"""HTTP routes by which the chat page and tests act as users, in place of a Telegram app.

    POST /sandbox/message  {"text": "кот"}                                  -> Message
                           {"file": "<base64>"}: a photo; a file with {"file_name": "cat.png"};
                           {"moving": "video"}, "animation", "video_note", "animated_sticker" or
                           "video_sticker"; {"caption": "в шляпе"} beside any of these, and
                           {"album": "1"}: one of several;
                           {"photo": true}, or {"sticker": true} for a sticker of no set, or
                           {"foreign_sticker": true} for one of a set that the bot has not made, or
                           {"sticker_file_id": "CAAC…"} for one of /sandbox/packs, anyone's;
                           {"reply_to": 7} beside any of them; {"sender_chat": -100…}: on behalf of
                           the group itself, as its anonymous administrators do, or of a channel;
                           {"thread_id": 5}: in a topic; {"forwarded": true}: written by another;
                           {"via_bot": true}: the inline result of another bot
    POST /sandbox/edit     {"message_id": 7, "text": "пёс"}                 -> Message; with
                           {"file": "…"}, base64: another photo, too
    POST /sandbox/tap      {"message_id": 7, "data": "keep:1"}              -> ButtonPress
    POST /sandbox/inline   {"query": "кот"}                                 -> Question
                           as its "answer" comes: the event "inline", GET /sandbox/inline?query_id=
    POST /sandbox/choose   {"query_id": "1", "result_id": "a"}              -> Message via the bot
    POST /sandbox/block    {"blocked": true}, or false                      -> the same
    POST /sandbox/group    {"title": "Друзья", "user_ids": [1001, 1002]}    -> Chat with the bot
    POST /sandbox/migrate  {"chat_id": -100…}: the group becomes a supergroup -> Chat
    POST /sandbox/fault    {"method": "sendPhoto", "error_code": 429, "retry_after": 2}; or
                           {"cut": true} for no answer; {"after": true}: once it has taken effect
    DELETE /sandbox/fault  cancels the faults that are still to come          -> true
    POST /sandbox/random_faults  {"percent": 20, "seed": 1}: that share of all calls fails
    POST /sandbox/update   {"update": {"message": {}}}                      -> what the bot gets:
                           exactly that, with an update_id unless {"bare": true}
    GET  /sandbox/chats    the user's chats, each with its members
    GET  /sandbox/chat     the messages of a chat, oldest first
    GET  /sandbox/taps     button presses and their answers
    GET  /sandbox/packs    the sticker sets
    GET  /sandbox/bot      name, commands, descriptions
    GET  /sandbox/faults   the calls that have failed by a fault or by a limit
    GET  /sandbox/events   a WebSocket of changes
    GET  /sandbox/file/<file_unique_id>                    a picture
    GET  /sandbox/custom_emoji/<custom_emoji_id>           a picture

All but fault, random_faults and update take ``user_id`` (1001 by default); message, edit, tap,
inline, choose, chat and bot take ``chat_id``, the user's chat with the bot by default; actions of
users take ``first_name`` and ``language_code``: in the body of a POST, in the query of a GET.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from aiohttp import web

from bot.sandbox import actions, objects
from bot.sandbox.actions import DEFAULT_USER
from bot.sandbox.decoding import Json, decode
from bot.sandbox.errors import BadRequest, Fault, RandomFaults
from bot.sandbox.methods.messages import caption_content
from bot.sandbox.sandbox import SANDBOX, Sandbox

Body = TypeVar("Body")
routes = web.RouteTableDef()


@dataclass(frozen=True, kw_only=True)
class ActionBody:
    """The fields of every POST of an action: which user acts, and where."""

    user_id: int = DEFAULT_USER
    first_name: str | None = None
    language_code: str | None = None
    chat_id: int = 0

    @property
    def place(self) -> int:
        """The chat of the action: by default the user's private chat with the bot."""
        return self.chat_id or self.user_id


@dataclass(frozen=True, kw_only=True)
class MessageBody(ActionBody):
    """The body of POST /sandbox/message."""

    text: str = ""
    sticker: bool = False
    foreign_sticker: bool = False
    sticker_file_id: str = ""
    photo: bool = False
    file: str = ""
    file_name: str = ""
    moving: str = ""
    caption: str = ""
    album: str = ""
    reply_to: int = 0
    sender_chat: int = 0
    thread_id: int = 0
    forwarded: bool = False
    via_bot: bool = False

    def content(self, sandbox: Sandbox) -> Json:
        """The content of the message; on behalf of a chat, also the chat that seems to send it."""
        sender = (
            actions.on_behalf(sandbox, self.place, self.sender_chat) if self.sender_chat else {}
        )
        origin = actions.origin(forwarded=self.forwarded, via_bot=self.via_bot)
        group = {"media_group_id": self.album} if self.album else {}
        described = {**caption_content(self.caption), **group}
        topic = objects.topic(self.thread_id)
        return {**self._content(sandbox), **described, **sender, **origin, **topic}

    def _content(self, sandbox: Sandbox) -> Json:
        if self.sticker:
            return actions.sample_sticker(sandbox)
        if self.foreign_sticker:
            return actions.strangers_sticker(sandbox)
        if self.sticker_file_id:
            return actions.sticker_of_a_set(sandbox, self.sticker_file_id)
        if self.photo:
            return actions.sample_photo(sandbox)
        if self.file:
            return actions.picture(sandbox, self.file, self.file_name)
        if self.moving:
            return actions.moving(sandbox, self.moving)
        return actions.text(self.text)


@dataclass(frozen=True, kw_only=True)
class EditBody(ActionBody):
    """The body of POST /sandbox/edit."""

    message_id: int
    text: str
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class PressBody(ActionBody):
    """The body of POST /sandbox/tap."""

    message_id: int
    data: str


@dataclass(frozen=True, kw_only=True)
class InlineBody(ActionBody):
    """The body of POST /sandbox/inline."""

    query: str
    offset: str = ""


@dataclass(frozen=True, kw_only=True)
class ChooseBody(ActionBody):
    """The body of POST /sandbox/choose."""

    query_id: str
    result_id: str
    reply_to: int = 0


@dataclass(frozen=True, kw_only=True)
class BlockBody(ActionBody):
    """The body of POST /sandbox/block."""

    blocked: bool


@dataclass(frozen=True)
class GroupBody:
    """The body of POST /sandbox/group."""

    title: str
    user_ids: list[int]


@dataclass(frozen=True)
class UpdateBody:
    """The body of POST /sandbox/update."""

    update: Any = None
    bare: bool = False


@routes.post("/sandbox/message")
async def message(request: web.Request) -> web.Response:
    """The user sends a text, a sticker, a picture or a video."""
    sandbox, body = request.app[SANDBOX], await _body(request, MessageBody)
    person = _person(sandbox, body)
    content = body.content(sandbox)
    return _answer(sandbox, actions.send(sandbox, person, body.place, content, body.reply_to))


@routes.post("/sandbox/edit")
async def edit(request: web.Request) -> web.Response:
    """The user edits a message of their own."""
    sandbox, body = request.app[SANDBOX], await _body(request, EditBody)
    person = _person(sandbox, body)
    photo = actions.picture(sandbox, body.file, "") if body.file else {}
    message = actions.edit(sandbox, person, body.place, body.message_id, body.text, photo)
    return _answer(sandbox, message)


@routes.post("/sandbox/tap")
async def press_button(request: web.Request) -> web.Response:
    """The user presses an inline button."""
    sandbox, body = request.app[SANDBOX], await _body(request, PressBody)
    person = _person(sandbox, body)
    press = actions.press_button(sandbox, person, body.place, body.message_id, body.data)
    return _answer(sandbox, asdict(press))


@routes.post("/sandbox/inline")
async def inline(request: web.Request) -> web.Response:
    """The user types ``@bot query``."""
    sandbox, body = request.app[SANDBOX], await _body(request, InlineBody)
    person = _person(sandbox, body)
    return _answer(
        sandbox, asdict(actions.ask(sandbox, person, body.place, body.query, body.offset))
    )


@routes.post("/sandbox/choose")
async def choose(request: web.Request) -> web.Response:
    """The user sends an inline result."""
    sandbox, body = request.app[SANDBOX], await _body(request, ChooseBody)
    person = _person(sandbox, body)
    query, result, reply_to = body.query_id, body.result_id, body.reply_to
    return _answer(sandbox, actions.choose(sandbox, person, body.place, query, result, reply_to))


@routes.post("/sandbox/block")
async def block(request: web.Request) -> web.Response:
    """The user blocks the bot, or unblocks it."""
    sandbox, body = request.app[SANDBOX], await _body(request, BlockBody)
    actions.block(sandbox, _person(sandbox, body), blocked=body.blocked)
    return _answer(sandbox, {"blocked": body.blocked})


@routes.post("/sandbox/group")
async def group(request: web.Request) -> web.Response:
    """Users create a group with the bot."""
    sandbox, body = request.app[SANDBOX], await _body(request, GroupBody)
    people = [actions.current_user(sandbox, user_id, None, None) for user_id in body.user_ids]
    return _answer(sandbox, actions.create_group(sandbox, body.title, people))


@routes.post("/sandbox/migrate")
async def migrate(request: web.Request) -> web.Response:
    """A group becomes a supergroup."""
    sandbox, body = request.app[SANDBOX], await _body(request, ActionBody)
    return _answer(sandbox, actions.migrate(sandbox, _person(sandbox, body), body.place))


@routes.post("/sandbox/fault")
async def fault(request: web.Request) -> web.Response:
    """Make the next calls of a method fail."""
    sandbox, body = request.app[SANDBOX], await _body(request, Fault)
    sandbox.faults.add(body)
    return _answer(sandbox, asdict(body))


@routes.delete("/sandbox/fault")
async def clear_faults(request: web.Request) -> web.Response:
    """Cancel the faults that are still to come."""
    request.app[SANDBOX].faults.clear()
    return _answer(request.app[SANDBOX], True)


@routes.post("/sandbox/random_faults")
async def random_faults(request: web.Request) -> web.Response:
    """Make a random share of all calls fail."""
    sandbox, body = request.app[SANDBOX], await _body(request, RandomFaults)
    sandbox.faults.set_random(body)
    return _answer(sandbox, asdict(body))


@routes.post("/sandbox/update")
async def update(request: web.Request) -> web.Response:
    """Send the bot an update that Telegram would not send."""
    sandbox, body = request.app[SANDBOX], await _body(request, UpdateBody)
    return _answer(sandbox, sandbox.updates.push_raw(body.update, bare=body.bare))


def _person(sandbox: Sandbox, body: ActionBody) -> Json:
    return actions.current_user(sandbox, body.user_id, body.first_name, body.language_code)


async def _body(request: web.Request, shape: type[Body]) -> Body:
    try:
        body: Body = decode(json.loads(await request.text()), shape)
    except (ValueError, RecursionError) as error:
        raise BadRequest(str(error)) from None
    return body


def _answer(sandbox: Sandbox, content: Any) -> web.Response:
    sandbox.save()
    return web.json_response(content)
