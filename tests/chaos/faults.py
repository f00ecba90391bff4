"""What goes wrong, and when: a schedule by a seed, and the faults themselves."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from tests.chaos.network import Network
from tests.chaos.parts import Parts

KILLED = ("job process", "engine", "RQ worker", "worker", "bot", "Valkey")
STOPPED = ("job process", "engine", "machine", "bot", "Valkey")
CUT = ("bot", "worker", "all")
LONGEST = 12.0  # seconds of a stop or a cut; below the bot's 20 for an answer of Telegram
# A machine that stands still for so long has its requests drawn elsewhere, and then comes back.
AGES = 100.0


@dataclass(frozen=True)
class Fault:
    """One fault: after `pause` seconds, `what` happens to `whom`, for some seconds."""

    pause: float
    what: str  # "kill", "stop", "cut": connections end; "hold": they stand still
    whom: str
    worker: int  # which of the two, where it is about a worker
    seconds: float

    def __str__(self) -> str:
        names = {"kill": "killed", "stop": "stopped", "cut": "network cut", "hold": "network held"}
        numbered = self.whom in ("job process", "engine", "RQ worker", "worker", "machine")
        whom = f"{self.whom} {self.worker + 1}" if numbered else self.whom
        lasts = "" if self.what == "kill" else f" for {self.seconds:.0f} s"
        return f"{whom}: {names[self.what]}{lasts}"


def schedule(chance: random.Random, pauses: tuple[float, float], *, once: bool) -> Iterator[Fault]:
    """All kinds of faults in a random order: once, or without end, and then a long one first."""
    kinds = [("kill", whom) for whom in KILLED] + [("stop", whom) for whom in STOPPED]
    kinds += [(what, whom) for what in ("cut", "hold") for whom in CUT]
    if not once:
        yield Fault(20.0, "stop", "machine", chance.randrange(2), AGES)
    while True:
        for what, whom in chance.sample(kinds, len(kinds)):
            seconds = chance.uniform(2, LONGEST)
            yield Fault(chance.uniform(*pauses), what, whom, chance.randrange(2), seconds)
        if once:
            return


@dataclass
class Storm:
    """Makes faults happen, and notes them."""

    parts: Parts
    networks: list[Network]
    count: Counter[str] = field(default_factory=Counter)
    last: str = ""
    # Spans of time in which a message that Telegram has taken may not have been noted in Redis:
    # up to each kill of the bot, from some seconds before, or from the outage of Redis before.
    unnoted: list[tuple[float, float]] = field(default_factory=list)
    _outages: list[tuple[float, float]] = field(default_factory=list)

    async def run(self, faults: Iterator[Fault]) -> None:
        """Make faults happen one after another, until cancelled; then wait for those at work."""
        going: set[asyncio.Task[None]] = set()
        try:
            for fault in faults:
                await asyncio.sleep(fault.pause)
                self.last = str(fault)
                self.count[f"{fault.whom}: {fault.what}"] += 1
                going.add(asyncio.create_task(self._happen(fault)))
        finally:
            await asyncio.gather(*going)

    async def _happen(self, fault: Fault) -> None:
        if fault.what in ("cut", "hold"):
            number = {"bot": [0], "worker": [fault.worker + 1], "all": range(len(self.networks))}
            cut = [self.networks[each] for each in number[fault.whom]]
            began = time.time()
            await asyncio.gather(*(getattr(each, fault.what)(fault.seconds) for each in cut))
            if fault.whom != "worker":
                self._outages.append((began, time.time()))
            return
        pids = await asyncio.to_thread(self._find, fault)
        if fault.what == "kill":
            self._note_kill(fault.whom)
            _send(pids[:1], signal.SIGKILL)
            return
        began = time.time()
        _send(pids, signal.SIGSTOP)
        await asyncio.sleep(fault.seconds)
        _send(pids, signal.SIGCONT)
        if fault.whom == "Valkey":
            self._outages.append((began, time.time()))

    def _note_kill(self, whom: str) -> None:
        now = time.time()
        if whom == "Valkey":
            self._outages.append((now, now + 10))
        if whom == "bot":
            spans = [begin for begin, end in self._outages if begin < now < end + 10]
            self.unnoted.append((min([now - 5, *(begin - 5 for begin in spans)]), now))

    def _find(self, fault: Fault) -> list[int]:
        parts, worker = self.parts, fault.worker
        match fault.whom:
            case "bot":
                return [parts.bot.process.pid]
            case "Valkey":
                return [parts.valkey.process.pid]
            case "worker":
                return [parts.workers[worker].process.pid]
            case "machine":
                return parts.tree(worker)
            case "engine":
                return parts.engine(worker)
            case "RQ worker":
                return parts.rq_workers(worker)
        # The other worker's, where this one is idle: a fault without a victim would show nothing.
        return parts.job_processes(worker) or parts.job_processes(1 - worker)


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
