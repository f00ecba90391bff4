"""`python -m worker.doctor`: check Redis, clock, packages, models, devices and folders.

Prints a line a check; exits with 1 if something is wrong.  `emojich doctor` runs it, too.
"""

import os
import platform
import shutil
import socket
import tempfile
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import redis

from emojich_core.errors import SetupError, shown
from emojich_core.model_options import models_folder
from worker.config import read_engine_configs
from worker.jobs.health import check_clock
from worker.queue.connection import connect
from worker.queue.doctor import (
    Finding,
    check_redis,
    check_variables,
    failed,
    passed,
    report,
    result_of,
    skipped,
    with_errors,
)
from worker.queue.environment import data_folder, setup_errors
from worker.queue.logs import start_logging
from worker.queue.requests import RequestQueue
from worker.queue.valkey import running_url

if TYPE_CHECKING:  # imports torch, which takes seconds
    from emojich_core.bundles.bundle import Bundle

LEAST_ROOM = 256 * 2**20  # bytes of a disk


def main() -> None:
    """Check the worker that the environment describes."""
    groups = [check_variables(), check_redis(_clock), _folders()]
    if find_spec("torch"):
        groups += [_packages(), _models()]
    else:
        groups.append(iter([skipped("models, devices: without PyTorch, no worker runs here.")]))
    try:
        start_logging()
    except SetupError as error:
        groups.insert(0, iter([failed(str(error))]))
    report(*groups)


def _clock(connection: redis.Redis) -> str:
    check_clock(connection)
    return "This machine's clock is that of Redis."


def _folders() -> Iterator[Finding]:
    models = models_folder()
    if models.is_dir() and not os.access(models, os.W_OK):
        yield skipped(f"room for further models: this user only reads {shown(models)}.")
    else:
        yield result_of(lambda: _room("EMOJICH_MODELS", models))
    try:
        temporary = Path(tempfile.gettempdir())
    except FileNotFoundError:
        yield failed("No folder for temporary files can be written: set TMPDIR to one that can.")
    else:
        yield result_of(lambda: _room("TMPDIR", temporary))
    if compiled := os.environ.get("TORCHINDUCTOR_CACHE_DIR"):
        yield result_of(lambda: _room("TORCHINDUCTOR_CACHE_DIR", Path(compiled)))
    if not os.environ.get("REDIS_URL"):  # the embedded Valkey
        yield result_of(lambda: _room("EMOJICH_DATA", data_folder()))


def _room(variable: str, folder: Path) -> str:
    """Write to a folder, which need not exist yet; say what room is left.  Raises SetupError."""
    with setup_errors(variable):
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        try:
            with tempfile.TemporaryFile(dir=there):
                free = shutil.disk_usage(there).free
        except OSError as error:
            error.filename = folder  # not the file's, whose name is made up
            raise
    if free < LEAST_ROOM:
        raise SetupError(f"{shown(folder)} has only {free / 2**20:.0f} MiB left: make room.")
    return f"{shown(folder)} can be written, and has {free / 2**30:.1f} GiB left."


def _packages() -> Iterator[Finding]:
    """Python and the packages, against what pyproject.toml asks for."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    python = platform.python_version()
    wanted = metadata.metadata("emojich")["Requires-Python"]
    faults = [] if python in SpecifierSet(wanted) else [f"Python {python}, not {wanted}"]
    for requirement in map(Requirement, metadata.requires("emojich") or []):
        if requirement.marker and not requirement.marker.evaluate({"extra": "model"}):
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            found = "missing"
        if found == "missing" or not requirement.specifier.contains(found, prereleases=True):
            faults.append(f"{requirement.name} {found}, not {requirement.specifier}")
    if faults:
        yield failed(f"The installation has {'; '.join(faults)}: install Emojich again.")
    else:
        yield passed(f"Python {python} and the packages are those that Emojich needs.")


def _models() -> Iterator[Finding]:
    configs, errors = read_engine_configs(os.environ)
    yield from map(failed, errors)
    whole: dict[str, Bundle] = {}
    for model in dict.fromkeys(config.settings.model for config in configs):
        yield result_of(lambda model=model: _bundle(model, whole))  # type: ignore[misc]
    for device in dict.fromkeys(config.settings.device for config in configs):
        own = [config for config in configs if config.settings.device == device]
        bundles = [whole[config.settings.model] for config in own if config.settings.model in whole]
        yield from with_errors(_device(device, bundles))


def _bundle(model: str, whole: "dict[str, Bundle]") -> str:
    """Read every file of a bundle; one that is whole joins `whole`.  Raises BundleError."""
    from emojich_core.bundles.bundle import load_bundle, verify_bundle

    bundle = load_bundle(model)
    verify_bundle(bundle.path)
    whole[model] = bundle
    judge = "a judge ranks its images" if bundle.judge else "it has no judge"
    return f"The model {shown(bundle.name)} in {shown(bundle.path)} is whole; {judge}."


def _device(name: str | None, bundles: "list[Bundle]") -> Iterator[Finding]:
    from emojich_core.inference import kernels
    from emojich_core.inference.devices import pick_device
    from emojich_core.inference.memory import memory_free, memory_size
    from emojich_core.inference.precision import choose

    device = pick_device(name)
    precisions = {choose(None, device, bundle.transformer) for bundle in bundles}
    if device.type == "cpu":
        yield passed("The CPU draws.")
        if "int8" in precisions and kernels.are_useful():
            yield result_of(lambda: f"The C kernels of int8 are built: {kernels.build()}.")
        return
    free, size = memory_free(device), memory_size(device)
    needed = sum(file.stat().st_size for b in bundles for file in b.path.glob("*.safetensors"))
    figures = f"{free / 2**30:.1f} of {size / 2**30:.1f} GiB of {device}'s memory are free"
    if free < needed and not _has_worker():
        yield failed(
            f"Only {figures}, and the models need {needed / 2**30:.1f}: end what fills the GPU, or "
            "take another one by EMOJICH_DEVICE."
        )
    else:
        yield passed(f"{figures}.")


def _has_worker() -> bool:
    """Whether this machine's worker runs: its engines then fill the memory that they lack."""
    try:
        with connect(running_url(data_folder()) or "") as connection:
            return RequestQueue(connection).count_workers(socket.gethostname()) > 0
    except (SetupError, redis.RedisError):
        return False


if __name__ == "__main__":
    main()
