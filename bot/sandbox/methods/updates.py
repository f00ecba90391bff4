"""Getting updates: https://core.telegram.org/bots/api#getting-updates."""

from bot.sandbox.decoding import Json
from bot.sandbox.registry import method
from bot.sandbox.world import Sandbox

MAX_TIMEOUT = 50


@method
async def get_updates(
    box: Sandbox,
    offset: int = 0,
    limit: int = 100,
    timeout: int = 0,
    allowed_updates: list[str] | None = None,
) -> list[Json]:
    """Get what users did, waiting for it if need be (https://core.telegram.org/bots/api#getupdates)."""
    if allowed_updates is not None:  # without it, the previous setting stays
        box.state.allowed_updates = allowed_updates
    return await box.updates.poll(offset, min(max(limit, 1), 100), min(timeout, MAX_TIMEOUT))


@method
def delete_webhook(box: Sandbox, drop_pending_updates: bool = False) -> bool:
    """There never is a webhook; drop the updates if asked to (https://core.telegram.org/bots/api#deletewebhook)."""
    if drop_pending_updates:
        box.updates.clear()
    return True


@method
def get_webhook_info(box: Sandbox) -> Json:
    """There never is a webhook (https://core.telegram.org/bots/api#getwebhookinfo)."""
    return {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": len(box.state.updates),
    }
