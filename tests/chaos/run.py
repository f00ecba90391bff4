"""One run: starts the parts, runs users and faults against them, stops all, and counts."""

import asyncio
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.chaos.faults import FaultInjector, schedule
from tests.chaos.network import Network
from tests.chaos.parts import Parts, left_behind, parts, telegram, valkey
from tests.chaos.people import PROMPTS, Person
from tests.chaos.report import Report, Seen

FIRST_USER = 70_001
FAILING_PERCENT = 20  # percent of Telegram's answers that fail
START_TIME = 180.0  # seconds
# Seconds after the last fault in which all requests must end: a machine that died counts as dead
# after a minute, and a busy computer may be ten times as slow as usual.
END_TIMEOUT = 600.0
AFTERWARDS = 3.0  # seconds in which late or repeated messages arrive
PROGRESS = 10.0  # seconds between two lines


@dataclass(frozen=True)
class Plan:
    """The size of a run."""

    requests: int
    users: int
    seed: int

    @property
    def is_short(self) -> bool:
        """Whether each kind of fault comes just once, and no fault lasts for minutes."""
        return self.requests < 100

    @property
    def pauses(self) -> tuple[float, float]:
        """Seconds between two faults: the least, and the most."""
        return (1, 2.2) if self.is_short else (5, 14)

    @property
    def mean_pause(self) -> float:
        """Mean seconds between two prompts of a user."""
        return 6.0 if self.is_short else 20.0


def run(plan: Plan) -> Report:
    """Run, and print the progress and the table; returns the report."""
    # In a folder of a short name, because engines have Unix sockets there.
    folder = Path(tempfile.mkdtemp(prefix="emojich-chaos-")).resolve()
    (folder / "logs").mkdir()
    say(f"seed {plan.seed}; logs are in {folder / 'logs'}")
    began = time.monotonic()
    report = asyncio.run(_run(plan, folder))
    time.sleep(AFTERWARDS)
    report.breaches["orphan"] = left_behind(folder)
    seconds = time.monotonic() - began
    say(f"\n{plan.requests} prompts of {plan.users} users, seed {plan.seed}, {seconds:.0f} s\n")
    say(report.table())
    return report


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


async def _run(plan: Plan, folder: Path) -> Report:
    async with AsyncExitStack() as stack:
        running, networks = await stack.enter_async_context(_running_parts(folder))
        http = await stack.enter_async_context(aiohttp.ClientSession(running.telegram))
        people = [
            Person(http, FIRST_USER + n, random.Random(f"{plan.seed} {n}"))
            for n in range(plan.users)
        ]
        injector = FaultInjector(running, networks[:2], networks[2:])
        await _run_users_and_faults(plan, people, injector, http)
        return await _count(people, injector, http)


@asynccontextmanager
async def _running_parts(folder: Path) -> AsyncIterator[tuple[Parts, list[Network]]]:
    """All parts, ready."""
    logs = folder / "logs"
    with ExitStack() as stack:
        # In a process of its own, so that this one needs no torch.
        command = [sys.executable, "-m", "tests.tiny_bundle", str(folder)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        bundle = folder / "tiny"
        redis, port = stack.enter_context(valkey(folder, logs))
        address = stack.enter_context(telegram(folder / "sandbox", logs))
        networks = [Network(port) for _ in range(4)]
        for network in networks:
            await network.start()
        urls = [network.url for network in networks]
        running = stack.enter_context(parts(folder, bundle, urls, redis, address))
        async with asyncio.timeout(START_TIME):
            for name, line in running.ready.items():
                while not re.search(line, (logs / f"{name}.log").read_text("utf-8", "replace")):
                    await asyncio.sleep(0.2)
        try:
            yield running, networks
        finally:  # in a thread, because the parts talk to Redis through the networks of this one
            await asyncio.to_thread(stack.close)
            for network in networks:
                network.stop()


async def _run_users_and_faults(
    plan: Plan, people: list[Person], injector: FaultInjector, http: aiohttp.ClientSession
) -> None:
    """Run all users, with faults, until all requests have ended, or END_TIMEOUT has passed."""
    chance = random.Random(plan.seed)
    prompts = chance.sample(PROMPTS, plan.requests)
    faults = schedule(chance, plan.pauses, once=plan.is_short)
    await http.post("/sandbox/random_faults", json={"percent": FAILING_PERCENT, "seed": plan.seed})
    shares = [prompts[n :: plan.users] for n in range(plan.users)]
    lives = [
        asyncio.create_task(person.run(share, plan.mean_pause))
        for person, share in zip(people, shares, strict=True)
    ]
    printing = asyncio.create_task(_print_progress(plan, people, injector))
    injecting = asyncio.create_task(injector.run(faults))
    while any(shares) and not injecting.done():
        await asyncio.sleep(0.5)
        for life in lives:
            if life.done():
                life.result()  # raises what has failed
    injecting.cancel()
    with suppress(asyncio.CancelledError):
        await injecting
    injector.last = "only Telegram fails"
    ended, unfinished = await asyncio.wait(lives, timeout=END_TIMEOUT)
    printing.cancel()
    for life in unfinished:
        life.cancel()
    for life in ended:
        life.result()
    await asyncio.sleep(AFTERWARDS)


async def _print_progress(plan: Plan, people: list[Person], injector: FaultInjector) -> None:
    """Print a line of progress from time to time."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(PROGRESS)
        asked = [each for person in people for each in person.asked]
        sent = len(asked) + sum(bool(each.first) for each in asked)
        over = sum(each.is_over for each in asked)
        seconds = time.monotonic() - began
        said = f"{sent} prompts of {plan.requests}, {over} of {len(asked)} requests ended"
        say(f"{seconds:4.0f} s: {said}; {injector.last}")


async def _count(
    people: list[Person], injector: FaultInjector, http: aiohttp.ClientSession
) -> Report:
    report = Report()
    faults = await (await http.get("/sandbox/faults")).json()
    report.counts["faults of processes and networks"] = injector.count.total()
    report.counts["calls of Telegram that failed"] = len(faults)
    lost = frozenset(each["message_id"] for each in faults if "message_id" in each)
    for person in people:
        own = {"user_id": str(person.id)}
        chat = await (await http.get("/sandbox/chat", params=own)).json()
        packs = await (await http.get("/sandbox/packs", params=own)).json()
        of_bot = [message for message in chat if message["from"]["is_bot"]]
        report.read(person.asked, Seen(of_bot, packs, lost, tuple(injector.unrecorded)))
    return report
