"""Options that an operator chooses by name: a model bundle, a device, a precision.

`mini` ships with the project, `emojich weights` puts others into the models folder; any other
bundle is named by its path.  No torch here, so that a wrong name is refused before torch is loaded.
"""

import os
import re
from pathlib import Path
from reprlib import repr as short
from typing import Literal, get_args

from emojich_core.errors import BundleError, shown

Precision = Literal["float32", "bfloat16", "float16", "int8"]

ALL = "all"  # devices, in EMOJICH_DEVICE

SHIPPED = Path(__file__).parent / "bundles"


def models_folder() -> Path:
    """The folder of installed bundles: EMOJICH_MODELS, else the user's data folder."""
    if chosen := os.environ.get("EMOJICH_MODELS"):
        return Path(chosen)
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(data) / "emojich" / "models"


def known_bundles() -> dict[str, Path]:
    """The folders of bundles by name; a bundle in the models folder hides a shipped one.

    Raises BundleError when the models folder cannot be read.
    """
    folder = models_folder()
    try:
        fetched = list(folder.glob("[!.]*/bundle.json"))
    except (OSError, ValueError) as error:  # no permission, or an impossible name
        reason = error.strerror if isinstance(error, OSError) else "no folder's name"
        message = f"{shown(folder)} cannot be read ({reason})"
        raise BundleError(f"{message}: set EMOJICH_MODELS to another folder.") from error
    files = [*SHIPPED.glob("*/bundle.json"), *fetched]
    return {file.parent.name: file.parent for file in files}


def find_bundle(model: str) -> Path:
    """The folder of a bundle, by its path or name.  Raises BundleError when there is none."""
    if os.path.exists(os.path.join(model, "bundle.json")):  # False for impossible names, too
        return Path(model)
    known = known_bundles()
    if model not in known:
        raise BundleError(
            f"There is no model bundle {short(model)}: name a folder with a bundle.json, or one "
            f"of: {', '.join(sorted(known))}; the command or EMOJICH_MODEL says which "
            "(`emojich weights list` shows what can be fetched)."
        )
    return known[model]


def check_device(name: str) -> None:
    """Raise BundleError for an unknown name; only torch knows whether the device exists."""
    if not re.fullmatch(r"cpu|cuda(:[0-9]{1,3})?", name):
        raise BundleError(
            f"{short(name)} is no device: name cpu, cuda or cuda:1, here or in EMOJICH_DEVICE."
        )


def check_precision(name: str) -> None:
    """Raise BundleError for an unknown name; precision.py checks whether the device has it."""
    names = get_args(Precision)
    if name not in names:
        raise BundleError(
            f"EMOJICH_PRECISION is {short(name)}: set one of {', '.join(names)}, or leave it unset."
        )
