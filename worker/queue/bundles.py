"""The bundles that RQ workers serve.

    rq:worker:<name>  hash  RQ's own; the field `bundle` is a `ServedBundle` as JSON

An RQ worker writes the field with each heartbeat, so it goes with the worker's key.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import redis
from rq import Queue
from rq.worker_registration import get_keys

from emojich_core.request import LONGER, MAX_COUNT
from worker.queue.decoding import from_json

FIELD = "bundle"
_OF_WORKERS = ("birth", "last_heartbeat")  # fields that RQ writes
MAX_LONGER_WAIT = 30  # seconds: the most that `longer` may add to the wait for a request
SERVES = "EMOJICH_SERVES"  # `python -m worker` tells its RQ workers in it what their engine draws


@dataclass(frozen=True)
class ServedBundle:
    """A bundle that an engine has loaded."""

    name: str  # that in bundle.json
    rank: int = 0  # its place in EMOJICH_MODEL
    title: dict[str, str] = field(default_factory=dict)  # what users read, by language
    # How many judged candidates the engine draws per minute with all slots taken; 0: it has no
    # judge, or is of a version that cannot draw longer.
    judged_per_minute: float = 0.0

    @property
    def draws_longer(self) -> bool:
        """Whether users may choose longer drawing: it adds at most MAX_LONGER_WAIT."""
        return self.judged_per_minute * MAX_LONGER_WAIT / 60 >= (LONGER - 1) * MAX_COUNT

    def label(self, language: str) -> str:
        """The title in a user's language, else the name."""
        return self.title.get(language) or self.name

    def to_json(self) -> str:
        """A text that `ServedBundle.parse` turns back into an equal value."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str | bytes) -> "ServedBundle":
        """The bundle that `to_json` wrote.  Raises ValueError for another text."""
        return from_json(cls, text)


def living_workers(connection: redis.Redis, queue: Queue) -> dict[str, ServedBundle | None]:
    """The keys of the RQ workers that listen to a queue, with the bundles of their engines.

    None for a worker of an older version, which does not publish its bundle.
    """
    keys = sorted(get_keys(queue))
    with connection.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.hmget(key, FIELD, *_OF_WORKERS)
        answers: Any = pipe.execute(raise_on_error=False)  # a key may be of another type
    found: dict[str, ServedBundle | None] = {}
    for key, answer in zip(keys, answers, strict=True):
        if not isinstance(answer, list):
            found[key] = None
        elif any(answer):  # RQ lists a killed worker until another one cleans up
            found[key] = _parsed(answer[0])
    return found


def in_order(bundles: Iterable[ServedBundle | None]) -> list[ServedBundle]:
    """Each bundle once, as fast as the slowest engine; the first one is the default.

    The order is that of EMOJICH_MODEL; where machines differ in it, the names decide.
    """
    found: dict[str, ServedBundle] = {}
    for bundle in sorted(filter(None, bundles), key=lambda each: (each.rank, each.name)):
        first = found.setdefault(bundle.name, bundle)
        slowest = min(first.judged_per_minute, bundle.judged_per_minute)
        found[bundle.name] = replace(first, judged_per_minute=slowest)
    return list(found.values())


def _parsed(text: Any) -> ServedBundle | None:
    try:
        return ServedBundle.parse(text) if isinstance(text, bytes) else None
    except ValueError:
        return None
