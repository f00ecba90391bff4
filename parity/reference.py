"""ru-dalle's models and ours side by side, in the published layouts, with the same random weights.

The only file that touches ru-dalle and Real-ESRGAN.  ru-dalle's models are never built by
`get_…()`, which would download.
"""

import importlib
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import rudalle
import torch
import youtokentome
from omegaconf import OmegaConf
from rudalle.dalle import MODELS
from rudalle.dalle.model import DalleModel
from rudalle.image_prompts import ImagePrompts
from rudalle.pipelines import generate_images
from rudalle.realesrgan.model import RealESRGAN
from rudalle.realesrgan.rrdbnet_arch import RRDBNet
from rudalle.tokenizer import YTTMTokenizerWrapper
from rudalle.vae.model import VQGanGumbelVAE
from torch import Tensor, nn
from torchvision.transforms import functional

from emojich_core.bundles.convert import convert
from emojich_core.inference.sampling import Sampling
from emojich_core.model_options import SHIPPED
from emojich_core.networks.matting import MattingConfig, make_unet
from emojich_core.networks.transformer import Transformer, TransformerConfig
from emojich_core.networks.upscale import UpscaleConfig, make_upscaler
from emojich_core.networks.vqgan import VQGAN, VQGANConfig
from parity.versions import libraries

# torchvision 0.17 made this module private, and basicsr still imports one function of it.
sys.modules["torchvision.transforms.functional_tensor"] = functional
import realesrgan  # noqa: E402
from basicsr.archs import rrdbnet_arch as basicsr  # noqa: E402

Layout = Literal["v2", "v3"]
NORMS = (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm2d)
PUBLISHED: dict[Layout, str] = {"v2": "Emojich", "v3": "Malevich"}

SMALL: dict[str, Any] = {  # a transformer with a layer of every kind and all image codes
    "num_layers": 4,
    "hidden_size": 128,
    "num_attention_heads": 4,
    "vocab_size": 2000 + 16,
    "text_seq_length": 16,
}


@torch.no_grad()
def randomise(model: nn.Module, seed: int, gain: float = 1.0) -> None:
    """Give `model` the weights of `seed`: activations of a size near 1, times `gain` a layer.

    Fresh weights would prove little: their logits are almost uniform, their biases zero and their
    norms the identity, so a mistake in any of these would not show.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(module, nn.Embedding):
                parameter.normal_(generator=generator)
            elif parameter.ndim > 1:
                fan_in = parameter[0].numel()
                parameter.normal_(std=gain / math.sqrt(fan_in), generator=generator)
            else:
                is_scale = isinstance(module, NORMS) and name == "weight"
                parameter.normal_(mean=float(is_scale), std=0.1, generator=generator)


# --- Transformer ----------------------------------------------------------------------------------


def transformers(layout: Layout, numbers: dict[str, Any]) -> tuple[DalleModel, Transformer]:
    """ru-dalle's transformer and ours, which share their weights' memory.

    `numbers` override the published ones on both sides; empty, they are ru-dalle's own on its side
    and the defaults of TransformerConfig on ours.
    """
    published = MODELS[PUBLISHED[layout]]
    assert published["hf_version"] == layout
    theirs = DalleModel("cpu", hf_version=layout, **published["model_params"] | numbers).eval()
    randomise(theirs, seed=0, gain=2)  # peaked attention and logits

    config = TransformerConfig(layout=layout, **numbers)
    with torch.device("meta"):
        ours = Transformer(config).eval()
    weights = {k: v for k, v in theirs.state_dict().items() if not k.endswith("_mask")}
    ours.load_state_dict(weights, assign=True)
    return theirs, ours


def sequence(config: TransformerConfig, batch: int) -> tuple[Tensor, Tensor]:
    """Random text (B, text_seq_length), half of it padding, and codes (B, image_seq_length)."""
    generator = torch.Generator().manual_seed(1)
    words = config.vocab_size - config.text_seq_length
    text = torch.randint(4, words, (batch, config.text_seq_length), generator=generator)
    text[:, config.text_seq_length // 2 :] = 0
    shape = (batch, config.image_seq_length)
    return text, torch.randint(config.image_vocab_size, shape, generator=generator)


def causal_mask(model: DalleModel, batch: int) -> Tensor:
    """The mask that ru-dalle's callers hand to its transformer."""
    size = model.get_param("total_seq_length")
    return torch.ones(batch, 1, size, size).tril()


# --- Generation -----------------------------------------------------------------------------------


BPE = SHIPPED / "mini/bpe.model"  # of 2,000 tokens


@dataclass(frozen=True)
class ReferenceImages:
    """The images and scores of `generate_images`."""

    codes: Tensor  # (B, image_seq_length), in the order drawn
    images: Tensor  # (B, H, W, 3) uint8, the best first
    scores: list[float]  # in that order


def draw(
    model: DalleModel,
    vqgan: VQGanGumbelVAE,
    prompt: str,
    count: int,
    seed: int,
    sampling: Sampling,
    image_prompts: ImagePrompts | None = None,
) -> ReferenceImages:
    """ru-dalle's `generate_images`, all in one batch, its tokenizer around BPE."""
    codes: list[Tensor] = []

    def decode(batch: Tensor) -> Tensor:
        codes.append(batch)  # it returns the images only
        return VQGanGumbelVAE.decode(vqgan, batch)

    vqgan.decode = decode
    images, scores = generate_images(
        prompt,
        tokenizer(BPE),
        model,
        vqgan,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        temperature=sampling.temperature,
        images_num=count,
        bs=count,
        seed=seed,
        image_prompts=image_prompts,
    )
    pixels = torch.stack([torch.from_numpy(np.array(image)) for image in images])
    return ReferenceImages(torch.cat(codes), pixels, scores)


