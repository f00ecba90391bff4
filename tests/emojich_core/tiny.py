"""Checkpoints in exactly the published layouts, with tiny random networks in them.

Run as a module, it is `emojich weights pull NAME` with these in the place of the published models.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from unittest.mock import patch

import torch
from huggingface_hub import constants
from torch import Tensor

from emojich_core.bundles import published
from emojich_core.bundles.bundle import load_bundle, save_bundle
from emojich_core.bundles.convert import NETWORKS
from emojich_core.bundles.description import STAGES
from emojich_core.bundles.published import Part, Source
from emojich_core.cli.main import main
from emojich_core.networks.matting import MattingConfig
from emojich_core.networks.ruclip import RuCLIP, RuCLIPConfig
from emojich_core.networks.transformer import TransformerConfig
from emojich_core.networks.upscale import UpscaleConfig
from emojich_core.networks.vqgan import VQGANConfig
from tests.tiny_bundle import NUMBERS, TINY_VQGAN, UNET

RUCLIP = RuCLIPConfig(
    embed_dim=16,
    image_resolution=32,
    vision_layers=2,
    vision_width=64,
    vision_patch_size=8,
    context_length=24,
    vocab_size=60,
    transformer_width=32,
    transformer_heads=2,
    transformer_layers=2,
)


def vqgan(dwt: bool) -> VQGANConfig:
    return replace(TINY_VQGAN, dwt=dwt)


TOKENIZER = Source("tiny/utils", "bpe.model")
MODELS = {
    "emojich": Part(Source("tiny/emojich", "model.bin"), TransformerConfig("v2", **NUMBERS)),
    "malevich": Part(Source("tiny/malevich", "model_v3.bin"), TransformerConfig("v3", **NUMBERS)),
}
CHOICES = {
    "vqgan": {
        "dwt": Part(Source("tiny/utils", "vqgan-dwt.ckpt"), vqgan(dwt=True)),
        "plain": Part(Source("tiny/utils", "vqgan.ckpt"), vqgan(dwt=False)),
    },
    "upscale": {
        f"x{scale}": Part(Source("tiny/esrgan", f"x{scale}.pth"), UpscaleConfig(scale, 8, 1, 4))
        for scale in (2, 4, 8)
    }
    | {"none": Part(None, UpscaleConfig(scale=1))},
    "matting": {
        "effnetb5": Part(Source("tiny/emojich", "b5/model.bin"), MattingConfig(**UNET)),
        "effnetb7": Part(
            Source("tiny/emojich", "b7/model.bin"),
            MattingConfig(**UNET, classes=1, confidence=0.0, rim=1),
        ),
    },
    "judge": {
        "none": Part(None, None),
        "ruclip": Part(
            Source("tiny/ruclip", "judge.bin"),
            None,
            {
                published.JUDGE_TOKENIZER: Source("tiny/ruclip", "bpe.model"),
                published.JUDGE_CONFIG: Source("tiny/ruclip", "config.json"),
            },
        ),
    },
}


def write_checkpoints(folder: Path, tokenizer: Path) -> None:
    """Write all of the above as `folder`/REPOSITORY/FILE."""
    torch.manual_seed(1)
    (folder / "utils").mkdir(parents=True)
    (folder / "utils/bpe.model").write_bytes(tokenizer.read_bytes())
    for part in MODELS.values():
        save(folder, part, transformer_layout(weights("transformer", part)))
    for name, part in CHOICES["vqgan"].items():
        layout = wavelet_layout if name == "dwt" else plain_layout
        save(folder, part, layout(weights("vqgan", part)))
    for name, part in CHOICES["upscale"].items():
        if part.source is None:
            continue
        wrapper = {"x2": "params_ema", "x4": "params"}.get(name)
        tensors = weights("upscale", part)
        save(folder, part, {wrapper: tensors} if wrapper else tensors)
    for part in CHOICES["matting"].values():
        save(folder, part, weights("matting", part))
    save(folder, CHOICES["judge"]["ruclip"], RuCLIP(RUCLIP).state_dict())
    (folder / "ruclip/bpe.model").write_bytes(tokenizer.read_bytes())
    (folder / "ruclip/config.json").write_text(json.dumps(asdict(RUCLIP)))


def weights(stage: str, part: Part) -> dict[str, Tensor]:
    return NETWORKS[stage](part.config).state_dict()


def save(folder: Path, part: Part, content: object) -> None:
    file = folder / Path(part.source.repo).name / part.source.file
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, file)


def transformer_layout(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """In half precision, with the masks."""
    length = NUMBERS["text_seq_length"] + NUMBERS["image_tokens_per_dim"] ** 2
    masks = {
        f"transformer.{kind}_mask": torch.ones(length, length) for kind in ("row", "col", "conv")
    }
    return {**{key: value.half() for key, value in tensors.items()}, **masks}


def plain_layout(tensors: dict[str, Tensor]) -> dict[str, object]:
    """Bare names, and what is left of the training's loss."""
    return {"state_dict": {**tensors, "loss.discriminator.weight": torch.zeros(3)}, "epoch": 3}


def wavelet_layout(tensors: dict[str, Tensor]) -> dict[str, object]:
    """The decoder in a wrapper with `post_quant_conv` and the filters; another one is unused."""
    inside = ("decoder.", "post_quant_conv.")
    state = {
        f"model.decoder.{key}" if key.startswith(inside) else f"model.{key}": value
        for key, value in tensors.items()
    }
    for key in ("weight", "bias"):
        state[f"model.post_quant_conv.{key}"] = torch.full_like(
            tensors[f"post_quant_conv.{key}"], torch.nan
        )
    for name in ("g0_col", "g1_col", "g0_row", "g1_row"):
        state[f"model.decoder.idwt.{name}"] = torch.ones(1, 1, 2, 1)
    return {"state_dict": state}


def add_judge(bundle: Path, folder: Path) -> None:
    """Write a bundle again, with a judge of random weights, into `folder`."""
    base = load_bundle(str(bundle))
    torch.manual_seed(2)
    judge = {key: value.half() for key, value in RuCLIP(RUCLIP).state_dict().items()}
    save_bundle(
        folder,
        name=folder.name,
        tokenizer=base.tokenizer,
        configs={key: getattr(base, key) for key in (*STAGES, "sampling")} | {"judge": RUCLIP},
        weights={stage: base.weights(stage) for stage in STAGES} | {"judge": judge},
        vocabulary=base.vocabulary,
        judge_tokenizer=base.tokenizer,
    )


if __name__ == "__main__":
    constants.DOWNLOAD_CHUNK_SIZE = 16 * 1024  # 10 MB would be more than all of a tiny file
    with patch.multiple(published, MODELS=MODELS, CHOICES=CHOICES, TOKENIZER=TOKENIZER):
        main()
