"""Faults: their schedule, which a seed decides, and how each is caused."""

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
LONGEST = 12.0  # seconds of a stop or a cut: longer than the lease of a bot
ANSWER_TIME = 5.0  # seconds that a call of Telegram, and noting it, may take on a busy computer
RETURN_TIME = 5.0  # seconds until Redis answers again
LEASE_TIME = 7.0  # seconds, at least, that a bot's lease lasts after its last renewal failed
# Seconds of a machine's stop, after which other workers have drawn its requests.
AGES = 100.0


@dataclass(frozen=True)
class Fault:
    """One fault: after `pause` seconds, `what` happens to the process `whom` for `seconds`."""

    pause: float
    what: str  # "kill", "stop", "cut": connections end; "hold": they pass no bytes
    whom: str
    number: int  # which of the two bots or workers
    seconds: float

    def __str__(self) -> str:
        names = {"kill": "killed", "stop": "stopped", "cut": "network cut", "hold": "network held"}
        whom = self.whom if self.whom in ("Valkey", "all") else f"{self.whom} {self.number + 1}"
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
    bot_networks: list[Network]
    worker_networks: list[Network]
    count: Counter[str] = field(default_factory=Counter)
    last: str = ""
    # Spans of time in which a bot may have been unable to note in Redis that Telegram has taken a
    # message: it was killed, or lost its lease.  Each span begins some seconds earlier, because
    # a call takes time.
    unnoted: list[tuple[float, float]] = field(default_factory=list)
    _outages: list[tuple[float, float]] = field(default_factory=list)  # of Redis

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
        began = time.time()
        if fault.what in ("cut", "hold"):
            cut = self._networks(fault)
            await asyncio.gather(*(getattr(each, fault.what)(fault.seconds) for each in cut))
        else:
            pids = await asyncio.to_thread(self._find, fault)
            _send(pids, signal.SIGKILL if fault.what == "kill" else signal.SIGSTOP)
            if fault.what == "stop":
                await _continue(pids, fault.seconds)
        self._note(fault, began - ANSWER_TIME, time.time())

    def _note(self, fault: Fault, began: float, ended: float) -> None:
        """Note a span in which messages may have stayed unnoted."""
        if fault.whom not in ("bot", "Valkey", "all"):
            return
        if fault.what != "kill" and fault.seconds > LEASE_TIME:  # the other bot takes over
            self.unnoted.append((began, ended))
        if fault.whom != "bot":
            self._outages.append((began, ended + RETURN_TIME))
        elif fault.what == "kill":
            without_redis = [begin for begin, end in self._outages if begin < ended < end]
            # Calls that were on their way still take effect; the other bot calls only later.
            self.unnoted.append((min([began, *without_redis]), ended + ANSWER_TIME))

    def _networks(self, fault: Fault) -> list[Network]:
        match fault.whom:
            case "bot":
                return [self.bot_networks[fault.number]]
            case "worker":
                return [self.worker_networks[fault.number]]
        return [*self.bot_networks, *self.worker_networks]

    def _find(self, fault: Fault) -> list[int]:
        parts, number = self.parts, fault.number
        match fault.whom:
            case "bot":
                return [parts.bots[number].process.pid]
            case "Valkey":
                return [parts.valkey.process.pid]
            case "worker":
                return [parts.workers[number].process.pid]
            case "machine":
                return parts.tree(number)
            case "engine":
                return parts.engine(number)
            case "RQ worker":
                return parts.rq_workers(number)[:1]
        # If this worker is idle, the other worker's: a fault without a victim would test nothing.
        return (parts.job_processes(number) or parts.job_processes(1 - number))[:1]


async def _continue(pids: list[int], seconds: float) -> None:
    """Have stopped processes continue after some seconds.

    A process of its own does so, because a stopped process cannot end, and would stay
    stopped if this one is killed meanwhile.
    """
    ids = " ".join(map(str, pids))
    command = f"sleep {seconds}; kill -CONT {ids} 2>/dev/null"
    waiting = await asyncio.create_subprocess_exec("sh", "-c", command, start_new_session=True)
    await waiting.wait()


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
