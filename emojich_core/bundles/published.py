"""The published models: their files on the hub, and the configuration of every stage.

The models differ in their transformer.  They share the other stages, of which there are variants.
An operator who has copies in other repositories lists them in a JSON file, and sets EMOJICH_REPOS
to its path:

    {"ai-forever/rudalle-Emojich": "my-organisation/emojich", "ai-forever/Real-ESRGAN": "…"}
"""

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from reprlib import repr as short
from typing import Any

from emojich_core.errors import BundleError, shown
from emojich_core.networks.matting import MattingConfig
from emojich_core.networks.transformer import TransformerConfig
from emojich_core.networks.upscale import UpscaleConfig
from emojich_core.networks.vqgan import VQGANConfig


@dataclass(frozen=True)
class Source:
    """A file on the hub, with size and check sum of the published one where they are known.

    If `revision` is a branch, the download takes its present commit, which the bundle records.
    """

    repo: str
    file: str
    revision: str = "main"
    size: int | None = None  # in bytes
    sha256: str | None = None
    second: str | None = None  # a repository to try where `repo` is gone


@dataclass(frozen=True)
class Part:
    """A published checkpoint and the configuration of its network."""

    source: Source | None  # None: the stage has no weights
    config: Any  # None: one of the files has it
    files: dict[str, Source] = field(default_factory=dict)  # besides the checkpoint, by role


@dataclass(frozen=True)
class Published:
    """A model: a tokenizer, and a part for each stage of a bundle, and for its judge if any."""

    name: str
    tokenizer: Source
    parts: dict[str, Part]
    licence: str


# The licence of ru-dalle's code; Real-ESRGAN has BSD-3-Clause.  No repository of weights names one.
LICENCE = "code: Apache-2.0; weights: not stated"

_EMOJICH = "ai-forever/rudalle-Emojich"
_MALEVICH = "ai-forever/rudalle-Malevich"
_SURREALIST = "shonenkov-AI/rudalle-xl-surrealist"
_REAL_ESRGAN = "ai-forever/Real-ESRGAN"
_RUCLIP = "ruclip-vit-base-patch32-384"

# Roles of files of a judge.
JUDGE_TOKENIZER = "judge tokenizer"
JUDGE_CONFIG = "judge config"


def _utility(file: str, size: int, sha256: str) -> Source:
    """A file of ru-dalle's utilities; ru-dalle itself still names the second repository."""
    first, second = "ai-forever/rudalle-utils", "shonenkov/rudalle-utils"
    return Source(first, file, size=size, sha256=sha256, second=second)


def _ruclip(file: str) -> Source:
    """A file of the ruCLIP that ru-dalle's examples rank with."""
    return Source(f"ai-forever/{_RUCLIP}", file, second=f"sberbank-ai/{_RUCLIP}")


TOKENIZER = _utility(
    "bpe.model", 224498, "c5dcee5d7e0fa74f48d493791484232850e25230eb8b04dbd527afe008b9482e"
)

MODELS = {
    "emojich": Part(
        Source(
            _EMOJICH,
            "pytorch_model.bin",
            size=2624962733,
            sha256="3996bfcb9449039a92559a307b830b61824bb310523676a1829a7b0de4b77430",
        ),
        TransformerConfig("v2"),
    ),
    "malevich": Part(Source(_MALEVICH, "pytorch_model_v3.bin"), TransformerConfig("v3")),
    "malevich-v2": Part(
        Source(
            _MALEVICH,
            "pytorch_model_v2.bin",
            size=2628934437,
            sha256="5eb143033ee595315049276cf915ce6503155bb2d915e4f0becf7d64d2c5cb01",
        ),
        TransformerConfig("v2"),
    ),
    "surrealist": Part(Source(_SURREALIST, "pytorch_model.bin"), TransformerConfig("v3")),
}

# ru-dalle sharpens pictures in overlapping tiles, which doubles the work.  A whole picture at x2
# needs hardly more memory than a tile at x4; at x4 and x8 it could need more than a GPU has.
_TILES = {2: None, 4: 192, 8: 192}
_KNOWN: dict[int, dict[str, Any]] = {
    2: {
        "size": 67061725,
        "sha256": "c830d067d54fc767b9543a8432f36d91bc2de313584e8bbfe4ac26a47339e899",
    },
    4: {},
    8: {"sha256": "8b72fb469d12f05a4770813d2603eb1b550f40df6fb8b37d6c7bc2db3d2bff5e"},
}

