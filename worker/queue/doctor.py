"""Findings of `python -m bot.doctor` and `python -m worker.doctor`, and the checks of Redis.

    ✓ a check that passed
    ✗ a check that failed: what is wrong, and how to fix it
    – a check that was skipped, and why

`emojich doctor` runs both.
"""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import redis

from emojich_core.errors import BundleError, SetupError, shown
from worker.queue.address import Address
from worker.queue.connection import connect, refusal
from worker.queue.environment import announce, data_folder, unknown_variables
from worker.queue.logs import hide
from worker.queue.valkey import running_url

LEAST_VERSION = (6, 2)  # of Redis: it has LMOVE and BLMOVE
PROBES = ("emojich:probe", "rq:probe")  # one of each prefix that we write
PROBE_SCRIPT = "return redis.call('SET', KEYS[1], '', 'PX', 1)"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    mark: str
    sentence: str


def passed(sentence: str) -> Finding:
    """A check that passed."""
    return Finding("✓", sentence)


def failed(sentence: str) -> Finding:
    """A check that failed; the sentence says what is wrong and how to fix it."""
    return Finding("✗", sentence)


def skipped(why: str) -> Finding:
    """A check that was skipped, because a part is missing or not needed."""
    return Finding("–", f"not checked: {why}")


def result_of(check: Callable[[], str]) -> Finding:
    """Run a check: it passes with the sentence it returns, fails by SetupError or BundleError."""
    try:
        return passed(check())
    except (SetupError, BundleError) as error:
        return failed(str(error))


def check_variables() -> Iterator[Finding]:
    """A finding for each variable that no part of Emojich reads."""
    yield from map(failed, unknown_variables(os.environ))


def report(*groups: Iterator[Finding], secrets: tuple[str, ...] = ()) -> NoReturn:
    """Print the findings, without the secrets; exit with 1 if a check failed, else with 0."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may have no ✓
    all_passed = True
    try:
        for finding in (finding for group in groups for finding in with_errors(group)):
            all_passed &= finding.mark != failed("").mark
            announce(f"{finding.mark} {shown(hide(finding.sentence, secrets), 1000)}")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0 if all_passed else 1)


def with_errors(group: Iterator[Finding]) -> Iterator[Finding]:
    """The findings of a group; an error that ends the group becomes a failed check."""
    try:
        yield from group
    except (SetupError, BundleError) as error:
        yield failed(str(error))
    except redis.RedisError as error:  # it answered a moment ago
        yield failed(f"Redis has stopped answering ({shown(error)}): see its log, then ask again.")


def check_redis(*others: Callable[[redis.Redis], str]) -> Iterator[Finding]:
    """The Redis of REDIS_URL, or the embedded one if it runs, and other checks of it."""
    url = running_url(data_folder())
    if not url:
        yield skipped(
            "REDIS_URL is not set, and no embedded Valkey runs: set it, or start Emojich."
        )
        return
    with connect(url) as connection:
        address = Address.read(url)
        yield from _examine_redis(connection, address)
        for check in others:
            yield result_of(lambda check=check: check(connection))  # type: ignore[misc]


def _examine_redis(connection: redis.Redis, address: Address) -> Iterator[Finding]:
    try:
        for key in PROBES:
            connection.eval(PROBE_SCRIPT, 1, key)
        info: Any = connection.info()
    except redis.ResponseError as error:
        raise SetupError(refusal(address, error)) from error
    version = str(info.get("redis_version", ""))
    if tuple(map(int, re.findall(r"\d+", version)))[:2] < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        yield failed(f"Redis at {address} is of version {version}: update it to {least} or newer.")
    else:
        yield passed(f"Redis at {address} answers, stores keys and runs scripts ({version}).")
    if info.get("aof_enabled"):
        yield passed("Redis has an append-only file.")
    elif info.get("connected_slaves"):
        yield passed("Redis has no append-only file, but a replica.")
    else:
        yield failed(
            "Redis has neither an append-only file nor a replica, so it forgets requests and packs "
            "when it restarts: set `appendonly yes`."
        )
    policy = info.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        yield passed("Redis drops no keys (maxmemory-policy noeviction).")
    else:
        yield failed(
            f"Redis drops requests and the names of packs when it is full (maxmemory-policy "
            f"{policy}): set `maxmemory-policy noeviction`."
        )
