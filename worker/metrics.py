"""The metrics of a worker: those of its engines, each with its bundle and device as labels.

The worker asks the engines at each scrape.  So nothing is kept in files, and an engine that dies
takes only its own figures with it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

LABELS = ("bundle", "device")


@dataclass(frozen=True)
class EngineFigures:
    """One engine at one scrape."""

    bundle: str
    device: str  # empty where EMOJICH_DEVICE names none
    deaths: int  # that were followed by another engine
    exposition: str | None  # its own figures as text; None while it does not answer


class _Engines(Collector):
    """Collects the figures of all engines."""

    def __init__(self, figures: Callable[[], Iterable[EngineFigures]]):
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("emojich_engine_up", "Whether the engine answers.", labels=LABELS)
        restarts = CounterMetricFamily(
            "emojich_engine_restarts", "Engines that died and were replaced.", labels=LABELS
        )
        families: dict[str, Metric] = {}
        for engine in self._figures():
            values = (engine.bundle, engine.device)
            up.add_metric(values, engine.exposition is not None)
            restarts.add_metric(values, engine.deaths)
            own = dict(zip(LABELS, values, strict=True))
            for family in text_string_to_metric_families(engine.exposition or ""):
                known = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    known.add_sample(sample.name, sample.labels | own, sample.value)
        yield from (up, restarts, *families.values())


def registry(figures: Callable[[], Iterable[EngineFigures]]) -> CollectorRegistry:
    """The metrics of a worker; `figures` asks its engines."""
    own = CollectorRegistry()
    own.register(_Engines(figures))
    return own
