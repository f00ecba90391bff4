"""50 users who write, tap, edit and cancel, each through the sandbox's side of a Telegram app."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

import aiohttp

from tests.bot.harness import buttons_of, text_of

LOOKS = "синий красный зелёный жёлтый белый чёрный серый рыжий розовый золотой серебряный весёлый"
LOOKS += " грустный сонный добрый злой большой маленький старый молодой смешной пушистый полосатый"
LOOKS += " лохматый круглый"
THINGS = "кот пёс лис волк заяц медведь тигр лев слон жираф дракон робот дом торт банан арбуз лимон"
THINGS += " гриб кактус цветок мяч шар корабль поезд вертолёт"
PROMPTS = [" ".join(words) for words in product(LOOKS.split(), THINGS.split())]  # each used once

DONE, CANCELLED, SORRY, MARK = "Готово", "✖ Остановлено", ("😔", "🤔"), "«{}»"
ASK_AGAIN = ("Telegram сейчас не отвечает", "😔 У меня что-то сломалось")
IN_PACK = ("в вашем наборе", "уже в наборе")
AT_ONCE = 2  # requests of a user
ANSWER_TIME = 35.0  # seconds after which a user taps again: Telegram waits for 30


@dataclass
class TrackedRequest:
    """A request as its user sees it, and the user's actions on it."""

    user_id: int
    prompt: str  # after an edit, the new one
    first: str = ""  # the prompt before an edit
    cancels: bool = False
    taps: set[int] = field(default_factory=set)  # candidates that the user has tapped
    unconfirmed: set[int] = field(default_factory=set)  # taps that the bot has not confirmed
    told: bool = False  # the bot has said that it could not take the request
    is_over: bool = False


class Person:
    """A user with an open chat."""

    def __init__(self, http: aiohttp.ClientSession, user_id: int, chance: random.Random):
        self.id = user_id
        self.asked: list[TrackedRequest] = []
        self._http = http
        self._chance = chance
        self._messages: dict[int, dict[str, Any]] = {}  # of the bot
        self._answers: dict[str, str] = {}
        self._changed = asyncio.Condition()

    async def run(self, prompts: list[str], pause: float) -> None:
        """Send all prompts, `pause` seconds apart on average, and wait until each has ended."""
        watching = asyncio.create_task(self._watch())
        room = asyncio.Semaphore(AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                while prompts:
                    await asyncio.sleep(self._chance.uniform(0, 2 * pause))
                    await room.acquire()
                    edits = len(prompts) > 1 and self._chance.random() < 0.1
                    asked = TrackedRequest(self.id, prompts.pop())
                    self.asked.append(asked)
                    then = prompts.pop() if edits else ""
                    asked.cancels = not edits and self._chance.random() < 0.08
                    task = group.create_task(self._ask(asked, then))
                    task.add_done_callback(lambda _: room.release())
        finally:
            watching.cancel()

    async def _ask(self, asked: TrackedRequest, then: str) -> None:
        pause = self._chance.uniform(0.2, 4)
        wanted = self._chance.sample(range(4), self._chance.choice((0, 1, 1, 2)))
        sent = await self._post("message", text=asked.prompt)
        if then or asked.cancels:
            await asyncio.sleep(pause)
        if then:
            asked.first, asked.prompt = asked.prompt, then
            await self._post("edit", message_id=sent["message_id"], text=then)
        if asked.cancels:
            await self._cancel(asked)
        message = await self._until(lambda: self._ended(asked) or self._refusal(asked))
        if DONE in text_of(message):
            for number in wanted:
                await self._add(asked, number)
        asked.is_over = True

    async def _cancel(self, asked: TrackedRequest) -> None:
        """Tap «Остановить» while it is there."""
        message = await self._until(lambda: self._latest(asked) or self._refusal(asked))
        if data := button(message, ":cancel:"):
            await self._post("tap", message_id=message["message_id"], data=data)

    async def _add(self, asked: TrackedRequest, number: int) -> None:
        """Tap a candidate until the bot says that it is in the pack."""
        asked.taps.add(number)
        asked.unconfirmed.add(number)
        while True:
            message = self._ended(asked)
            assert message
            data = button(message, ":add:", f":{number}")
            assert data, message
            tap = await self._post("tap", message_id=message["message_id"], data=data)
            try:
                async with asyncio.timeout(ANSWER_TIME):
                    answer = await self._until(partial(self._answers.get, tap["id"]))
            except TimeoutError:  # the bot was away for longer than Telegram waits
                continue
            if any(phrase in answer for phrase in IN_PACK):
                asked.unconfirmed.discard(number)
                return
            await asyncio.sleep(self._chance.uniform(1, 5))

    def _latest(self, asked: TrackedRequest) -> dict[str, Any] | None:
        """The last message that shows the request."""
        shown = self._shown(asked)
        return shown[-1] if shown else None

    def _ended(self, asked: TrackedRequest) -> dict[str, Any] | None:
        """The message that says how the request has ended.

        It need not be the last one: a message whose answer was lost stays as it was.
        """
        ended = [message for message in self._shown(asked) if has_ended(message)]
        return ended[-1] if ended else None

    def _shown(self, asked: TrackedRequest) -> list[dict[str, Any]]:
        begin = MARK.format(asked.prompt)
        return [m for m in self._messages.values() if text_of(m).startswith(begin)]

    def _refusal(self, asked: TrackedRequest) -> dict[str, Any] | None:
        """The message that says that the bot could not take a request, if no message shows it."""
        if self._latest(asked) or (asked.first and not asked.told and self._shows(asked.first)):
            return None
        said = [m for m in self._messages.values() if text_of(m).startswith(ASK_AGAIN)]
        told = sum(each.told for each in self.asked)
        if not asked.told and len(said) > told:
            asked.told = True
        return said[-1] if asked.told else None

    def _shows(self, prompt: str) -> bool:
        return any(text_of(m).startswith(MARK.format(prompt)) for m in self._messages.values())

    async def _until(self, look: Callable[[], Any]) -> Any:
        async with self._changed:
            return await self._changed.wait_for(look)

    async def _watch(self) -> None:
        """Read the changes of the chat."""
        async with self._http.ws_connect(f"/sandbox/events?user_id={self.id}") as socket:
            async for change in socket:
                event = json.loads(change.data)
                if event["type"] == "message" and event["message"]["from"]["is_bot"]:
                    message = event["message"]
                    self._messages[message["message_id"]] = message
                elif event["type"] == "answer":
                    self._answers[event["tap"]["id"]] = event["tap"]["answer"]["text"] or "-"
                async with self._changed:
                    self._changed.notify_all()

    async def _post(self, path: str, **body: Any) -> Any:
        async with self._http.post(f"/sandbox/{path}", json={"user_id": self.id, **body}) as answer:
            answer.raise_for_status()
            return await answer.json()


def has_ended(message: dict[str, Any]) -> bool:
    """Whether the message of a request says how it has ended."""
    text = text_of(message)
    return DONE in text or CANCELLED in text or any(sorry in text for sorry in SORRY)


def button(message: dict[str, Any], *parts: str) -> str:
    """The data of the first button that holds all parts, the last one at its end; "" if none."""
    for data in (b.get("callback_data", "") for b in buttons_of(message)):
        if all(part in data for part in parts) and (len(parts) == 1 or data.endswith(parts[-1])):
            return str(data)
    return ""
