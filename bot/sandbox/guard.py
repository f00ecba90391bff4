"""Who may call what: this server must serve this machine's user, and no web site they visit."""

import ipaddress
from collections.abc import Awaitable, Callable

from aiohttp import web

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOCAL_ONLY = ("/sandbox/fault",)


@web.middleware
async def guard(request: web.Request, handler: Next) -> web.StreamResponse:
    """Refuse other sites' pages, foreign host names, and faults ordered from other machines."""
    if not _same_origin(request):
        raise web.HTTPForbidden(text="another site's page may not call the sandbox")
    if not request.path.startswith(("/bot", "/file/bot")) and not is_loopback(_hostname(request)):
        # DNS rebinding: a site's own name that has come to point at this machine.
        raise web.HTTPForbidden(text="open the sandbox as http://127.0.0.1 or http://localhost")
    if request.path in LOCAL_ONLY and not is_loopback(request.remote or ""):
        raise web.HTTPForbidden(text="only from the machine the sandbox runs on")
    return await handler(request)


def is_loopback(host: str) -> bool:
    """Whether a host name or an address can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _same_origin(request: web.Request) -> bool:
    """Browsers name the calling site in Origin; a bot, curl or a test sends none."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.host}"


def _hostname(request: web.Request) -> str:
    name = request.host.lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0]
