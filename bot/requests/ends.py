"""Counts and logs how requests end, and counts the stickers that users put into packs."""

import logging

from bot.metrics import REQUESTS, STICKERS, bundle_label
from bot.requests.limits import Refusal
from bot.requests.record import Record, State

log = logging.getLogger(__name__)


def note_change(before: Record, after: Record) -> None:
    """Count an end and the stickers added to packs, as a change of a record shows them."""
    if after.counted and not before.counted:
        reason = str(after.failure) if after.state is State.FAILED else ""
        REQUESTS.labels(after.state, reason, bundle_label(after.model)).inc()
        log.info("request %s: %s", after.id, " ".join((after.state, reason)).strip())
    for kind, placed in after.placed.items():
        if new := len(placed.packs.items() - before.placed[kind].packs.items()):
            STICKERS.labels(kind).inc(new)


def note_refusal(record: Record, refusal: Refusal) -> None:
    """Count a request that the bot has refused."""
    REQUESTS.labels("refused", refusal.reason, bundle_label(record.model)).inc()
    log.info("request %s: refused %s", record.id, refusal.reason)
