"""Getting updates: https://core.telegram.org/bots/api#getting-updates."""

from typing import Any
from urllib.parse import urlsplit

from bot.sandbox import objects, rules
from bot.sandbox.decoding import Json
from bot.sandbox.errors import BadRequest
from bot.sandbox.guard import is_loopback
from bot.sandbox.registry import method
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.state import Webhook

MAX_TIMEOUT = 50


@method
async def get_updates(
    sandbox: Sandbox,
    offset: int = 0,
    limit: int = 100,
    timeout: int = 0,
    allowed_updates: list[str] | None = None,
) -> list[Any]:
    """Get what users did, waiting for it if need be (https://core.telegram.org/bots/api#getupdates)."""
    if allowed_updates is not None:  # without it, the previous setting stays
        sandbox.state.allowed_updates = allowed_updates
    return await sandbox.updates.poll(offset, min(max(limit, 1), 100), min(timeout, MAX_TIMEOUT))


@method
def set_webhook(
    sandbox: Sandbox,
    url: str,
    max_connections: int = 40,
    allowed_updates: list[str] | None = None,
    drop_pending_updates: bool = False,
    secret_token: str = "",
) -> bool:
    """Have updates sent to an address (https://core.telegram.org/bots/api#setwebhook).

    As a local Bot API server does, the sandbox takes HTTP and any port; it calls this machine only.
    """
    rules.check_webhook(url, secret_token)
    if not is_loopback(urlsplit(url).hostname or ""):
        raise BadRequest("bad webhook: the sandbox calls no other machine than this one")
    if allowed_updates is not None:
        sandbox.state.allowed_updates = allowed_updates
    if drop_pending_updates:
        sandbox.updates.clear()
    sandbox.updates.use_webhook(Webhook(url, secret_token, min(max(max_connections, 1), 100)))
    return True


@method
def delete_webhook(sandbox: Sandbox, drop_pending_updates: bool = False) -> bool:
    """Keep updates for getUpdates again (https://core.telegram.org/bots/api#deletewebhook)."""
    if sandbox.state.webhook is not None:
        sandbox.updates.use_webhook(None)
    if drop_pending_updates:
        sandbox.updates.clear()
    return True


@method
def get_webhook_info(sandbox: Sandbox) -> Json:
    """Say where updates go, and how well (https://core.telegram.org/bots/api#getwebhookinfo)."""
    return objects.webhook_info(
        sandbox.state.webhook, len(sandbox.state.updates), sandbox.state.allowed_updates
    )
