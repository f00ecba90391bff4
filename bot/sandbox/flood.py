"""Telegram's limits on messages: with ``--limits`` the sandbox answers 429 beyond them.

30 messages a second over all chats, one a second in one chat but for short bursts, 20 a minute in a
group: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this. Telegram
does not say how short, nor whether edits count; here they do.
"""

import math
import time
from collections import defaultdict, deque

from bot.sandbox.errors import ApiError

#: Pairs of a number of messages and the seconds in which they are allowed.
OVERALL = (30, 1.0)
CHAT = (5, 5.0)
GROUP = (20, 60.0)
MESSAGES = ("send", "edit")  # what the methods' names begin with


class Flood:
    """Counts the bot's messages within the limits' times."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, tuple[int, float]], deque[float]] = defaultdict(deque)

    def check(self, method: str, chat_id: str) -> None:
        """Count a call of the bot.  Raises ApiError beyond a limit."""
        if not method.startswith(MESSAGES) or not chat_id:
            return
        now = time.monotonic()
        limits = [("", OVERALL), (chat_id, CHAT)]
        limits += [(chat_id, GROUP)] if chat_id.startswith("-") else []
        for key in limits:
            (messages, seconds), sent = key[1], self._sent[key]
            while sent and sent[0] <= now - seconds:
                sent.popleft()
            if len(sent) >= messages:
                wait = math.ceil(sent[0] + seconds - now)
                raise ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        for key in limits:
            self._sent[key].append(now)
