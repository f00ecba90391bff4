"""docs/monitoring/ and the tables of docs/operations.md name exactly what bot and worker export."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import registry as bot_registry
from worker.engine.metrics import exposition
from worker.metrics import EngineFigures
from worker.metrics import registry as worker_registry
from worker.queue.valkey import redis_url

ROOT = Path(__file__).parents[1]
MONITORING = ROOT / "docs" / "monitoring"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
PROMETHEUS_OWN = {"up", "ALERTS"}
PROMTOOL = shutil.which("promtool")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name of each metric, as queries and the documentation have it → its type."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("REDIS_URL", raising=False)
        with redis_url(tmp_path_factory.mktemp("data")) as url:
            bot = generate_latest(bot_registry(url)).decode()
    engines = [
        EngineFigures("mini", device, 0, exposition().decode()) for device in ("cuda:0", "cuda:1")
    ]
    worker = generate_latest(worker_registry(lambda: engines)).decode()
    families = [*text_string_to_metric_families(bot), *text_string_to_metric_families(worker)]
    return {f.name + ("_total" if f.type == "counter" else ""): f.type for f in families}


def queries() -> list[str]:
    """Every PromQL expression of the dashboard and of the alerts."""
    dashboard = json.loads((MONITORING / "grafana/dashboards/emojich.json").read_text())
    targets = [target for panel in dashboard["panels"] for target in panel["targets"]]
    return [target["expr"] for target in targets] + [rule["expr"] for rule in rules()]


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def series(query: str) -> set[str]:
    """The names of the series that an expression reads."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b(by|without|on) ?\([^)]*\)', " ", query)
    words = set(re.findall(r"[A-Za-z_:][\w:]*(?!\s*\(|\w)", bare))
    return words - {"and", "or", "unless", "sum", "max", "min"}


def test_series_of_a_query_are_found() -> None:
    query = 'sum by (le) (rate(a_bucket{x!~"b|c"}[5m])) / max(d) > 2 and up == 0'
    assert series(query) == {"a_bucket", "d", "up"}


def test_dashboard_and_alerts_read_what_is_exported(exported: dict[str, str]) -> None:
    known = set(PROMETHEUS_OWN)
    for name, kind in exported.items():
        parts = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        known |= {name + part for part in parts}
    assert set().union(*map(series, queries())) - known == set()


def test_dashboard_shows_every_metric(exported: dict[str, str]) -> None:
    read = " ".join(queries())
    assert [name for name in exported if name not in read] == []


def test_documentation_lists_every_metric_and_alert(exported: dict[str, str]) -> None:
    rows = re.findall(r"^\| `(emojich_\w+)`", OPERATIONS, re.MULTILINE)
    assert sorted(rows) == sorted(exported)
    alerts = re.findall(r"^\| `(Emojich\w+)`", OPERATIONS, re.MULTILINE)
    assert sorted(alerts) == sorted(rule["alert"] for rule in rules())


def test_every_name_follows_prometheus(exported: dict[str, str]) -> None:
    for name, kind in exported.items():
        assert name.startswith("emojich_")
        assert (kind == "counter") == name.endswith("_total")
        assert kind != "histogram" or name.endswith("_seconds")


def test_compose_starts_prometheus_and_grafana_with_these_files() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    scraped = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]
    for job in scraped:
        [target] = job["static_configs"][0]["targets"]
        name, port = target.split(":")
        own = services[name]["environment"][f"EMOJICH_{name.upper()}_METRICS"]
        assert own == f"0.0.0.0:{port}"
    for name in ("prometheus", "grafana"):
        assert services[name]["profiles"] == ["watch"]
        binds = [each for each in services[name]["volumes"] if isinstance(each, dict)]
        assert all((ROOT / bind["source"]).exists() for bind in binds)
    [source] = yaml.safe_load(
        (MONITORING / "grafana/provisioning/datasources/prometheus.yml").read_text()
    )["datasources"]
    dashboard = (MONITORING / "grafana/dashboards/emojich.json").read_text()
    assert set(re.findall(r'"uid": "(\w+)"', dashboard)) == {"emojich", source["uid"]}
    [provider] = yaml.safe_load(
        (MONITORING / "grafana/provisioning/dashboards/emojich.yml").read_text()
    )["providers"]
    folders = [bind["target"] for bind in binds]
    assert provider["options"]["path"] in folders


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool: apt-get install prometheus")
@pytest.mark.parametrize(
    "command",
    [
        ["check", "config", "docs/monitoring/prometheus.yml"],
        ["test", "rules", "tests/alerts.yml"],
    ],
    ids=" ".join,
)
def test_prometheus_accepts_the_files(command: list[str]) -> None:
    result = subprocess.run(
        [str(PROMTOOL), *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
