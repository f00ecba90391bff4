"""Which sandbox, user and chat a request of the user's side is about."""

from aiohttp import web

from bot.sandbox.errors import BadRequest
from bot.sandbox.people import DEFAULT_USER
from bot.sandbox.world import Sandbox

BOX: web.AppKey[Sandbox] = web.AppKey("sandbox", Sandbox)


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
