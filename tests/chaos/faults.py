"""Faults: a schedule that depends on a seed, and their injection."""

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
ANSWER_TIME = 5.0  # seconds that a call of Telegram, and recording it, may take on a busy computer
RETURN_TIME = 5.0  # seconds until Redis answers again
LEASE_TIME = 7.0  # seconds, at least, that a bot's lease lasts after its last renewal failed
# Seconds of a machine's stop, after which other workers have drawn its requests.
AGES = 100.0


@dataclass(frozen=True)
class Fault:
    """One fault: `pause` seconds after the last, `action` on the process `target` for `seconds`."""

    pause: float
    action: str  # "kill", "stop", "cut": connections end; "hold": they pass no bytes
    target: str
    number: int  # which of the two bots or workers
    seconds: float

    def __str__(self) -> str:
        names = {"kill": "killed", "stop": "stopped", "cut": "network cut", "hold": "network held"}
        target = (
            self.target if self.target in ("Valkey", "all") else f"{self.target} {self.number + 1}"
        )
        lasts = "" if self.action == "kill" else f" for {self.seconds:.0f} s"
        return f"{target}: {names[self.action]}{lasts}"


def schedule(rng: random.Random, pauses: tuple[float, float], *, once: bool) -> Iterator[Fault]:
    """All kinds of faults in random order: once, or forever after a long fault."""
    kinds = [("kill", target) for target in KILLED] + [("stop", target) for target in STOPPED]
    kinds += [(action, target) for action in ("cut", "hold") for target in CUT]
    if not once:
        yield Fault(20.0, "stop", "machine", rng.randrange(2), AGES)
    while True:
        for action, target in rng.sample(kinds, len(kinds)):
            seconds = rng.uniform(2, LONGEST)
            yield Fault(rng.uniform(*pauses), action, target, rng.randrange(2), seconds)
        if once:
            return


@dataclass
class FaultInjector:
    """Injects faults, and records them."""

    parts: Parts
    bot_networks: list[Network]
    worker_networks: list[Network]
    count: Counter[str] = field(default_factory=Counter)
    last: str = ""
    # Spans of time in which a bot may have been unable to record in Redis that Telegram has taken
    # a message: it was killed, or lost its lease.  Each span begins some seconds earlier, because
    # a call takes time.
    unrecorded: list[tuple[float, float]] = field(default_factory=list)
    _outages: list[tuple[float, float]] = field(default_factory=list)  # of Redis

    async def run(self, faults: Iterator[Fault]) -> None:
        """Inject faults until cancelled; then wait until the last ones are over."""
        running: set[asyncio.Task[None]] = set()
        try:
            for fault in faults:
                await asyncio.sleep(fault.pause)
                self.last = str(fault)
                self.count[f"{fault.target}: {fault.action}"] += 1
                running.add(asyncio.create_task(self._inject(fault)))
        finally:
            await asyncio.gather(*running)

    async def _inject(self, fault: Fault) -> None:
        began = time.time()
        if fault.action in ("cut", "hold"):
            cut = self._networks(fault)
            await asyncio.gather(*(getattr(each, fault.action)(fault.seconds) for each in cut))
        else:
            pids = await asyncio.to_thread(self._find, fault)
            _send(pids, signal.SIGKILL if fault.action == "kill" else signal.SIGSTOP)
            if fault.action == "stop":
                await _continue(pids, fault.seconds)
        self._record_span(fault, began - ANSWER_TIME, time.time())

    def _record_span(self, fault: Fault, began: float, ended: float) -> None:
        """Record a span in which a bot may have failed to record its messages."""
        if fault.target not in ("bot", "Valkey", "all"):
            return
        if fault.action != "kill" and fault.seconds > LEASE_TIME:  # the other bot takes over
            self.unrecorded.append((began, ended))
        if fault.target != "bot":
            self._outages.append((began, ended + RETURN_TIME))
        elif fault.action == "kill":
            without_redis = [begin for begin, end in self._outages if begin < ended < end]
            # Calls that were on their way still take effect; the other bot calls only later.
            self.unrecorded.append((min([began, *without_redis]), ended + ANSWER_TIME))

    def _networks(self, fault: Fault) -> list[Network]:
        match fault.target:
            case "bot":
                return [self.bot_networks[fault.number]]
            case "worker":
                return [self.worker_networks[fault.number]]
        return [*self.bot_networks, *self.worker_networks]

    def _find(self, fault: Fault) -> list[int]:
        parts, number = self.parts, fault.number
        match fault.target:
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
        # If this worker is idle, a job process of the other worker: else nothing would be tested.
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
