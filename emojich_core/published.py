"""The published models: where their files are, and their numbers.

A model is a transformer; all share the rest, of which there are a few to choose from.  Whoever has
copies elsewhere names them in a JSON file and that file in EMOJICH_REPOS:

    {"ai-forever/rudalle-Emojich": "my-organisation/emojich", "ai-forever/Real-ESRGAN": "…"}
"""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from reprlib import repr as short
from typing import Any

from emojich_core.errors import BundleError, shown
from emojich_core.matting import MattingConfig
from emojich_core.transformer import TransformerConfig
from emojich_core.upscale import UpscaleConfig
from emojich_core.vqgan import VQGANConfig


@dataclass(frozen=True)
class Source:
    """A file on the hub.

    A branch as `revision` is followed to its commit once, and the bundle remembers which it was.
    """

    repo: str
    file: str
    revision: str = "main"


@dataclass(frozen=True)
class Part:
    """A published checkpoint and the numbers of the network it is for."""

    source: Source | None  # None: it has no weights
    config: Any


@dataclass(frozen=True)
class Published:
    """A model: a tokenizer, and a part for each stage of a bundle."""

    name: str
    tokenizer: Source
    parts: dict[str, Part]
    licence: str


LICENCE = "Apache-2.0"  # of ru-dalle and its models; of Real-ESRGAN BSD-3-Clause

_EMOJICH = "ai-forever/rudalle-Emojich"
_MALEVICH = "ai-forever/rudalle-Malevich"
_SURREALIST = "shonenkov-AI/rudalle-xl-surrealist"
_UTILS = "shonenkov/rudalle-utils"
_REAL_ESRGAN = "ai-forever/Real-ESRGAN"

TOKENIZER = Source(_UTILS, "bpe.model")

MODELS = {
    "emojich": Part(Source(_EMOJICH, "pytorch_model.bin"), TransformerConfig("v2")),
    "malevich": Part(Source(_MALEVICH, "pytorch_model_v3.bin"), TransformerConfig("v3")),
    "malevich-v2": Part(Source(_MALEVICH, "pytorch_model_v2.bin"), TransformerConfig("v2")),
    "surrealist": Part(Source(_SURREALIST, "pytorch_model.bin"), TransformerConfig("v3")),
}

# ru-dalle takes pictures in tiles, which overlap: twice the work.  A whole picture of x2
# needs hardly more memory than a tile of x4; with the others it could be more than a GPU has.
_TILES = {2: None, 4: 192, 8: 192}

# The first choice of each stage is the default.  With `dwt` a decoded image has its 512 pixels
# already; the up-scaler is there to sharpen it, and x2 does so at a sixteenth of the cost of x8.
# On `mini`, where both can be seen, it is as sharp as x4: docs/upscale.png.  Without one a picture
# is only brought to size.
CHOICES = {
    "vqgan": {
        "dwt": Part(Source(_UTILS, "vqgan.gumbelf8-sber-dwt.model.ckpt"), VQGANConfig(dwt=True)),
        "plain": Part(Source(_UTILS, "vqgan.gumbelf8-sber.model.ckpt"), VQGANConfig(dwt=False)),
    },
    "upscale": {
        f"x{scale}": Part(
            Source(_REAL_ESRGAN, f"RealESRGAN_x{scale}.pth"), UpscaleConfig(scale, tile=tile)
        )
        for scale, tile in _TILES.items()
    }
    | {"none": Part(None, UpscaleConfig(scale=1))},
    "matting": {
        "effnetb5": Part(
            Source(_EMOJICH, "unet_effnetb5/pytorch_model_v2.bin"),
            MattingConfig("efficientnet-b5", classes=2, confidence=0.99),
        ),
        # Of the model card.  ru-dalle believed it always, and took a line off its edges.
        "effnetb7": Part(
            Source(_EMOJICH, "unet_effnetb7/pytorch_model.bin"),
            MattingConfig("efficientnet-b7", classes=1, confidence=0.0, rim=1),
        ),
    },
}


def published(name: str, **chosen: str | None) -> Published:
    """A model of the table; `chosen` names what to take of CHOICES by stage.

    Raises BundleError for names that are not in the tables.
    """
    parts = {"transformer": _pick("published model", MODELS, name)}
    for stage, choices in CHOICES.items():
        parts[stage] = _pick(stage, choices, chosen.get(stage) or next(iter(choices)))
    copies = _copies()
    parts = {
        stage: replace(part, source=part.source and _moved(part.source, copies))
        for stage, part in parts.items()
    }
    return Published(name, _moved(TOKENIZER, copies), parts, LICENCE)


def _pick(what: str, table: dict[str, Part], name: str) -> Part:
    if name not in table:
        raise BundleError(f"There is no {what} {short(name)}: choose one of: {', '.join(table)}.")
    return table[name]


def _copies() -> dict[str, str]:
    """What EMOJICH_REPOS says."""
    file = os.environ.get("EMOJICH_REPOS")
    if not file:
        return {}
    try:
        copies = json.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else shown(error)
        message = f"EMOJICH_REPOS: {shown(file)} cannot be read ({reason})"
        raise BundleError(f"{message}: mend it.") from error
    if not isinstance(copies, dict) or not all(isinstance(c, str) for c in copies.values()):
        message = f"EMOJICH_REPOS: {shown(file)} must hold one JSON object of names"
        raise BundleError(f"{message}: mend it.")
    return copies


def _moved(source: Source, copies: dict[str, str]) -> Source:
    """The source in the repository that stands in for its own: "repo", or "repo@revision"."""
    repo, _, revision = copies.get(source.repo, source.repo).partition("@")
    return replace(source, repo=repo, revision=revision or source.revision)
