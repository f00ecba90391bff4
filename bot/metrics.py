"""The bot's metrics for Prometheus: its counters, and values read from Redis at each scrape.

No label names a user: bundles, methods, kinds and reasons come from short lists.
"""

import collections
from collections.abc import Iterable, Iterator
from contextlib import suppress

import redis
from prometheus_client import CollectorRegistry, Counter, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.backoff import NoBackoff
from redis.retry import Retry
from telegram import Bot
from telegram.error import NetworkError, RetryAfter, TimedOut

from worker.queue.address import Address
from worker.queue.bundles import living_workers
from worker.queue.connection import stores
from worker.queue.events import lag
from worker.queue.metrics_server import NAMELESS
from worker.queue.request_job import rq_queue
from worker.queue.requests import RequestQueue

REDIS_TIMEOUT = 1.0  # seconds: a scrape answers without Redis, too
MAX_BUNDLES = 50  # labels of bundles; further bundles have the label "other"
_ANSWERS = (200, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504)  # of Telegram, and proxies

REQUESTS = Counter(
    "emojich_requests", "How requests ended.", ("end", "reason", "bundle"), registry=None
)
TELEGRAM_CALLS = Counter(
    "emojich_telegram_calls",
    "Calls of the Bot API, by the HTTP status of the answer.",
    ("method", "answer"),
    registry=None,
)
RETRIES = Counter(
    "emojich_retries", "Pauses before the bot tries something again.", ("reason",), registry=None
)
STICKERS = Counter(
    "emojich_stickers_added", "Stickers that users have put into packs.", ("kind",), registry=None
)

_bundles: set[str] = set()


def bundle_label(name: str) -> str:
    """The label of a bundle; the empty name is for requests that name none."""
    if name and len(_bundles) < MAX_BUNDLES:
        _bundles.add(name)
    return name if name in _bundles else "other" if name else NAMELESS


def count_call(method: str, answer: int | Exception) -> None:
    """Count a call of the Bot API, by its HTTP status, or by the error instead of an answer."""
    known = method if hasattr(Bot, method) and not method.startswith("_") else "other"
    if isinstance(answer, Exception):
        label = reason_of(answer)
    else:
        label = str(answer) if answer in _ANSWERS else "other"
    TELEGRAM_CALLS.labels(known, label).inc()


def reason_of(error: Exception) -> str:
    """The label of an error after which the bot tries again."""
    if isinstance(error, RetryAfter):
        return "429"
    if isinstance(error, TimedOut):
        return "timeout"
    if isinstance(error, NetworkError):
        return "network"
    return "redis" if isinstance(error, redis.RedisError) else "other"


class _Redis(Collector):
    """Reads queues, workers and events from Redis at each scrape."""

    def __init__(self, url: str):
        self._redis = Address.read(url).client(
            retry=Retry(NoBackoff(), 0),
            socket_timeout=REDIS_TIMEOUT,
            socket_connect_timeout=REDIS_TIMEOUT,
        )

    def collect(self) -> Iterator[Metric]:
        families: list[Metric] = []
        is_up = False
        with suppress(redis.RedisError):
            families = [*self._read()]
            is_up = stores(self._redis)  # False where its memory or disk is full
        yield GaugeMetricFamily("emojich_redis_up", "Whether Redis answers and stores.", is_up)
        yield from families

    def _read(self) -> Iterator[Metric]:
        queue = RequestQueue(self._redis)
        served = living_workers(self._redis, rq_queue(self._redis)).values()
        bundles = ("", *queue.bundles_with_queues())
        yield _by_bundle(
            "emojich_requests_waiting",
            "Requests in the queue.",
            ((model, queue.count_waiting(model)) for model in bundles),
        )
        yield _by_bundle(
            "emojich_requests_started",
            "Requests that are being drawn.",
            ((model, queue.count_started(model)) for model in bundles),
        )
        yield _by_bundle(
            "emojich_rq_workers",
            "RQ workers, each of which takes one request at a time.",
            ((each.name if each else "", 1) for each in served),
        )
        yield GaugeMetricFamily(
            "emojich_paused", "Whether /pause keeps workers from requests.", queue.is_paused()
        )
        count, seconds = lag(self._redis)
        yield GaugeMetricFamily(
            "emojich_events_waiting", "Events that the bot has yet to show.", count
        )
        yield GaugeMetricFamily(
            "emojich_events_lag_seconds", "The age of the oldest of these events.", seconds
        )


def _by_bundle(name: str, text: str, counts: Iterable[tuple[str, int]]) -> Metric:
    """A gauge with the sum of the counts of each bundle."""
    sums: collections.Counter[str] = collections.Counter()
    for bundle, count in counts:
        sums[bundle_label(bundle)] += count
    family = GaugeMetricFamily(name, text, labels=("bundle",))
    for label, count in sums.items():
        family.add_metric((label,), count)
    return family


def registry(redis_url: str) -> CollectorRegistry:
    """The metrics of a bot; those of Redis are read at each scrape."""
    own = CollectorRegistry()
    for collector in (REQUESTS, TELEGRAM_CALLS, RETRIES, STICKERS, _Redis(redis_url)):
        own.register(collector)
    return own
