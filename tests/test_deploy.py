"""The manifests and units of docs/deploy/, checked without a cluster."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from bot.config import Config
from worker.config import read_engine_configs
from worker.queue.request_job import rq_queue

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs" / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
README = (DEPLOY / "README.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
VERSIONS = ("1.29", "1.37")  # of Kubernetes
# Each is built once: as the example has it, with a webhook and metrics, and without a GPU.
CLUSTERS = {
    "example": ["../example"],
    "cpu": ["../base", "../redis", "../workers/cpu"],
    "webhook": ["../example"],
}
# Fields of https://keda.sh/docs/latest/reference/scaledobject-spec/, as far as they are used here,
# and of https://keda.sh/docs/latest/scalers/redis-lists/.
KEDA_SPEC = {
    "advanced",
    "cooldownPeriod",
    "maxReplicaCount",
    "minReplicaCount",
    "pollingInterval",
    "scaleTargetRef",
    "triggers",
}
KEDA_TRIGGER = {"activationListLength", "address", "listLength", "listName"}
# Variables of other programs and of PyTorch: where a worker keeps what it has compiled.
CACHES = {"HOME", "TORCHINDUCTOR_CACHE_DIR", "XDG_CACHE_HOME"}

Object = dict[str, Any]


def build(name: str, folder: Path) -> list[Object]:
    """The objects of a cluster, as `kubectl apply -k` sends them."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl is installed: https://kubernetes.io/docs/tasks/tools/")
    shutil.copytree(KUBERNETES, folder / "kubernetes")
    whole = folder / "kubernetes" / "whole"
    whole.mkdir()
    components = ["../webhook", "../metrics"] if name == "webhook" else []
    kustomization = {"resources": CLUSTERS[name], "components": components}
    if name != "example":
        kustomization["namespace"] = "emojich"  # type: ignore[assignment]
    (whole / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    made = subprocess.run([kubectl, "kustomize", whole], capture_output=True, text=True, check=True)
    assert made.stderr == ""
    return list(yaml.safe_load_all(made.stdout))


@pytest.fixture(scope="module", params=CLUSTERS)
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Object]:
    return build(request.param, tmp_path_factory.mktemp(request.param))


def of_kind(cluster: list[Object], *kinds: str) -> list[Object]:
    return [each for each in cluster if each["kind"] in kinds]


def name_of(thing: Object) -> str:
    name: str = thing["metadata"]["name"]
    return name


def names(cluster: list[Object], kind: str) -> set[str]:
    return {name_of(each) for each in of_kind(cluster, kind)}


def workloads(cluster: list[Object]) -> list[Object]:
    return of_kind(cluster, "Deployment", "StatefulSet")


def pod(workload: Object) -> Object:
    spec: Object = workload["spec"]["template"]["spec"]
    return spec


def containers(workload: Object) -> list[Object]:
    return [*pod(workload).get("initContainers", []), *pod(workload)["containers"]]


def selected(
    cluster: list[Object], labels: dict[str, str], expressions: Iterable[Object] = ()
) -> list[Object]:
    """The workloads whose pods a selector finds."""
    found = []
    for each in workloads(cluster):
        has = each["spec"]["template"]["metadata"]["labels"]
        if labels.items() <= has.items() and all(
            has.get(expression["key"]) in expression["values"] for expression in expressions
        ):
            found.append(each)
    return found


def port_names(workload: Object) -> set[str]:
    return {port["name"] for each in containers(workload) for port in each.get("ports", [])}


