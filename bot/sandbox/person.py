"""The user's side over HTTP: what the chat page, and a test, does in place of a Telegram app.

    POST /sandbox/message  {"text": "кот"} or {"sticker": true} or {"photo": true}    -> Message
    POST /sandbox/edit     {"message_id": 7, "text": "пёс"}                            -> Message
    POST /sandbox/tap      {"message_id": 7, "data": "keep:1"}                         -> Tap
    POST /sandbox/fault    {"method": "sendPhoto", "error_code": 429, "retry_after": 2}
    GET  /sandbox/chat     the messages           GET /sandbox/packs  the sticker sets
    GET  /sandbox/taps     taps and their answers GET /sandbox/bot    name, commands, descriptions
    GET  /sandbox/events   a WebSocket of changes GET /sandbox/file/<file_unique_id>

All but fault take ``user_id`` (1001 by default), and what a person does ``first_name`` and
``language_code``: in the body of a POST, in the query of a GET.
"""

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import TypeVar

from aiohttp import web

from bot.sandbox import objects, people
from bot.sandbox.decoding import DecodeError, Json, decode
from bot.sandbox.errors import BadRequest
from bot.sandbox.faults import Fault
from bot.sandbox.files import CONTENT_TYPES
from bot.sandbox.hub import Inbox, events
from bot.sandbox.methods.profile import commands_for, text_for
from bot.sandbox.people import DEFAULT_USER
from bot.sandbox.state import StickerSet
from bot.sandbox.world import Sandbox

BOX: web.AppKey[Sandbox] = web.AppKey("sandbox", Sandbox)
Body = TypeVar("Body")
routes = web.RouteTableDef()


@dataclass(frozen=True, kw_only=True)
class Acted:
    """Who does something; every body of a POST that is a person's doing has it."""

    user_id: int = DEFAULT_USER
    first_name: str | None = None
    language_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Said(Acted):
    """The body of POST /sandbox/message."""

    text: str = ""
    sticker: bool = False
    photo: bool = False

    def content(self, box: Sandbox) -> Json:
        """What the message holds."""
        if self.sticker:
            return people.sample_sticker(box)
        if self.photo:
            return people.sample_photo(box)
        return people.text(self.text)


@dataclass(frozen=True, kw_only=True)
class Edited(Acted):
    """The body of POST /sandbox/edit."""

    message_id: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Tapped(Acted):
    """The body of POST /sandbox/tap."""

    message_id: int
    data: str


@routes.post("/sandbox/message")
async def message(request: web.Request) -> web.Response:
    """The user sends a text, a sticker or a photo."""
    box, said = request.app[BOX], await _body(request, Said)
    person = _arrive(box, said)
    return _answer(box, people.send(box, person, said.content(box)))


@routes.post("/sandbox/edit")
async def edit(request: web.Request) -> web.Response:
    """The user edits a text of their own."""
    box, edited = request.app[BOX], await _body(request, Edited)
    person = _arrive(box, edited)
    return _answer(box, people.edit(box, person, edited.message_id, edited.text))


@routes.post("/sandbox/tap")
async def tap(request: web.Request) -> web.Response:
    """The user presses an inline button."""
    box, tapped = request.app[BOX], await _body(request, Tapped)
    person = _arrive(box, tapped)
    return _answer(box, asdict(people.tap(box, person, tapped.message_id, tapped.data)))


@routes.post("/sandbox/fault")
async def fault(request: web.Request) -> web.Response:
    """Make the next calls of a method fail."""
    box, ordered = request.app[BOX], await _body(request, Fault)
    box.faults.add(ordered)
    return _answer(box, asdict(ordered))


@routes.get("/sandbox/chat")
async def chat(request: web.Request) -> web.Response:
    """The messages of a chat, oldest first; an edited one has its edit_date."""
    messages = request.app[BOX].state.messages.get(_user_id(request), {})
    return web.json_response(list(messages.values()))


@routes.get("/sandbox/taps")
async def taps(request: web.Request) -> web.Response:
    """The user's taps, oldest first, each with the bot's answer or null."""
    every, user_id = request.app[BOX].state.taps.values(), _user_id(request)
    return web.json_response([asdict(one) for one in every if one.user_id == user_id])


@routes.get("/sandbox/packs")
async def packs(request: web.Request) -> web.Response:
    """Every sticker set with its owner's user_id; with ?user_id=, that user's alone.

    Beside what the Bot API shows, each sticker has its ``emoji_list`` and ``keywords``.
    """
    box, wanted = request.app[BOX], request.query.get("user_id")
    return web.json_response(
        [
            _pack(box, owner)
            for owner in box.state.sets.values()
            if wanted is None or owner.user_id == _user_id(request)
        ]
    )


@routes.get("/sandbox/bot")
async def bot(request: web.Request) -> web.Response:
    """What a Telegram app shows about the bot, in ?language_code=."""
    box, language = request.app[BOX], request.query.get("language_code", "ru")
    profile = box.state.profile
    return web.json_response(
        {
            "user": box.bot,
            "description": text_for(profile.description, language),
            "short_description": text_for(profile.short_description, language),
            "commands": commands_for(box, _user_id(request), language),
        }
    )


@routes.get("/sandbox/file/{unique_id}")
async def file(request: web.Request) -> web.StreamResponse:
    """A picture by its file_unique_id; it never changes, so a browser may keep it."""
    path = request.app[BOX].files.locate(unique_id=request.match_info["unique_id"])
    if path is None:
        raise web.HTTPNotFound
    headers = {
        "Content-Type": CONTENT_TYPES[path.suffix],
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    return web.FileResponse(path, headers=headers)


@routes.get("/sandbox/events")
async def watch(request: web.Request) -> web.StreamResponse:
    """Changes as they happen: message (new or edited), deleted, action, answer, packs, bot."""
    socket = web.WebSocketResponse(heartbeat=20)
    await socket.prepare(request)
    with request.app[BOX].hub.subscribe(_user_id(request)) as inbox:
        sender = asyncio.create_task(_send_events(inbox, socket))
        async for _ in socket:
            pass  # a page says nothing; the loop ends when it leaves
        sender.cancel()
    return socket


async def _send_events(inbox: Inbox, socket: web.WebSocketResponse) -> None:
    async for event in events(inbox):
        await socket.send_json(event)
    await socket.close()


def _pack(box: Sandbox, owner: StickerSet) -> Json:
    pack = objects.sticker_set(owner, box.files)
    for sticker, member in zip(pack["stickers"], owner.stickers, strict=True):
        sticker |= {"emoji_list": member.emoji_list, "keywords": member.keywords}
    return {**pack, "user_id": owner.user_id}


def _arrive(box: Sandbox, acted: Acted) -> Json:
    return people.arrive(box, acted.user_id, acted.first_name, acted.language_code)


async def _body(request: web.Request, shape: type[Body]) -> Body:
    try:
        body: Body = decode(json.loads(await request.text()), shape)
    except (json.JSONDecodeError, DecodeError) as error:
        raise BadRequest(str(error)) from None
    return body


def _user_id(request: web.Request) -> int:
    try:
        return int(request.query.get("user_id", DEFAULT_USER))
    except ValueError:
        raise BadRequest("invalid user_id specified") from None


def _answer(box: Sandbox, content: Json) -> web.Response:
    box.save()
    return web.json_response(content)
