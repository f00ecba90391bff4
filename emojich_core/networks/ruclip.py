"""ruCLIP scores how well a picture fits a Russian text (a CLIP, arXiv 2103.00020).

Parameter names follow the published checkpoints, as OpenAI's CLIP has them.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emojich_core.networks.tokenizer import EOS_ID, Tokenizer

HEAD = 64  # width of a head of the vision transformer

# From ruCLIP's `Predictor`: scores are more reliable over several phrasings of a text.
TEMPLATES = (
    "{}",
    "фото, на котором изображено {}",
    "изображение с {}",
    "картинка с {}",
    "фото с {}",
    "на фото видно {}",
)


@dataclass(frozen=True)
class RuCLIPConfig:
    """The numbers of a ruCLIP, by their names in its config.json.

    The defaults of `mean` and `std`, of the channels of a picture, are those of OpenAI's CLIP.
    """

    embed_dim: int
    image_resolution: int  # side of the vision transformer's input, in pixels
    vision_layers: int
    vision_width: int
    vision_patch_size: int  # in pixels
    context_length: int  # tokens of a text
    vocab_size: int
    transformer_width: int
    transformer_heads: int
    transformer_layers: int
    mean: tuple[float, ...] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, ...] = (0.26862954, 0.26130258, 0.27577711)


class Attention(nn.Module):
    """Multi-head self-attention: (B, N, width) → the same.

    `nn.MultiheadAttention`'s parameters, without its other ways of computing.
    """

    def __init__(self, width: int, heads: int, causal: bool):
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width**-0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = qkv.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, N, …)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out_proj(seen.transpose(1, 2).flatten(2))


class QuickGELU(nn.Module):
    """OpenAI's approximation of GELU."""

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    """Attention and a two-layer network, each with a shortcut: (B, N, width) → the same."""

    def __init__(self, width: int, heads: int, causal: bool):
        super().__init__()
        self.attn = Attention(width, heads, causal)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", QuickGELU())
        self.mlp.add_module("c_proj", nn.Linear(4 * width, width))
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Blocks(nn.Module):
    """A transformer: (B, N, width) → the same."""

    def __init__(self, width: int, heads: int, layers: int, causal: bool):
        super().__init__()
        self.resblocks = nn.Sequential(*(Block(width, heads, causal) for _ in range(layers)))

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return self.resblocks(x)


class Vision(nn.Module):
    """The vision transformer: (B, 3, image_resolution, image_resolution) → (B, embed_dim)."""

    def __init__(self, config: RuCLIPConfig):
        super().__init__()
        width, patch = config.vision_width, config.vision_patch_size
        places = (config.image_resolution // patch) ** 2 + 1
        self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width) * width**-0.5)
        self.positional_embedding = nn.Parameter(torch.randn(places, width) * width**-0.5)
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Blocks(width, width // HEAD, config.vision_layers, causal=False)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.randn(width, config.embed_dim) * width**-0.5)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        patches = self.conv1(x).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(x), 1, -1)
        x = torch.cat((first, patches), dim=1) + self.positional_embedding
        x = self.transformer(self.ln_pre(x))
        return self.ln_post(x[:, 0]) @ self.proj


class RuCLIP(nn.Module):
    """A text and a vision transformer; a text and a picture that fit have similar features."""

    def __init__(self, config: RuCLIPConfig):
        super().__init__()
        self.config = config
        width = config.transformer_width
        self.visual = Vision(config)
        self.transformer = Blocks(
            width, config.transformer_heads, config.transformer_layers, causal=True
        )
        self.token_embedding = nn.Embedding(config.vocab_size, width)
        self.positional_embedding = nn.Parameter(torch.randn(config.context_length, width) * 0.01)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.randn(width, config.embed_dim) * width**-0.5)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))  # of training only

    def encode_images(self, pictures: Tensor) -> Tensor:
        """Square pictures (B, 3, S, S) in [0, 1] → unit features (B, embed_dim) in float32.

        In float16 the cosines of similar pictures would be rounded to the same number.
        """
        seen = preprocess(self.config, pictures).to(self.text_projection.dtype)
        return F.normalize(self.visual(seen).float(), dim=-1)

    def encode_texts(self, ids: Tensor) -> Tensor:
        """Ids (B, context_length), each with one EOS → features (B, embed_dim), not normalised.

        A text's feature is that of its EOS, which attends to all tokens before it, not to padding.
        """
        x = self.token_embedding(ids) + self.positional_embedding
        x = self.ln_final(self.transformer(x))
        ends = (ids == EOS_ID).int().argmax(dim=1)
        return x[torch.arange(len(ids), device=ids.device), ends] @ self.text_projection


def preprocess(config: RuCLIPConfig, pictures: Tensor) -> Tensor:
    """Pictures (B, 3, S, S) in [0, 1] → the vision transformer's input, in float32.

    As ruCLIP's processor, which rounds to 8 bits in between.
    """
    size = config.image_resolution
    pictures = pictures.float()
    if pictures.shape[-1] != size:
        pictures = F.interpolate(pictures, (size, size), mode="bilinear", antialias=True)
    mean, std = (pictures.new_tensor(of)[:, None, None] for of in (config.mean, config.std))
    return (pictures - mean) / std


@torch.inference_mode()
def text_feature(model: RuCLIP, tokenizer: Tokenizer, text: str) -> Tensor:
    """The unit feature (embed_dim,) of a text, in float32: that of the mean over TEMPLATES."""
    plain, length = text.lower().strip(), model.config.context_length
    ids = [tokenizer.encode(each.format(plain), length, keep_eos=True) for each in TEMPLATES]
    features = model.encode_texts(torch.stack(ids).to(model.text_projection.device))
    return F.normalize(features.float().mean(dim=0), dim=-1)


@torch.inference_mode()
def similarity(model: RuCLIP, text: Tensor, pictures: Tensor) -> Tensor:
    """Cosines (B,) of pictures (B, 3, S, S) in [0, 1] with the unit feature of a text."""
    return model.encode_images(pictures) @ text