def find(node: Any, key: str) -> Iterator[Any]:
    """The values of a key anywhere in an object."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from find(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from find(value, key)


def created_secret() -> tuple[str, set[str]]:
    """The name and the keys of the secret that README.md creates."""
    command = README.partition("create secret generic ")[2].partition("\n$")[0]
    return command.split()[0], set(re.findall(r"--from-literal=(\w+)=", command))


@pytest.mark.parametrize("version", VERSIONS)
def test_objects_have_the_schemas_of_kubernetes(cluster: list[Object], version: str) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    for each in cluster:
        if each["apiVersion"] not in ("keda.sh/v1alpha1", "monitoring.coreos.com/v1"):
            kubernetes_validate.validate(each, version, strict=True)


def test_kedas_autoscaler_has_the_schema_of_kubernetes(cluster: list[Object]) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    for each in of_kind(cluster, "ScaledObject"):
        scaling = each["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        autoscaler = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "made-by-keda"},
            "spec": {
                "behavior": scaling,
                "maxReplicas": each["spec"]["maxReplicaCount"],
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment"}
                | each["spec"]["scaleTargetRef"],
            },
        }
        kubernetes_validate.validate(autoscaler, VERSIONS[-1], strict=True)


def test_kedas_objects_have_fields_that_keda_knows(cluster: list[Object]) -> None:
    for each in of_kind(cluster, "ScaledObject"):
        assert set(each["spec"]) <= KEDA_SPEC
        for trigger in each["spec"]["triggers"]:
            assert trigger["type"] == "redis"
            assert {"address", "listLength", "listName"} <= set(trigger["metadata"]) <= KEDA_TRIGGER
            assert all(isinstance(value, str) for value in trigger["metadata"].values())
            assert trigger["authenticationRef"]["name"] in names(cluster, "TriggerAuthentication")
        assert each["spec"]["scaleTargetRef"]["name"] in names(cluster, "Deployment")


def test_every_name_leads_to_an_object(cluster: list[Object]) -> None:
    secret, keys = created_secret()
    for reference in find(cluster, "secretKeyRef"):
        assert (reference["name"], reference["key"] in keys) == (secret, True)
    for [reference] in find(cluster, "secretTargetRef"):
        assert (reference["name"], reference["key"] in keys) == (secret, True)
    for reference in find(cluster, "configMapRef"):
        assert reference["name"] in names(cluster, "ConfigMap")
    for claim in find(cluster, "claimName"):
        assert claim in names(cluster, "PersistentVolumeClaim")
    for each in workloads(cluster):
        volumes = {volume["name"] for volume in pod(each).get("volumes", [])}
        volumes |= {name_of(claim) for claim in each["spec"].get("volumeClaimTemplates", [])}
        mounts = [mount for container in containers(each) for mount in container["volumeMounts"]]
        assert {mount["name"] for mount in mounts} == volumes
        for probe in find(pod(each), "tcpSocket"):
            assert probe["port"] in port_names(each)


def test_every_selector_finds_pods(cluster: list[Object]) -> None:
    for each in workloads(cluster):
        assert selected(cluster, each["spec"]["selector"]["matchLabels"]) == [each]
    for each in of_kind(cluster, "PodDisruptionBudget"):
        assert len(selected(cluster, each["spec"]["selector"]["matchLabels"])) == 1
    for each in of_kind(cluster, "Service"):
        [found] = selected(cluster, each["spec"]["selector"])
        assert {port["targetPort"] for port in each["spec"]["ports"]} <= port_names(found)
    for each in of_kind(cluster, "NetworkPolicy"):
        selector = each["spec"]["podSelector"]
        found = selected(
            cluster, selector.get("matchLabels", {}), selector.get("matchExpressions", ())
        )
        open_ports = {port["port"] for port in find(each, "ports") for port in port}
        assert found
        assert all(open_ports <= port_names(workload) for workload in found)
    for backend in find(of_kind(cluster, "Ingress"), "service"):
        [service] = [
            each for each in of_kind(cluster, "Service") if name_of(each) == backend["name"]
        ]
        assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_only_bot_workers_and_keda_reach_redis(cluster: list[Object]) -> None:
    policies = {name_of(each): each["spec"] for each in of_kind(cluster, "NetworkPolicy")}
    closed = {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert policies["closed"] == closed
    [pods, keda] = [peer for rule in policies["redis"]["ingress"] for peer in rule["from"]]
    selector = pods["podSelector"]
    reach = selected(cluster, selector["matchLabels"], selector["matchExpressions"])
    assert {name_of(each).partition("-")[0] for each in reach} == {"bot", "worker"}
    assert keda == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "keda"}}}


def room(container: Object) -> str:
    """The target of the Dockerfile that an image is built from."""
    [target] = re.findall(r"(?:^|/)emojich-(bot|worker)(?:-cpu)?(?::|$)", container["image"])
    return str(target)


def ours(cluster: list[Object]) -> list[tuple[Object, Object]]:
    """Deployments with each of their containers."""
    return [(each, inner) for each in of_kind(cluster, "Deployment") for inner in containers(each)]


def test_prometheus_reads_bot_and_workers(cluster: list[Object]) -> None:
    for each in of_kind(cluster, "Deployment"):
        [container] = pod(each)["containers"]
        [port] = [port for port in container["ports"] if port["name"] == "metrics"]
        address = variables(cluster, container)[f"EMOJICH_{room(container).upper()}_METRICS"]
        assert address == f"0.0.0.0:{port['containerPort']}"
    for monitor in of_kind(cluster, "PodMonitor"):
        [endpoint] = monitor["spec"]["podMetricsEndpoints"]
        assert endpoint["port"] == "metrics"
        label = monitor["spec"]["jobLabel"]
        found = selected(cluster, monitor["spec"]["selector"]["matchLabels"])
        jobs = {each["spec"]["template"]["metadata"]["labels"][label] for each in found}
        alerts = (ROOT / "docs" / "monitoring" / "alerts.yml").read_text()
        assert jobs - {"redis"} == set(re.findall('job=~"(.+)"', alerts)[0].split("|"))


def test_images_are_those_that_the_documented_command_builds(cluster: list[Object]) -> None:
    for _, container in ours(cluster):
        target = room(container)
        assert f"FROM base AS {target}\n" in DOCKERFILE
        if container["image"].startswith("registry."):
            assert f"--set {target}.tags={container['image']} " in README
    [version] = re.findall(
        r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert set(re.findall(r"emojich-(?:bot|worker):([\w.]+)", README)) == {version}


def test_probes_and_grace_periods_are_those_of_compose(cluster: list[Object]) -> None:
    for workload in of_kind(cluster, "Deployment"):
        [container] = pod(workload)["containers"]
        service = COMPOSE["services"][room(container)]
        probe = container["readinessProbe"]
        if "exec" in probe:
            assert ["CMD", *probe["exec"]["command"]] == service["healthcheck"]["test"]
            assert f"{probe['periodSeconds']}s" == service["healthcheck"]["interval"]
            assert f"{probe['timeoutSeconds']}s" == service["healthcheck"]["timeout"]
        else:  # a bot with a webhook: one that stands by would be ready and not listen
            assert workload["spec"]["replicas"] == 1
            [port] = [port for port in container["ports"] if port["name"] == "updates"]
            settings = variables(cluster, container)
            assert str(port["containerPort"]) == settings["WEBHOOK_PORT"]
            [ingress] = of_kind(cluster, "Ingress")
            [rule] = ingress["spec"]["rules"]
            [path] = rule["http"]["paths"]
            assert f"https://{rule['host']}{path['path']}" == settings["WEBHOOK_URL"]
        assert "livenessProbe" not in container
        assert pod(workload)["terminationGracePeriodSeconds"] == seconds(service)


def seconds(service: Object) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", service["stop_grace_period"]).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


def test_pods_have_no_rights(cluster: list[Object]) -> None:
    """As the Pod Security Standard `restricted` demands, which the namespace enforces, and more."""
    [namespace] = of_kind(cluster, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    uid = int(re.findall(r"useradd --uid (\d+)", DOCKERFILE)[0])
    assert re.findall("^USER (.+)$", DOCKERFILE, re.MULTILINE) == [str(uid), str(uid)]
    for workload in workloads(cluster):
        rights = pod(workload)["securityContext"]
        assert rights["runAsNonRoot"]
        assert rights["seccompProfile"] == {"type": "RuntimeDefault"}
        assert rights["runAsUser"] == (uid if workload["kind"] == "Deployment" else 999)
        assert pod(workload)["automountServiceAccountToken"] is False
        for container in containers(workload):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]


def variables(cluster: list[Object], container: Object) -> dict[str, str]:
    """The variables of a container; for one from the secret, a value that is well formed."""
    secrets = {"TELEGRAM_BOT_TOKEN": "1:abc", "REDIS_URL": "redis://:abc@redis:6379"}
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        [settings] = [each for each in cluster if name_of(each) == source["configMapRef"]["name"]]
        found |= settings["data"]
    for variable in container.get("env", []):
        found[variable["name"]] = variable.get("value") or secrets[variable["name"]]
    return found


def documented(heading: str) -> set[str]:
    """The variables of a section of docs/configuration.md."""
    page = (ROOT / "docs" / "configuration.md").read_text()
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall("`([A-Z_]+)`", section))


def test_variables_are_those_that_bot_and_worker_read(cluster: list[Object]) -> None:
    common = documented("Both") | documented("Published models")
    for _, container in ours(cluster):
        target, found = room(container), variables(cluster, container)
        if target == "bot":
            assert set(found) <= documented("Bot") | common
            config = Config.from_environment(found)
            assert config.webhook_url == found.get("WEBHOOK_URL", "")
        else:
            assert set(found) <= documented("Worker") | common | CACHES
            [pair], errors = read_engine_configs(found)
            assert (pair.settings.device, errors) == (found["EMOJICH_DEVICE"], [])
            has_gpu = "nvidia.com/gpu" in container["resources"]["limits"]
            if container["name"] == "worker":
                assert (found["EMOJICH_DEVICE"] == "cuda") == has_gpu
            assert "TELEGRAM_BOT_TOKEN" not in found


def test_workers_write_to_their_volumes_alone(cluster: list[Object]) -> None:
    for _, container in ours(cluster):
        mounted = [Path(mount["mountPath"]) for mount in container["volumeMounts"]]
        for value in variables(cluster, container).values():
            if value.startswith("/"):
                assert any(Path(value).is_relative_to(folder) for folder in mounted)


def test_keda_counts_the_queues_of_the_bundles_that_are_served(cluster: list[Object]) -> None:
    [namespace] = names(cluster, "Namespace")
    services = {f"{name}.{namespace}.svc:6379" for name in names(cluster, "Service")}
    for scaled in of_kind(cluster, "ScaledObject"):
        name = scaled["spec"]["scaleTargetRef"]["name"]
        [workload] = [each for each in of_kind(cluster, "Deployment") if name_of(each) == name]
        assert "replicas" not in workload["spec"]  # KEDA sets them
        pairs, _ = read_engine_configs(found := variables(cluster, pod(workload)["containers"][0]))
        at_once = int(found.get("EMOJICH_REQUESTS", pairs[0].settings.requests))
        targets = {}
        for model in ("", *(pair.serves.name for pair in pairs)):
            queue = rq_queue(redis.Redis(), model)
            targets |= {queue.key: 2 * at_once, queue.started_job_registry.key: at_once}
        triggers = [trigger["metadata"] for trigger in scaled["spec"]["triggers"]]
        assert {each["listName"]: int(each["listLength"]) for each in triggers} == targets
        assert {each["address"] for each in triggers} <= services


@pytest.mark.slow
def test_init_container_fetches_only_what_is_not_there(tmp_path: Path) -> None:
    [deployment] = yaml.safe_load_all(
        (KUBERNETES / "worker" / "worker.yaml").read_text().partition("\n---\n")[0]
    )
    [init] = pod(deployment)["initContainers"]

    def run(model: str) -> subprocess.CompletedProcess[str]:
        tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        env = os.environ | {"PATH": tools, "EMOJICH_MODELS": str(tmp_path), "EMOJICH_MODEL": model}
        return subprocess.run(init["command"], env=env, cwd=ROOT, capture_output=True, text=True)

    assert (run("mini").returncode, list(tmp_path.iterdir())) == (0, [])
    unknown = run("mini,unknown")
    assert unknown.returncode != 0
    assert "unknown" in unknown.stderr


UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def read_unit(unit: Path) -> dict[str, list[str]]:
    lines = [line for line in unit.read_text().splitlines() if "=" in line and line[0] != "#"]
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition("=")
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_are_valid_and_give_few_rights(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze is installed: apt-get install systemd")
    # The program that it names is not here: `verify` looks for it.
    text = unit.read_text().replace("/opt/emojich/.venv/bin/python", sys.executable)
    (tmp_path / unit.name).write_text(text.replace("=/opt/emojich\n", f"={ROOT}\n"))
    for command in (["verify"], ["security", "--offline=true", "--threshold=20"]):
        said = subprocess.run(
            [analyze, *command, tmp_path / unit.name], capture_output=True, text=True
        )
        assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_run_the_commands_of_compose(unit: Path) -> None:
    target = unit.stem.removeprefix("emojich-")
    service, settings = COMPOSE["services"][target], read_unit(unit)
    assert settings["ExecStart"] == [f"/opt/emojich/.venv/bin/python -m {target}"]
    # SIGTERM to the worker alone: with its engine gone, its requests would count as failed.
    assert settings["KillMode"] == ["mixed"]
    assert settings["TimeoutStopSec"] == [str(seconds(service))]
    assert settings["Restart"] == ["always"]
    named = {
        pair.partition("=")[0] for line in settings.get("Environment", []) for pair in line.split()
    }
    assert named <= documented("Worker") | documented("Published models") | {
        "HOME",
        "TORCHINDUCTOR_CACHE_DIR",
    }
    [file] = settings["EnvironmentFile"]
    [created] = re.findall(rf"printf .* > {re.escape(file)}$", README, re.MULTILINE)
    written = set(re.findall(r"\b([A-Z_]+)=", created))
    assert "REDIS_URL" in written
    assert written <= documented(target.capitalize()) | documented("Both")
