"""Reads the metrics of a process, as Prometheus does."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import REQUESTS

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(port: int) -> str:
    """The text that a process serves."""
    return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=15).raise_for_status().text


def read(port: int) -> Samples:
    """Name and labels of each sample → its value."""
    families = text_string_to_metric_families(scrape(port))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def label_values(samples: Samples) -> set[str]:
    """The values of all labels."""
    return {text for _, labels in samples for _, text in labels}


def names(text: str) -> set[str]:
    """The names of a text's metrics, as queries have them; a histogram's without a suffix."""
    found = set()
    for family in text_string_to_metric_families(text):
        found.add(f"{family.name}_total" if family.type == "counter" else family.name)
    return found


def ends_of(bundle: str) -> dict[tuple[str, str], float]:
    """How often requests of a bundle have ended, by end and reason, as the bot in here counted."""
    samples = [sample for metric in REQUESTS.collect() for sample in metric.samples]
    return {
        (sample.labels["end"], sample.labels["reason"]): sample.value
        for sample in samples
        if sample.labels["bundle"] == bundle and sample.name == "emojich_requests_total"
    }
