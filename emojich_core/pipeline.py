"""From a prompt to stickers: the stages in order.  Read this file first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from PIL import Image
from torch import nn

from emojich_core.bundles import Bundle, BundleError, load_bundle
from emojich_core.generation import generate
from emojich_core.matting import cut_out, make_unet
from emojich_core.request import MAX_SEED, Candidate, Request, new_seed
from emojich_core.sticker import SIZE, compose, to_webp
from emojich_core.tokenizer import Tokenizer
from emojich_core.transformer import Transformer
from emojich_core.upscale import make_upscaler, upscale
from emojich_core.vqgan import VQGAN

M = TypeVar("M", bound=nn.Module)

DRAWN = 0.8  # share of the progress bar that drawing the codes takes; the rest is for the finish


class Cancelled(Exception):
    """Raise it inside a progress callback to stop a generation."""


@dataclass(frozen=True)
class Drawing:
    """One candidate with its picture."""

    candidate: Candidate
    image: Image.Image  # 512×512 RGBA
    sticker: bytes  # the image as WebP, at most 512 KB


class Pipeline:
    """All models of a bundle on one device."""

    def __init__(self, bundle: Bundle, device: torch.device):
        self.bundle = bundle
        self.device = device
        self.dtype = torch.float16 if device.type == "cuda" else torch.float32
        self.tokenizer = Tokenizer(bundle.tokenizer)
        self.transformer: Transformer = self._load(Transformer(bundle.transformer), "transformer")
        self.vqgan: VQGAN = self._load(VQGAN(bundle.vqgan), "vqgan")
        self.upscaler: nn.Module = self._load(make_upscaler(bundle.upscale), "upscale")
        self.unet: nn.Module = self._load(make_unet(bundle.matting), "matting")

    @classmethod
    def load(cls, model: str = "mini", device: str | None = None) -> "Pipeline":
        """Load a bundle by name or folder, on `cpu`, `cuda`, `cuda:1`; by default on a GPU if any.

        Raises BundleError when the bundle is missing or damaged, or the device is not there.
        """
        return cls(load_bundle(model), _pick_device(device))

    def generate(
        self,
        prompt: str,
        count: int = 4,
        seed: int | None = None,
        progress: Callable[[float], None] = lambda fraction: None,
    ) -> list[Drawing]:
        """Draw a Russian prompt `count` times; the best by perplexity comes first.

        `progress` is called with the share done, 0 to 1, after every code.
        Raises InvalidRequest for a prompt that cannot be drawn.
        """
        seed = new_seed() if seed is None else seed
        request = Request(id="", prompt=prompt, count=count, seed=seed)
        seeds = [(request.seed + i) % (MAX_SEED + 1) for i in range(request.count)]
        config = self.bundle.transformer

        text = self.tokenizer.encode(request.prompt, config.text_seq_length).to(self.device)
        codes, perplexities = generate(
            self.transformer,
            text,
            seeds,
            self.bundle.sampling,
            on_step=lambda step: progress(DRAWN * step / config.image_seq_length),
        )
        drawings: list[Drawing] = []
        for number, i in enumerate(perplexities.argsort().tolist()):
            drawings.append(self._finish(number, codes[i], seeds[i], perplexities[i].item()))
            progress(DRAWN + (1 - DRAWN) * len(drawings) / request.count)
        return drawings

    @torch.inference_mode()
    def _finish(self, number: int, codes: torch.Tensor, seed: int, perplexity: float) -> Drawing:
        """Codes of one image → decoded, sharpened, cut out, packed."""
        decoded = self.vqgan.decode(codes[None])
        sharp = upscale(self.upscaler, decoded, SIZE)
        [(alpha, method)] = cut_out(self.unet, self.bundle.matting, sharp)
        image = compose(sharp[0], alpha)
        candidate = Candidate(number, seed, round(perplexity, 4), method)
        return Drawing(candidate, image, to_webp(image))

    def _load(self, model: M, stage: str) -> M:
        try:
            model.load_state_dict(self.bundle.weights(stage))
        except RuntimeError as error:
            message = f"{self.bundle.path / stage}.safetensors does not fit bundle.json"
            raise BundleError(f"{message}: restore the bundle.") from error
        return model.to(self.device, self.dtype).eval().requires_grad_(False)


def _pick_device(name: str | None) -> torch.device:
    name = name or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        message = f"EMOJICH_DEVICE {name!r} is not here: use cpu, or leave it unset."
        raise BundleError(message) from error
    return device