# The first choice of each stage is the default.  With `dwt` a decoded image already has 512
# pixels, so the up-scaler only sharpens it; x2 does so at a sixteenth of the cost of x8.  On
# `mini`, where both can be seen, x2 is as sharp as x4: docs/upscale.png.  Without an up-scaler the
# picture is only resized.
CHOICES = {
    "vqgan": {
        "dwt": Part(
            _utility(
                "vqgan.gumbelf8-sber-dwt.model.ckpt",
                276404571,
                "781fbd2f04bf095a532e1b25bf084e86333838e47cf65d19af33f13b73b3b014",
            ),
            VQGANConfig(dwt=True),
        ),
        "plain": Part(
            _utility(
                "vqgan.gumbelf8-sber.model.ckpt",
                346054435,
                "7be00096299fe50bbcc1a2ed01fe28561464de5020c7c6b5b4a728d3b515c3fb",
            ),
            VQGANConfig(dwt=False),
        ),
    },
    "upscale": {
        f"x{scale}": Part(
            Source(_REAL_ESRGAN, f"RealESRGAN_x{scale}.pth", **_KNOWN[scale]),
            UpscaleConfig(scale, tile=tile),
        )
        for scale, tile in _TILES.items()
    }
    | {"none": Part(None, UpscaleConfig(scale=1))},
    "matting": {
        "effnetb5": Part(
            Source(
                _EMOJICH,
                "unet_effnetb5/pytorch_model_v2.bin",
                size=125879709,
                sha256="6dbe93c6e33cd6c6625672a92089a05af1c9511c2be0a96bde94fbc3a570cffa",
            ),
            MattingConfig("efficientnet-b5", classes=2, confidence=0.99),
        ),
        # That of the model card.  ru-dalle takes its alpha as it is, and a line off the edges.
        "effnetb7": Part(
            Source(
                _EMOJICH,
                "unet_effnetb7/pytorch_model.bin",
                size=270099195,
                sha256="69c9757b539dbfe2de10dafcc2c474e9f47e71de1f50129e5f28a01bb428efca",
            ),
            MattingConfig("efficientnet-b7", classes=1, confidence=0.0, rim=1),
        ),
    },
    "judge": {
        "none": Part(None, None),
        "ruclip": Part(
            _ruclip("pytorch_model.bin"),
            None,
            {JUDGE_TOKENIZER: _ruclip("bpe.model"), JUDGE_CONFIG: _ruclip("config.json")},
        ),
    },
}


def published(name: str, **chosen: str | None) -> Published:
    """A model of the table; `chosen` maps a stage to its name in CHOICES.

    Raises BundleError for names that are not in the tables.
    """
    parts = {"transformer": _pick("published model", MODELS, name)}
    for stage, choices in CHOICES.items():
        parts[stage] = _pick(stage, choices, chosen.get(stage) or next(iter(choices)))
    copies = _copies()
    parts = {
        stage: replace(
            part,
            source=part.source and _moved(part.source, copies),
            files={role: _moved(source, copies) for role, source in part.files.items()},
        )
        for stage, part in parts.items()
        if part.source or part.config  # the part of a missing judge has neither
    }
    return Published(name, _moved(TOKENIZER, copies), parts, LICENCE)


def _pick(what: str, table: dict[str, Part], name: str) -> Part:
    if name not in table:
        raise BundleError(f"There is no {what} {short(name)}: choose one of: {', '.join(table)}.")
    return table[name]


def _copies() -> dict[str, str]:
    """The repositories of EMOJICH_REPOS, each by the repository that it replaces."""
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
    """The source in the repository that replaces its own: "repo", or "repo@revision"."""
    named = copies.get(source.repo) or copies.get(source.second or "")
    if not named:
        return source
    repo, _, revision = named.partition("@")
    return replace(source, repo=repo, revision=revision or source.revision, second=None)
