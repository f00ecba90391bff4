"""The user's side over HTTP: the chat page and tests act in place of a Telegram app.

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
    DELETE /sandbox/fault  calls off those that are still to come             -> true
    POST /sandbox/weather  {"percent": 20, "seed": 1}: that share of all calls fails, in many ways
    POST /sandbox/update   {"update": {"message": {}}}                      -> what the bot gets:
                           that, be it rubbish, with an update_id unless {"bare": true}
    GET  /sandbox/chats    the user's chats, each with its members
    GET  /sandbox/chat     the messages of a chat, oldest first
    GET  /sandbox/taps     button presses and their answers
    GET  /sandbox/packs    the sticker sets
    GET  /sandbox/bot      name, commands, descriptions
    GET  /sandbox/faults   the calls that have failed on order, by the weather or by a limit
    GET  /sandbox/events   a WebSocket of changes
    GET  /sandbox/file/<file_unique_id>                    a picture
    GET  /sandbox/custom_emoji/<custom_emoji_id>           a picture

All but fault and update take ``user_id`` (1001 by default); message, edit, tap, inline, choose,
chat and bot take ``chat_id``, the user's chat with the bot by default; what a person does takes
``first_name`` and ``language_code``. In the body of a POST, in the query of a GET.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from aiohttp import web

from bot.sandbox import objects, people
from bot.sandbox.decoding import Json, decode
from bot.sandbox.errors import BadRequest, Fault, Weather
from bot.sandbox.methods.messages import caption_content
from bot.sandbox.people import DEFAULT_USER
from bot.sandbox.world import BOX, Sandbox

Body = TypeVar("Body")
routes = web.RouteTableDef()


@dataclass(frozen=True, kw_only=True)
class Acted:
    """The person who acts; every POST of an action has these fields."""

    user_id: int = DEFAULT_USER
    first_name: str | None = None
    language_code: str | None = None
    chat_id: int = 0

    @property
    def place(self) -> int:
        """The chat of the action: the one with the bot alone by default."""
        return self.chat_id or self.user_id


@dataclass(frozen=True, kw_only=True)
class Said(Acted):
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

    def content(self, box: Sandbox) -> Json:
        """The content of the message; on behalf of a chat, also the chat that seems to send it."""
        sender = people.on_behalf(box, self.place, self.sender_chat) if self.sender_chat else {}
        origin = people.origin(forwarded=self.forwarded, via_bot=self.via_bot)
        group = {"media_group_id": self.album} if self.album else {}
        described = {**caption_content(self.caption), **group}
        topic = objects.topic(self.thread_id)
        return {**self._content(box), **described, **sender, **origin, **topic}

    def _content(self, box: Sandbox) -> Json:
        if self.sticker:
            return people.sample_sticker(box)
        if self.foreign_sticker:
            return people.strangers_sticker(box)
        if self.sticker_file_id:
            return people.sticker_of_a_set(box, self.sticker_file_id)
        if self.photo:
            return people.sample_photo(box)
        if self.file:
            return people.picture(box, self.file, self.file_name)
        if self.moving:
            return people.moving(box, self.moving)
        return people.text(self.text)


@dataclass(frozen=True, kw_only=True)
class Edited(Acted):
    """The body of POST /sandbox/edit."""

    message_id: int
    text: str
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class Tapped(Acted):
    """The body of POST /sandbox/tap."""

    message_id: int
    data: str


@dataclass(frozen=True, kw_only=True)
class Asked(Acted):
    """The body of POST /sandbox/inline."""

    query: str
    offset: str = ""


@dataclass(frozen=True, kw_only=True)
class Chosen(Acted):
    """The body of POST /sandbox/choose."""

    query_id: str
    result_id: str
    reply_to: int = 0


@dataclass(frozen=True, kw_only=True)
class Blocked(Acted):
    """The body of POST /sandbox/block."""

    blocked: bool


@dataclass(frozen=True)
class Gathered:
    """The body of POST /sandbox/group."""

    title: str
    user_ids: list[int]


@dataclass(frozen=True)
class Raw:
    """The body of POST /sandbox/update."""

    update: Any = None
    bare: bool = False


@routes.post("/sandbox/message")
async def message(request: web.Request) -> web.Response:
    """The user sends a text, a sticker, a picture or a video."""
    box, said = request.app[BOX], await _body(request, Said)
    person = _arrive(box, said)
    content = said.content(box)
    return _answer(box, people.send(box, person, said.place, content, said.reply_to))


@routes.post("/sandbox/edit")
async def edit(request: web.Request) -> web.Response:
    """The user edits a message of their own."""
    box, edited = request.app[BOX], await _body(request, Edited)
    person = _arrive(box, edited)
    photo = people.picture(box, edited.file, "") if edited.file else {}
    message = people.edit(box, person, edited.place, edited.message_id, edited.text, photo)
    return _answer(box, message)


@routes.post("/sandbox/tap")
async def press_button(request: web.Request) -> web.Response:
    """The user presses an inline button."""
    box, tapped = request.app[BOX], await _body(request, Tapped)
    person = _arrive(box, tapped)
    press = people.press_button(box, person, tapped.place, tapped.message_id, tapped.data)
    return _answer(box, asdict(press))


@routes.post("/sandbox/inline")
async def inline(request: web.Request) -> web.Response:
    """The user types ``@bot query``."""
    box, asked = request.app[BOX], await _body(request, Asked)
    person = _arrive(box, asked)
    return _answer(box, asdict(people.ask(box, person, asked.place, asked.query, asked.offset)))


@routes.post("/sandbox/choose")
async def choose(request: web.Request) -> web.Response:
    """The user sends an inline result."""
    box, chosen = request.app[BOX], await _body(request, Chosen)
    person = _arrive(box, chosen)
    query, result, reply_to = chosen.query_id, chosen.result_id, chosen.reply_to
    return _answer(box, people.choose(box, person, chosen.place, query, result, reply_to))


@routes.post("/sandbox/block")
async def block(request: web.Request) -> web.Response:
    """The user blocks the bot, or unblocks it."""
    box, wanted = request.app[BOX], await _body(request, Blocked)
    people.block(box, _arrive(box, wanted), blocked=wanted.blocked)
    return _answer(box, {"blocked": wanted.blocked})


@routes.post("/sandbox/group")
async def group(request: web.Request) -> web.Response:
    """People make a group and add the bot."""
    box, gathered = request.app[BOX], await _body(request, Gathered)
    arrived = [people.arrive(box, user_id, None, None) for user_id in gathered.user_ids]
    return _answer(box, people.gather(box, gathered.title, arrived))


@routes.post("/sandbox/migrate")
async def migrate(request: web.Request) -> web.Response:
    """A group becomes a supergroup."""
    box, acted = request.app[BOX], await _body(request, Acted)
    return _answer(box, people.migrate(box, _arrive(box, acted), acted.place))


@routes.post("/sandbox/fault")
async def fault(request: web.Request) -> web.Response:
    """Make the next calls of a method fail."""
    box, ordered = request.app[BOX], await _body(request, Fault)
    box.faults.add(ordered)
    return _answer(box, asdict(ordered))


@routes.delete("/sandbox/fault")
async def mend(request: web.Request) -> web.Response:
    """Call off the failures that are still to come."""
    request.app[BOX].faults.clear()
    return _answer(request.app[BOX], True)


@routes.post("/sandbox/weather")
async def weather(request: web.Request) -> web.Response:
    """Make a share of all calls fail."""
    box, wanted = request.app[BOX], await _body(request, Weather)
    box.faults.change(wanted)
    return _answer(box, asdict(wanted))


@routes.post("/sandbox/update")
async def update(request: web.Request) -> web.Response:
    """Send the bot an update that Telegram would not."""
    box, raw = request.app[BOX], await _body(request, Raw)
    return _answer(box, box.updates.push_raw(raw.update, bare=raw.bare))


def _arrive(box: Sandbox, acted: Acted) -> Json:
    return people.arrive(box, acted.user_id, acted.first_name, acted.language_code)


async def _body(request: web.Request, shape: type[Body]) -> Body:
    try:
        body: Body = decode(json.loads(await request.text()), shape)
    except (ValueError, RecursionError) as error:
        raise BadRequest(str(error)) from None
    return body


def _answer(box: Sandbox, content: Any) -> web.Response:
    box.save()
    return web.json_response(content)
