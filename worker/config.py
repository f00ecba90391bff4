"""The environment variables of a worker and its engine, checked before anything starts."""

from collections.abc import Mapping
from dataclasses import dataclass

from emojich_core.errors import BundleError, SetupError
from emojich_core.model_options import check_device, check_precision, find_bundle
from worker.queue.environment import number

REQUESTS = 4  # at once
MOST = 999  # of slots or requests: a larger number was meant for another variable


@dataclass(frozen=True)
class Settings:
    """Which model draws, and how many requests at once."""

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
            number(environment, "EMOJICH_SLOTS", MOST),
            number(environment, "EMOJICH_REQUESTS", MOST) or REQUESTS,
            number(environment, "EMOJICH_BEST_OF", MOST) or cls.best_of,
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
