"""Picks the device that draws; callers check its name before imports that take seconds."""

import torch

from emojich_core.errors import BundleError


def pick_device(name: str | None) -> torch.device:
    """The device with this name, by default a GPU if any.  Raises BundleError if it is missing."""
    name = name or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        message = f"There is no {name!r} here: leave --device or EMOJICH_DEVICE out, or take cpu."
        raise BundleError(message) from error
    return device
