"""Access control: the server serves this machine's user, and no web site that they visit."""

import ipaddress
import re
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOCAL_ONLY = ("/sandbox/fault", "/sandbox/random_faults")
BOT_API = ("/bot", "/file/bot")
#: Values of Sec-Fetch-Site: the page itself calls, or the user has typed the address.
OWN_SITES = ("same-origin", "none")
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s:@/\\\[\]]+))(?::[0-9]{1,5})?", re.ASCII)


@web.middleware
async def guard(request: web.Request, handler: Next) -> web.StreamResponse:
    """Refuse other sites' pages, foreign host names, and faults ordered from other machines."""
    if _is_foreign(request):
        raise web.HTTPForbidden(text="another site's page may not call the sandbox")
    if not _is_own_host(request):
        # DNS rebinding: a site's own name that has come to point at this machine.
        raise web.HTTPForbidden(text="open the sandbox as http://127.0.0.1 or http://localhost")
    if request.path in LOCAL_ONLY and not is_loopback(request.remote or ""):
        raise web.HTTPForbidden(text="only from the machine the sandbox runs on")
    return await handler(request)


def is_loopback(host: str) -> bool:
    """Whether a host name or an address can only mean this machine."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_foreign(request: web.Request) -> bool:
    """Whether another site's page has a browser send this; bots, curl and tests name no site."""
    origins = request.headers.getall(hdrs.ORIGIN, [])
    sites = request.headers.getall("Sec-Fetch-Site", [])
    if any(origin.lower() != f"{request.scheme}://{request.host}".lower() for origin in origins):
        return True
    return any(site not in OWN_SITES for site in sites) and not _follows_link(request)


def _follows_link(request: web.Request) -> bool:
    """Whether the user only goes to the chat page from elsewhere."""
    headers = request.headers
    mode, target = headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest")
    return (request.method, request.path, mode, target) == ("GET", "/", "navigate", "document")


def _is_own_host(request: web.Request) -> bool:
    """Whether Host means this machine; for a bot on another one, the address that it called."""
    hosts = request.headers.getall(hdrs.HOST, [])
    found = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
    if found is None:
        return False
    name = found[1] or found[2]
    if is_loopback(name):
        return True
    called = request.get_extra_info("sockname", ("",))
    return request.path.startswith(BOT_API) and name == called[0]
