"""The HTTP server: the Bot API's two routes, the chat page, and the routes of its actions."""

import asyncio
import errno
import logging
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from bot.sandbox import methods  # noqa: F401  (registers the methods)
from bot.sandbox.action_routes import routes as person_routes
from bot.sandbox.errors import LATE, ApiError, Fault
from bot.sandbox.flood import Flood
from bot.sandbox.guard import Next, guard
from bot.sandbox.page_routes import routes as seen_routes
from bot.sandbox.params import Call, read_call
from bot.sandbox.registry import METHODS
from bot.sandbox.sandbox import SANDBOX, Sandbox
from bot.sandbox.webhook import deliver

log = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"
#: Larger than any file Telegram takes, so that `rules` refuses a file that is too large.
MAX_REQUEST_BYTES = 64 * 1024 * 1024
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
TOKEN = re.compile(r"\d{1,16}:[A-Za-z0-9_-]{1,100}", re.A)
ALLOWED_TOKEN: web.AppKey[str | None] = web.AppKey("token")
#: The page loads only its own files, and nothing from elsewhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def build_app(sandbox: Sandbox, token: str | None = None) -> web.Application:
    """The server for one sandbox; with ``token``, only the bot that has it may use the Bot API."""
    app = web.Application(middlewares=[guard, _errors], client_max_size=MAX_REQUEST_BYTES)
    app[SANDBOX] = sandbox
    app[ALLOWED_TOKEN] = token
    app.router.add_route("*", "/bot{token}/{method}", bot_api)
    app.router.add_get("/file/bot{token}/{path:.+}", download)
    app.router.add_get("/", page)
    app.router.add_static("/page", PAGE)
    app.add_routes(person_routes)
    app.add_routes(seen_routes)
    app.cleanup_ctx.append(_delivery)
    app.on_response_prepare.append(_harden)
    app.on_shutdown.append(_end_waiting)
    return app


async def bot_api(request: web.Request) -> web.Response:
    """A call of a Bot API method."""
    sandbox = request.app[SANDBOX]
    _authorize(request)
    called = METHODS.get(request.match_info["method"].lower())
    if called is None:
        raise ApiError(404, "Not Found: method not found")
    call = await read_call(request)
    if sandbox.flood:
        _check_limits(sandbox, sandbox.flood, called.name, call)
    fault = sandbox.faults.take(called.name)
    result = None
    if fault is None or fault.after:
        result = await called(sandbox, call)
        sandbox.save()
    if fault:
        sandbox.faults.note(fault, result)
        await asyncio.sleep(fault.delay)
    if fault and fault.cut and request.transport:
        request.transport.abort()
    if fault and fault.answer:
        raise web.HTTPOk(text=fault.answer)
    if fault and fault.error_code != LATE:
        raise fault.error()
    return web.json_response({"ok": True, "result": result})


def _check_limits(sandbox: Sandbox, flood: Flood, method: str, call: Call) -> None:
    try:
        flood.check(method, call.fields.get("chat_id", ""))
    except ApiError as error:
        sandbox.faults.note(Fault(method, error.error_code, description=error.description), None)
        raise


async def download(request: web.Request) -> web.StreamResponse:
    """A file by the ``file_path`` that getFile returned."""
    _authorize(request)
    path = request.app[SANDBOX].files.locate(path=request.match_info["path"])
    if path is None:
        raise ApiError(404, "Not Found")
    return web.FileResponse(path)


async def page(request: web.Request) -> web.StreamResponse:
    """The chat page."""
    return web.FileResponse(PAGE / "index.html")


def _authorize(request: web.Request) -> None:
    token, allowed = request.match_info["token"], request.app[ALLOWED_TOKEN]
    if not TOKEN.fullmatch(token) or allowed not in (None, token):
        raise ApiError(401, "Unauthorized")
    # A bot's id is the number at the beginning of its token; the sandbox has one bot.
    request.app[SANDBOX].state.bot_id = int(token.partition(":")[0])


@web.middleware
async def _errors(request: web.Request, handler: Next) -> web.StreamResponse:
    """Answer every error in the form of the Bot API."""
    try:
        return await handler(request)
    except ApiError as error:
        return web.json_response(error.answer(), status=error.error_code)
    except web.HTTPException:
        raise
    except UnicodeEncodeError:  # half a character
        refusal = ApiError(400, "Bad Request: strings must be encoded in UTF-8")
        return web.json_response(refusal.answer(), status=400)
    except Exception as error:
        # Not the URL: it holds the token, and a token never reaches a log.
        method = request.match_info.get("method", "the page")
        if isinstance(error, OSError) and error.errno in FULL:
            log.error("a call of %s failed (%s): make room", method, error.strerror)
        else:
            log.exception("a call of %s failed", method)
        return web.json_response(ApiError(500, "Internal Server Error").answer(), status=500)


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-cache")


async def _delivery(app: web.Application) -> AsyncIterator[None]:
    """Serve the webhook, if there is one, while the server runs."""
    task = asyncio.create_task(deliver(app[SANDBOX]))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _end_waiting(app: web.Application) -> None:
    """End long polls and open pages, so that the server stops at once."""
    app[SANDBOX].updates.wake()
    app[SANDBOX].hub.close()
