"""A tiny bundle of the real classes; `python -m tests.tiny_bundle FOLDER` writes one."""

import sys
from pathlib import Path

import torch
import youtokentome

from emojich_core.bundles.bundle import save_bundle
from emojich_core.inference.sampling import Sampling
from emojich_core.networks.matting import MattingConfig, make_unet
from emojich_core.networks.transformer import Transformer, TransformerConfig
from emojich_core.networks.upscale import UpscaleConfig, make_upscaler
from emojich_core.networks.vqgan import VQGAN, VQGANConfig

NUMBERS = {  # of the transformer
    "num_layers": 2,
    "hidden_size": 32,
    "num_attention_heads": 2,
    "vocab_size": 60 + 8,
    "text_seq_length": 8,
    "image_vocab_size": 32,
    "image_tokens_per_dim": 4,
}
TINY_VQGAN = VQGANConfig(
    resolution=32,
    ch=8,
    num_res_blocks=1,
    attn_resolutions=(4,),
    z_channels=8,
    embed_dim=8,
    n_embed=32,
    norm_groups=4,
)
UNET = {"encoder_name": "tu-mobilenetv3_small_050", "decoder_channels": (16, 16, 8, 8, 8)}


def save_tiny_bundle(folder: Path) -> Path:
    """Write a bundle that draws noise within a fraction of a second: 4×4 codes, 2 layers."""
    corpus = folder / "corpus.txt"
    corpus.write_text("кот в космосе\nсобака и пицца\nкрасное сердце\nракета летит\n" * 20)
    youtokentome.BPE.train(data=str(corpus), model=str(folder / "trained.model"), vocab_size=60)

    torch.manual_seed(0)
    configs = {
        "transformer": TransformerConfig(**NUMBERS),
        "vqgan": TINY_VQGAN,
        "upscale": UpscaleConfig(scale=4, num_feat=8, num_block=1, num_grow_ch=4, tile=None),
        "matting": MattingConfig(**UNET, size=256),
    }
    models = {
        "transformer": Transformer(configs["transformer"]),
        "vqgan": VQGAN(configs["vqgan"]),
        "upscale": make_upscaler(configs["upscale"]),
        "matting": make_unet(configs["matting"]),
    }
    save_bundle(
        folder / "tiny",
        name="tiny",
        tokenizer=folder / "trained.model",
        configs={**configs, "sampling": Sampling()},
        weights={stage: model.state_dict() for stage, model in models.items()},
    )
    return folder / "tiny"


if __name__ == "__main__":
    save_tiny_bundle(Path(sys.argv[1]))
