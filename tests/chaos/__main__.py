"""Everything breaks at once: `make chaos`, or `python -m tests.chaos --requests 60`.

A real Valkey, a bot and two workers, with the sandbox in the place of Telegram.  50 users send
requests, tap candidates, edit and cancel, while processes are killed with SIGKILL or stopped with
SIGSTOP, the network to Redis is cut, and a fifth of Telegram's answers is 429, 500, cut, or comes
after the call took effect.  Then it is counted from outside what became of each request: by what
chats and packs show.  The engines draw noise with a tiny bundle, so that they take no time.

Exits with 1 where a promise was broken, and says of which request.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import aiohttp

from tests.chaos.faults import Storm, schedule
from tests.chaos.network import Network
from tests.chaos.parts import Parts, left_behind, parts, telegram, valkey
from tests.chaos.people import PROMPTS, Person
from tests.chaos.report import Report, Seen
from tests.tiny_bundle import save_tiny_bundle

FIRST_USER = 70_001
WEATHER = 20  # percent of Telegram's answers
PATIENCE = 300.0  # seconds after the last fault in which all requests must end
START_TIME = 180.0  # seconds
SHORT = 100  # requests: a shorter run has no fault that takes minutes to heal
PROGRESS = 10.0  # seconds


def main() -> None:
    """Run, print the table, exit."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1000), help="of all faults")
    arguments = parser.parse_args()
    report = run(arguments.requests, arguments.users, arguments.seed)
    sys.exit(0 if report.is_clean else 1)


def run(requests: int, users: int, seed: int) -> Report:
    """Run and print; the report."""
    # A Unix socket's path is short, and the engines' are in a folder of temporary files.
    folder = Path(tempfile.mkdtemp(prefix="emojich-chaos-")).resolve()
    logs = folder / "logs"
    logs.mkdir()
    print(f"seed {seed}; logs are in {logs}", flush=True)
    began = time.monotonic()
    report = Report()
    with ExitStack() as stack:
        bundle = save_tiny_bundle(folder)
        redis, port = stack.enter_context(valkey(folder, logs))
        address = stack.enter_context(telegram(folder / "sandbox", logs))
        asyncio.run(_run(folder, bundle, redis, port, address, requests, users, seed, report))
    report.breaches["orphan"] = left_behind(folder)
    print(
        f"\n{requests} requests of {users} users, seed {seed}, {time.monotonic() - began:.0f} s\n",
        flush=True,
    )
    for label, number in report.rows():
        print(f"| {label} | {number} |")
    for name, breaches in report.breaches.items():
        for breach in breaches:
            print(f"{name}: {breach}")
    return report


async def _run(folder, bundle, redis, port, address, requests, users, seed, report) -> None:  # type: ignore[no-untyped-def]
    networks = [Network(name, port) for name in ("bot", "worker 1", "worker 2")]
    for network in networks:
        await network.start()
    with ExitStack() as stack:
        running = await asyncio.to_thread(
            stack.enter_context, parts(folder, bundle, networks, redis, port, address)
        )
        async with aiohttp.ClientSession(address) as http:
            await _wait_for_ready(running)
            await _storm(running, networks, http, requests, users, seed, report)
        # In a thread: the parts still talk to Redis through the networks of this one.
        await asyncio.to_thread(stack.close)
    for network in networks:
        await network.stop()


async def _wait_for_ready(running: Parts) -> None:
    lines = {"bot": "bot: ready", "worker1": "worker: ready", "worker2": "worker: ready"}
    async with asyncio.timeout(START_TIME):
        for name, line in lines.items():
            while line not in (running.logs / f"{name}.log").read_text("utf-8", "replace"):
                await asyncio.sleep(0.2)


async def _storm(running, networks, http, requests, users, seed, report) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(seed)
    prompts = chance.sample(PROMPTS, requests)
    people = [Person(http, FIRST_USER + n, random.Random(f"{seed} {n}")) for n in range(users)]
    short = requests < SHORT
    storm = Storm(running, networks)
    faults = schedule(chance, (2, 6) if short else (4, 12), ages=not short)
    await http.post("/sandbox/weather", json={"percent": WEATHER, "seed": seed})
    pause = 15.0 if short else 40.0
    lives = [
        asyncio.create_task(person.live(prompts[n::users], pause))
        for n, person in enumerate(people)
    ]
    telling = asyncio.create_task(_tell(people, storm, requests))
    storming = asyncio.create_task(storm.run(faults))
    while sum(len(p.asked) + sum(bool(a.first) for a in p.asked) for p in people) < requests:
        await asyncio.sleep(0.5)
        for life in lives:
            if life.done() and life.exception():
                raise life.exception()
    storming.cancel()
    with suppress(asyncio.CancelledError):
        await storming
    await http.post("/sandbox/weather", json={"percent": 0})
    storm.last = "calm"
    _, unfinished = await asyncio.wait(lives, timeout=PATIENCE)
    for life in unfinished:
        life.cancel()
    for life in set(lives) - unfinished:
        life.result()
    await asyncio.sleep(5)  # what comes too late, or twice, would come now
    telling.cancel()
    met = await (await http.get("/sandbox/faults")).json()
    lost = frozenset(each["message_id"] for each in met if "message_id" in each)
    for person in people:
        own = {"user_id": str(person.id)}
        chat = await (await http.get("/sandbox/chat", params=own)).json()
        packs = await (await http.get("/sandbox/packs", params=own)).json()
        bots = [message for message in chat if message["from"]["is_bot"]]
        report.read(person.asked, Seen(bots, packs, lost, tuple(storm.unnoted)))
    print(f"faults: {dict(sorted(storm.count.items()))}; Telegram: {len(met)}")


async def _tell(people: list[Person], storm: Storm, requests: int) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(PROGRESS)
        asked = [each for person in people for each in person.asked]
        over = sum(each.is_over for each in asked)
        seconds = time.monotonic() - began
        print(
            f"{seconds:4.0f} s: {len(asked)} asked of {requests}, {over} ended; {storm.last}",
            flush=True,
        )


if __name__ == "__main__":
    main()