def tokenizer(model: Path) -> YTTMTokenizerWrapper:
    """ru-dalle's tokenizer around a BPE model."""
    return YTTMTokenizerWrapper(youtokentome.BPE(model=str(model)))


# --- VQGAN ----------------------------------------------------------------------------------------


def vqgans(dwt: bool, ch: int, side: int = 32) -> tuple[VQGanGumbelVAE, VQGAN]:
    """ru-dalle's VQGAN and ours; `ch` is the width, 128 in the published one.

    Ours decodes `side`² codes; ru-dalle's takes any square number of them.
    """
    file = Path(rudalle.vae.__file__).with_name("vqgan.gumbelf8-sber.config.yml")
    published = OmegaConf.load(file)
    published.model.params.ddconfig.ch = ch
    theirs = VQGanGumbelVAE(published, dwt=dwt).eval()
    randomise(theirs, seed=0)
    config = VQGANConfig(resolution=8 * side, attn_resolutions=(side,), ch=ch, dwt=dwt)
    ours = VQGAN(config).eval()
    ours.load_state_dict(_vqgan_weights(theirs.model.state_dict(), dwt))
    return theirs, ours


def _vqgan_weights(weights: dict[str, Tensor], dwt: bool) -> dict[str, Tensor]:
    """ru-dalle's names → ours.

    With the wavelet, its decoder lies one level deeper, beside the post_quant_conv that is used
    (the one outside is not) and filters that follow from the wavelet's name.
    """
    if not dwt:
        return weights
    kept = {k: v for k, v in weights.items() if not k.startswith("post_quant_conv.")}
    kept = {k: v for k, v in kept.items() if not k.startswith("decoder.idwt.")}
    return {
        k.replace("decoder.decoder.", "decoder.").replace("decoder.post_quant", "post_quant"): v
        for k, v in kept.items()
    }


# --- Real-ESRGAN ----------------------------------------------------------------------------------


def upscalers(config: UpscaleConfig) -> tuple[RealESRGAN, nn.Module]:
    """ru-dalle's Real-ESRGAN and our network."""
    theirs = RealESRGAN("cpu", config.scale)
    theirs.model = RRDBNet(
        num_in_ch=3,
        num_out_ch=3,
        scale=config.scale,
        num_feat=config.num_feat,
        num_block=config.num_block,
        num_grow_ch=config.num_grow_ch,
    ).eval()
    _randomise_upscaler(theirs.model)
    ours = make_upscaler(config).eval()
    ours.load_state_dict(theirs.model.state_dict())
    return theirs, ours


def real_esrganer(config: UpscaleConfig, file: Path) -> tuple[realesrgan.RealESRGANer, nn.Module]:
    """Real-ESRGAN itself, with BasicSR's network, for scale 2 or 4; and our network.

    Both read the same checkpoint, which is written to `file` as Real-ESRGAN publishes its own.
    """
    theirs = basicsr.RRDBNet(
        num_in_ch=3,
        num_out_ch=3,
        scale=config.scale,
        num_feat=config.num_feat,
        num_block=config.num_block,
        num_grow_ch=config.num_grow_ch,
    )
    _randomise_upscaler(theirs)
    torch.save({"params_ema": theirs.state_dict()}, file)
    esrganer = realesrgan.RealESRGANer(
        config.scale, str(file), model=theirs, pre_pad=0, device=torch.device("cpu")
    )
    ours = make_upscaler(config).eval()
    ours.load_state_dict(convert("upscale", config, file))
    return esrganer, ours


def _randomise_upscaler(model: RRDBNet | basicsr.RRDBNet) -> None:
    """Weights that clip little: colours around the middle."""
    randomise(model, seed=0)
    with torch.no_grad():
        model.conv_last.weight.mul_(0.3)
        model.conv_last.bias.fill_(0.5)


# --- Matting --------------------------------------------------------------------------------------


def _first_smp() -> ModuleType:
    """segmentation-models-pytorch 0.1.3, with the EfficientNet and the timm of its time."""
    with libraries(Path(sys.prefix) / "smp-0.1.3", "segmentation_models_pytorch", "timm"):
        return importlib.import_module("segmentation_models_pytorch")


_SMP = _first_smp()


def unets(config: MattingConfig, seen: Tensor) -> tuple[nn.Module, nn.Module]:
    """The U-Net that ru-dalle makes and ours.

    Their batch norms are as if they had been trained on the images `seen` (B, 3, H, W).
    """
    theirs = _SMP.Unet(
        encoder_name=config.encoder_name,
        encoder_weights=None,
        in_channels=3,
        classes=config.classes,
    ).eval()
    randomise(theirs, seed=0)
    _normalise(theirs, seen)
    ours = make_unet(config).eval()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


@torch.no_grad()
def _normalise(model: nn.Module, seen: Tensor) -> None:
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1
        norm.train()
    model(seen)
    for norm in norms:
        norm.eval()


def _first_pipelines() -> ModuleType:
    """ru-dalle 0.3.0's `pipelines`, under another name beside 1.1.3."""
    name = "rudalle_0_3_0"
    if name not in sys.modules:  # a bare package: its own __init__ would import removed modules
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [str(Path(sys.prefix) / "rudalle-0.3.0/rudalle")]
    return importlib.import_module(f"{name}.pipelines")


# The last release whose U-Net had one class.
first_convert_emoji_to_rgba: Callable[..., Any] = _first_pipelines().convert_emoji_to_rgba
