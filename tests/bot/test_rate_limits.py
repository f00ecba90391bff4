"""Telegram's limits on messages: a burst causes no 429, and keeps its order."""

import asyncio
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bot.telegram import rate_limits
from bot.telegram.rate_limits import Limit, RateLimits
from tests.chaos.burst import burst

CHAT, GROUP, OVERALL = Limit(2, 0.1), Limit(3, 0.4), Limit(6, 0.1)


@pytest.fixture(autouse=True)
def shorter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits in fractions of a second."""
    for name in ("CHAT", "GROUP", "OVERALL"):
        monkeypatch.setattr(rate_limits, name, globals()[name])


class Telegram:
    """Notes when calls reach it: at any moment between their start and their end."""

    def __init__(self) -> None:
        self.arrivals: list[tuple[float, int, int]] = []  # time, chat, number
        self._chance = random.Random(1)

    async def call(self, chat_id: int, number: int) -> bool:
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        self.arrivals.append((time.monotonic(), chat_id, number))
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        return True

    async def burst(self, chats: Iterable[int], each: int) -> None:
        limits = RateLimits()

        async def call(chat: int, number: int) -> Any:
            arguments = ((chat, number), {}, "sendMessage", {"chat_id": chat}, None)
            return await limits.process_request(self.call, *arguments)

        await asyncio.gather(*(call(chat, number) for number in range(each) for chat in chats))

    def most(self, seconds: float, chat: int | None = None) -> int:
        """The largest number of calls within this number of seconds, in one chat or in all."""
        times = [when for when, of, _ in self.arrivals if chat in (None, of)]
        return max(sum(t <= u < t + seconds for u in times) for t in times)


def test_no_limit_is_broken_however_long_calls_take() -> None:
    telegram, chats, groups = Telegram(), range(1, 11), range(-2, 0)
    asyncio.run(telegram.burst([*chats, *groups], each=6))
    assert len(telegram.arrivals) == 6 * 12
    assert telegram.most(OVERALL.seconds) <= OVERALL.calls
    assert all(telegram.most(CHAT.seconds, chat) <= CHAT.calls for chat in chats)
    assert all(telegram.most(GROUP.seconds, group) <= GROUP.calls for group in groups)
    for chat in (*chats, *groups):
        assert [number for _, of, number in telegram.arrivals if of == chat] == list(range(6))


def test_progress_waits_while_half_of_a_limit_is_used() -> None:
    async def look() -> list[bool]:
        limits, telegram = RateLimits(), Telegram()
        seen = [limits.has_room(7)]
        for number in range(2):
            data = {"chat_id": 7}
            await limits.process_request(telegram.call, (7, number), {}, "", data, None)
        seen += [limits.has_room(7), limits.has_room(8)]
        await asyncio.sleep(CHAT.seconds * 1.5)
        return [*seen, limits.has_room(7)]

    assert asyncio.run(look()) == [True, False, True, True]


def test_bot_that_may_not_call_holds_every_call_back() -> None:
    async def look() -> list[int]:
        limits, telegram, allowed = RateLimits(), Telegram(), asyncio.Event()
        limits.hold_unless(allowed.is_set)
        arguments = ({}, "addStickerToSet", {"user_id": 7}, None)
        call = asyncio.create_task(limits.process_request(telegram.call, (7, 0), *arguments))
        await asyncio.sleep(0.3)
        before = len(telegram.arrivals)
        allowed.set()
        await call
        return [before, len(telegram.arrivals)]

    assert asyncio.run(look()) == [0, 1]


@pytest.mark.slow
def test_burst_of_finished_requests_causes_no_429(tmp_path: Path) -> None:
    """The bot is a process of its own, with Telegram's true limits."""
    outcome = burst(100, tmp_path)
    assert (outcome.delivered, outcome.in_order, outcome.refused) == (100, True, 0)


def test_first_answers_do_not_wait_behind_edits() -> None:
    async def look() -> list[str]:
        limits, arrived = RateLimits(), []

        async def call(endpoint: str, chat: int) -> Any:
            async def arrive() -> bool:
                arrived.append(endpoint)
                return True

            return await limits.process_request(arrive, (), {}, endpoint, {"chat_id": chat}, None)

        edits = [asyncio.create_task(call("editMessageMedia", chat)) for chat in range(1, 31)]
        await asyncio.sleep(0)
        first_answers = [asyncio.create_task(call("sendMessage", chat)) for chat in range(31, 37)]
        await asyncio.gather(*edits, *first_answers)
        return arrived

    places = [place for place, name in enumerate(asyncio.run(look())) if name == "sendMessage"]
    # The first OVERALL.calls places are free; after them, three of four are first answers'.
    assert places[-1] <= OVERALL.calls + 4 * len(places) / 3 + 1
