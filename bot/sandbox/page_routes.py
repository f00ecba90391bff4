"""Routes for the chat page: chats, packs, pictures, and changes as they happen.

``action_routes`` describes the routes.
"""

import asyncio
from dataclasses import asdict

from aiohttp import web

from bot.sandbox import objects, sets
from bot.sandbox.actions import DEFAULT_USER
from bot.sandbox.decoding import Json
from bot.sandbox.errors import BadRequest
from bot.sandbox.files import CONTENT_TYPES
from bot.sandbox.hub import Inbox, events
from bot.sandbox.methods.profile import commands_for, text_for
from bot.sandbox.sandbox import SANDBOX, Sandbox
from bot.sandbox.state import StickerSet

routes = web.RouteTableDef()


@routes.get("/sandbox/chats")
async def chats(request: web.Request) -> web.Response:
    """The user's chat with the bot, if they have written to it, and their groups."""
    sandbox, user_id = request.app[SANDBOX], user_id_of(request)
    old = {group.id for group in sandbox.state.groups.values() if group.migrated_to}
    ids = [i for i in sandbox.state.messages if i not in old and user_id in sandbox.members(i)]
    return web.json_response(
        [
            {
                "chat": sandbox.chat(chat_id),
                "members": [sandbox.state.users[i] for i in sandbox.members(chat_id)],
            }
            for chat_id in ids
        ]
    )


@routes.get("/sandbox/chat")
async def chat(request: web.Request) -> web.Response:
    """The messages of a chat, oldest first; an edited one has its edit_date."""
    messages = request.app[SANDBOX].state.messages.get(chat_id_of(request), {})
    return web.json_response(list(messages.values()))


@routes.get("/sandbox/taps")
async def presses(request: web.Request) -> web.Response:
    """The user's button presses, oldest first, each with the bot's answer or null."""
    every, user_id = request.app[SANDBOX].state.taps.values(), user_id_of(request)
    return web.json_response([asdict(press) for press in every if press.user_id == user_id])


@routes.get("/sandbox/inline")
async def inline(request: web.Request) -> web.Response:
    """An inline query by ?query_id=, with the bot's answer or null."""
    question = request.app[SANDBOX].inline.questions.get(request.query.get("query_id", ""))
    if question is None or question.user_id != user_id_of(request):
        raise web.HTTPNotFound
    return web.json_response(asdict(question))


@routes.get("/sandbox/packs")
async def packs(request: web.Request) -> web.Response:
    """Every sticker set with its owner's user_id; with ?user_id=, that user's alone.

    Beside what the Bot API shows, each sticker has its ``emoji_list`` and ``keywords``.
    """
    sandbox, wanted = request.app[SANDBOX], request.query.get("user_id")
    return web.json_response(
        [
            _pack(sandbox, owner)
            for owner in sandbox.state.sets.values()
            if wanted is None or owner.user_id == user_id_of(request)
        ]
    )


@routes.get("/sandbox/bot")
async def bot(request: web.Request) -> web.Response:
    """The bot's profile as a Telegram app shows it, in ?language_code=."""
    sandbox, language = request.app[SANDBOX], request.query.get("language_code", "ru")
    profile = sandbox.state.profile
    return web.json_response(
        {
            "user": sandbox.bot,
            "description": text_for(profile.description, language),
            "commands": commands_for(sandbox, chat_id_of(request), language),
        }
    )


@routes.get("/sandbox/faults")
async def faults(request: web.Request) -> web.StreamResponse:
    """The calls that have failed by a fault or by a limit, and whether they took effect."""
    return web.json_response(request.app[SANDBOX].faults.occurred)


@routes.get("/sandbox/file/{unique_id}")
async def file(request: web.Request) -> web.StreamResponse:
    """A picture by its file_unique_id."""
    return _picture(request, request.match_info["unique_id"])


@routes.get("/sandbox/custom_emoji/{custom_emoji_id}")
async def custom_emoji(request: web.Request) -> web.StreamResponse:
    """The picture of a custom emoji."""
    sticker = sets.find_custom_emoji(request.app[SANDBOX], request.match_info["custom_emoji_id"])
    return _picture(request, sticker["file_unique_id"] if sticker else "")


@routes.get("/sandbox/events")
async def watch(request: web.Request) -> web.StreamResponse:
    """Changes: message (new or edited), deleted, force_reply, answer, inline, packs, bot.

    All but answer, inline, packs and bot say in which chat.
    """
    socket = web.WebSocketResponse(heartbeat=20)
    await socket.prepare(request)
    with request.app[SANDBOX].hub.subscribe(user_id_of(request)) as inbox:
        sender = asyncio.create_task(_send_events(inbox, socket))
        async for _ in socket:
            pass  # a page sends nothing; the loop ends when it disconnects
        sender.cancel()
    return socket


async def _send_events(inbox: Inbox, socket: web.WebSocketResponse) -> None:
    async for event in events(inbox):
        await socket.send_json(event)
    await socket.close()


def _picture(request: web.Request, unique_id: str) -> web.StreamResponse:
    path = request.app[SANDBOX].files.locate(unique_id=unique_id)
    if path is None:
        raise web.HTTPNotFound
    headers = {
        "Content-Type": CONTENT_TYPES.get(path.suffix, "application/octet-stream"),
        # The file of an identifier never changes, so a browser may cache it.
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    return web.FileResponse(path, headers=headers)


def _pack(sandbox: Sandbox, owner: StickerSet) -> Json:
    pack = objects.sticker_set(owner, sandbox.files)
    for sticker, member in zip(pack["stickers"], owner.stickers, strict=True):
        sticker |= {"emoji_list": member.emoji_list, "keywords": member.keywords}
    return {**pack, "user_id": owner.user_id}


def user_id_of(request: web.Request) -> int:
    """?user_id=, or the default user."""
    return _number(request, "user_id", DEFAULT_USER)


def chat_id_of(request: web.Request) -> int:
    """?chat_id=, or the user's chat with the bot."""
    return _number(request, "chat_id", user_id_of(request))


def _number(request: web.Request, name: str, default: int) -> int:
    try:
        return int(request.query.get(name, default))
    except ValueError:
        raise BadRequest(f"invalid {name} specified") from None
