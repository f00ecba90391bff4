"""The user's side over HTTP: what the chat page, and a test, does in place of a Telegram app.

    POST /sandbox/message  {"text": "кот"}                                  -> Message
                           {"photo": true}, or {"sticker": true} for a sticker of no set, or
                           {"foreign_sticker": true} for one of a set that the bot has not made, or
                           {"sticker_file_id": "CAAC…"} for one of /sandbox/packs, anyone's;
                           {"reply_to": 7} beside any of them
    POST /sandbox/edit     {"message_id": 7, "text": "пёс"}                 -> Message
    POST /sandbox/tap      {"message_id": 7, "data": "keep:1"}              -> Tap
    POST /sandbox/group    {"title": "Друзья", "user_ids": [1001, 1002]}    -> Chat with the bot
    POST /sandbox/fault    {"method": "sendPhoto", "error_code": 429, "retry_after": 2}
    GET  /sandbox/chats    the user's chats, each with its members
    GET  /sandbox/chat     the messages of a chat, oldest first
    GET  /sandbox/taps     taps and their answers
    GET  /sandbox/packs    the sticker sets
    GET  /sandbox/bot      name, commands, descriptions
    GET  /sandbox/events   a WebSocket of changes
    GET  /sandbox/file/<file_unique_id>                    a picture
    GET  /sandbox/custom_emoji/<custom_emoji_id>           a picture

All but fault take ``user_id`` (1001 by default); message, edit, tap, chat and bot take ``chat_id``,
the user's chat with the bot by default; what a person does takes ``first_name`` and
``language_code``. In the body of a POST, in the query of a GET.
"""

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import TypeVar

from aiohttp import web

from bot.sandbox import objects, people, sets
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
    chat_id: int = 0

    @property
    def place(self) -> int:
        """The chat it is done in: with the bot alone, unless it is said."""
        return self.chat_id or self.user_id


@dataclass(frozen=True, kw_only=True)
class Said(Acted):
    """The body of POST /sandbox/message."""

    text: str = ""
    sticker: bool = False
    foreign_sticker: bool = False
    sticker_file_id: str = ""
    photo: bool = False
    reply_to: int = 0

    def content(self, box: Sandbox) -> Json:
        """What the message holds."""
        if self.sticker:
            return people.sample_sticker(box)
        if self.foreign_sticker:
            return people.strangers_sticker(box)
        if self.sticker_file_id:
            return people.sticker_of_a_set(box, self.sticker_file_id)
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


@dataclass(frozen=True)
class Gathered:
    """The body of POST /sandbox/group."""

    title: str
    user_ids: list[int]


@routes.post("/sandbox/message")
async def message(request: web.Request) -> web.Response:
    """The user sends a text, a sticker or a photo."""
    box, said = request.app[BOX], await _body(request, Said)
    person = _arrive(box, said)
    content = said.content(box)
    return _answer(box, people.send(box, person, said.place, content, said.reply_to))


@routes.post("/sandbox/edit")
async def edit(request: web.Request) -> web.Response:
    """The user edits a text of their own."""
    box, edited = request.app[BOX], await _body(request, Edited)
    person = _arrive(box, edited)
    return _answer(box, people.edit(box, person, edited.place, edited.message_id, edited.text))


@routes.post("/sandbox/tap")
async def tap(request: web.Request) -> web.Response:
    """The user presses an inline button."""
    box, tapped = request.app[BOX], await _body(request, Tapped)
    person = _arrive(box, tapped)
    pressed = people.tap(box, person, tapped.place, tapped.message_id, tapped.data)
    return _answer(box, asdict(pressed))


@routes.post("/sandbox/group")
async def group(request: web.Request) -> web.Response:
    """People make a group and add the bot."""
    box, gathered = request.app[BOX], await _body(request, Gathered)
    arrived = [people.arrive(box, user_id, None, None) for user_id in gathered.user_ids]
    return _answer(box, people.gather(box, gathered.title, arrived))


@routes.post("/sandbox/fault")
async def fault(request: web.Request) -> web.Response:
    """Make the next calls of a method fail."""
    box, ordered = request.app[BOX], await _body(request, Fault)
    box.faults.add(ordered)
    return _answer(box, asdict(ordered))


@routes.get("/sandbox/chats")
async def chats(request: web.Request) -> web.Response:
    """The user's chat with the bot, if they have written to it, and their groups."""
    box, user_id = request.app[BOX], _user_id(request)
    ids = [chat_id for chat_id in box.state.messages if user_id in box.members(chat_id)]
    return web.json_response(
        [
            {
                "chat": box.chat(chat_id),
                "members": [box.state.users[i] for i in box.members(chat_id)],
            }
            for chat_id in ids
        ]
    )


@routes.get("/sandbox/chat")
async def chat(request: web.Request) -> web.Response:
    """The messages of a chat, oldest first; an edited one has its edit_date."""
    messages = request.app[BOX].state.messages.get(_chat_id(request), {})
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
            "commands": commands_for(box, _chat_id(request), language),
        }
    )


@routes.get("/sandbox/file/{unique_id}")
async def file(request: web.Request) -> web.StreamResponse:
    """A picture by its file_unique_id."""
    return _picture(request, request.match_info["unique_id"])


@routes.get("/sandbox/custom_emoji/{custom_emoji_id}")
async def custom_emoji(request: web.Request) -> web.StreamResponse:
    """The picture of a custom emoji."""
    sticker = sets.find_custom_emoji(request.app[BOX], request.match_info["custom_emoji_id"])
    return _picture(request, sticker["file_unique_id"] if sticker else "")


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


def _picture(request: web.Request, unique_id: str) -> web.StreamResponse:
    path = request.app[BOX].files.locate(unique_id=unique_id)
    if path is None:
        raise web.HTTPNotFound
    headers = {
        "Content-Type": CONTENT_TYPES[path.suffix],
        # What an identifier stands for never changes, so a browser may keep it.
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    return web.FileResponse(path, headers=headers)


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
    return _number(request, "user_id", DEFAULT_USER)


def _chat_id(request: web.Request) -> int:
    return _number(request, "chat_id", _user_id(request))


def _number(request: web.Request, name: str, default: int) -> int:
    try:
        return int(request.query.get(name, default))
    except ValueError:
        raise BadRequest(f"invalid {name} specified") from None


def _answer(box: Sandbox, content: Json) -> web.Response:
    box.save()
    return web.json_response(content)
