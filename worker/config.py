"""The environment variables of a worker and its engines, checked before anything starts."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emojich_core.bundles.description import read_description
from emojich_core.errors import BundleError, SetupError, shown
from emojich_core.model_options import ALL, check_device, check_precision, find_bundle
from worker.queue.bundles import ServedBundle
from worker.queue.environment import number

REQUESTS = 4  # at once
MAX_NUMBER = 999  # of slots or requests; a larger value is probably a mistake


@dataclass(frozen=True)
class Settings:
    """Model, device, slots and requests of an engine."""

    model: str = "mini"  # name or folder of a bundle
    device: str | None = None  # None: a GPU if there is one
    slots: int | None = None  # None: as many as fit
    requests: int = REQUESTS
    best_of: int = 1  # images decoded for each sticker

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read EMOJICH_MODEL, _DEVICE, _SLOTS, _REQUESTS, _BEST_OF, and check _PRECISION, too.

        Raises SetupError.
        """
        settings = cls(
            environment.get("EMOJICH_MODEL") or cls.model,
            environment.get("EMOJICH_DEVICE") or None,
            number(environment, "EMOJICH_SLOTS", MAX_NUMBER),
            number(environment, "EMOJICH_REQUESTS", MAX_NUMBER) or REQUESTS,
            number(environment, "EMOJICH_BEST_OF", MAX_NUMBER) or cls.best_of,
        )
        try:
            find_bundle(settings.model)
            if settings.device:
                check_device(settings.device)
            if precision := environment.get("EMOJICH_PRECISION"):
                check_precision(precision)
        except BundleError as error:
            raise SetupError(str(error)) from error
        return settings


@dataclass(frozen=True)
class EngineConfig:
    """The settings of one engine: a bundle on a device."""

    settings: Settings
    serves: ServedBundle

    @property
    def name(self) -> str:
        """The name of the engine in the log."""
        device = self.settings.device
        return f"{self.serves.name} on {device}" if device else self.serves.name


def count_gpus() -> int:
    """How many GPUs PyTorch finds; in a process of its own, because the worker has no torch."""
    command = [sys.executable, "-c", "import torch; print(torch.cuda.device_count())"]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    return int(answer) if answer.strip().isdecimal() else 0


def read_engine_configs(
    environment: Mapping[str, str], gpus: Callable[[], int] = count_gpus
) -> tuple[list[EngineConfig], list[str]]:
    """Each bundle of EMOJICH_MODEL on each device of EMOJICH_DEVICE, and errors of the others.

    A bundle that cannot be read is left out, with a sentence that says why.  Raises SetupError for
    anything else, and where no bundle is left.
    """
    models = _listed(environment, "EMOJICH_MODEL") or [Settings.model]
    devices = _devices(environment, gpus)
    configs: list[EngineConfig] = []
    errors: list[str] = []
    for rank, model in enumerate(models):
        try:
            served = _described(model, rank)
        except BundleError as error:
            errors.append(str(error))
            served = None
        for device in devices:
            # Of a bundle that cannot be read, the other variables are checked all the same.
            wanted = {"EMOJICH_MODEL": model if served else "", "EMOJICH_DEVICE": device}
            settings = Settings.from_environment({**environment, **wanted})
            if served:
                configs.append(EngineConfig(settings, served))
    if not configs:
        raise SetupError(errors[0])
    names = [
        served.name for served in {config.serves.rank: config.serves for config in configs}.values()
    ]
    for name in names:
        if names.count(name) > 1:
            raise SetupError(
                f"EMOJICH_MODEL lists two bundles whose name is {name}: change `name` in one's "
                "bundle.json, because users choose a bundle by it."
            )
    return configs, errors


def _described(model: str, rank: int) -> ServedBundle:
    description = read_description(find_bundle(model))
    return ServedBundle(description["name"], rank, description.get("title", {}))


def _devices(environment: Mapping[str, str], gpus: Callable[[], int]) -> list[str]:
    """The names of the devices; an empty one is for the engine to choose."""
    devices = _listed(environment, "EMOJICH_DEVICE")
    if devices == [ALL]:
        devices = [f"cuda:{number}" for number in range(gpus())]
    if "cuda" in devices and "cuda:0" in devices:
        raise SetupError("EMOJICH_DEVICE lists one GPU twice, as cuda and cuda:0: leave one out.")
    return devices or [""]


def _listed(environment: Mapping[str, str], name: str) -> list[str]:
    """The values of a variable, which commas separate.  Raises SetupError for one that is twice."""
    values = [text.strip() for text in environment.get(name, "").split(",") if text.strip()]
    for value in values:
        if values.count(value) > 1:
            raise SetupError(f"{name} lists {shown(value)} twice: leave one out.")
    return values
