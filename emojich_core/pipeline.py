"""From a prompt to stickers: the stages in order.  Read this file first."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.functional import to_tensor

from emojich_core.bundles.bundle import Bundle, BundleError, load_bundle
from emojich_core.inference.cuda import to_device
from emojich_core.inference.memory import keep_freed, memory_watched
from emojich_core.inference.precision import (
    Precision,
    choose,
    paints_in_bfloat16,
    prepare,
    stages_dtype,
    stored_as,
)
from emojich_core.inference.retries import LIKE, Variety
from emojich_core.inference.sampling import Sampling, in_style, surprise
from emojich_core.inference.slots import Beginning, Drawn, ImagePrompt, Slots, begin, draw_together
from emojich_core.inference.threads import cores, use
from emojich_core.networks.matting import cut_out, make_unet
from emojich_core.networks.tokenizer import Tokenizer
from emojich_core.networks.transformer import Transformer
from emojich_core.networks.upscale import make_upscaler, upscale
from emojich_core.networks.vqgan import VQGAN
from emojich_core.request import MAX_COUNT, MAX_SEED, Candidate, Reading, Request, new_seed
from emojich_core.sticker import SIZE, compose, on_white, to_webp

M = TypeVar("M", bound=nn.Module)

BATCH = MAX_COUNT  # images drawn at once
DRAWN = 0.8  # share of the progress bar that drawing the codes takes; the rest is for the finish
CPU_SLOTS = 8  # more of them would make everyone wait longer, and the last no sooner
MAX_SLOTS = 64
RESERVE = 2 * 2**30  # bytes of a GPU's memory that a step and the stages after it may take


# Parameters of the stages after the transformer.  With fewer an image is finished by one core in a
# fraction of a second; with more it takes all of them, and its operations are long enough to share.
SMALL = 10_000_000


@dataclass(frozen=True)
class Drawing:
    """One candidate with its picture."""

    candidate: Candidate
    image: Image.Image  # 512×512 RGBA
    sticker: bytes  # the image as WebP, at most 512 KB
    codes: Tensor = field(compare=False, repr=False)  # (image_seq_length,) int64, on the CPU


class Pipeline:
    """All models of a bundle on one device.

    >>> pipeline = Pipeline.load("emojich")
    >>> drawings = pipeline.generate("кот в космосе", count=4, best_of=64, seed=1, top_k=512)
    >>> drawings[0].image.save("cat.png")
    >>> grid([drawing.image for drawing in drawings], columns=2).save("cats.png")
    """

    def __init__(self, bundle: Bundle, device: torch.device, precision: Precision):
        self.bundle = bundle
        self.device = device
        self.precision = precision
        self.tokenizer = Tokenizer(bundle.tokenizer)
        transformer = load_network(bundle, "transformer", Transformer, device, stored_as(precision))
        self.transformer = prepare(transformer, precision)
        dtype = stages_dtype(device)
        self.vqgan = load_network(bundle, "vqgan", VQGAN, device, dtype)
        self.upscaler = load_network(bundle, "upscale", make_upscaler, device, dtype)
        self.unet = load_network(bundle, "matting", make_unet, device, dtype)
        self.paints_in_bfloat16 = paints_in_bfloat16(device)
        if device.type == "cpu":
            keep_freed()
            # The convolutions take half of the time so.
            for network in (self.vqgan, self.upscaler, self.unet):
                network.to(memory_format=torch.channels_last)
        stages = (self.vqgan, self.upscaler, self.unet)
        self._finishes_side_by_side = sum(map(parameters, stages)) < SMALL
        # Pictures are finished beside the steps of others, not between them.
        self._aside = torch.cuda.Stream(device) if device.type == "cuda" else None

    @classmethod
    def load(
        cls, model: str = "mini", device: str | None = None, precision: Precision | None = None
    ) -> "Pipeline":
        """Load a bundle by name or folder, on `cpu`, `cuda`, `cuda:1`; by default on a GPU if any.

        `precision` of the transformer, by default EMOJICH_PRECISION or what suits: precision.py.
        Raises BundleError when the bundle is missing or damaged, or there is no such device or
        precision.
        """
        where, bundle = pick_device(device), load_bundle(model)
        return cls(bundle, where, choose(precision, where, bundle.transformer))

    def generate(
        self,
        prompt: str,
        count: int = 4,
        seed: int | None = None,
        progress: Callable[[float], None] = lambda fraction: None,
        *,
        best_of: int | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        temperature: float | None = None,
        image_prompt: ImagePrompt | None = None,
    ) -> list[Drawing]:
        """Draw a Russian prompt; returns the `count` best by perplexity, best first.

        `best_of` so many images are drawn, by default `count`; only the best become pictures.
        `top_k`, `top_p`, `temperature` stand in for those of the bundle; see Sampling.
        `image_prompt` codes to go on from; see `image_prompt()`.
        `progress` is called with the share done, 0 to 1, after every code.
        What the bundle does not know is drawn as `read` says.
        Raises InvalidRequest for a prompt that cannot be drawn, ValueError for other values,
        BundleError for a model that draws nothing but overflowing numbers.
        """
        seed = new_seed() if seed is None else seed
        request = Request(id="", prompt=prompt, count=count, seed=seed)
        text = self.read(request.prompt).prompt
        drawn = request.count if best_of is None else best_of
        if drawn < request.count:
            raise ValueError(f"best_of must be at least the count, {request.count}")
        seeds = [(request.seed + i) % (MAX_SEED + 1) for i in range(drawn)]
        wanted = {"top_k": top_k, "top_p": top_p, "temperature": temperature}
        given = {name: value for name, value in wanted.items() if value is not None}
        sampling = replace(self.bundle.sampling, **given)  # type: ignore[arg-type]

        variety = Variety(sampling)

        def draw(seeds: list[int], progress: Callable[[float], None]) -> list[Drawn]:
            images: list[Drawn] = []
            for sampling in {variety.sampling(seed) for seed in seeds}:
                alike = [seed for seed in seeds if variety.sampling(seed) == sampling]
                images += self._draw(text, alike, sampling, image_prompt, progress)
            return variety.sift(images)

        images = draw(seeds, lambda done: progress(DRAWN * done))
        while (missing := request.count - len(images)) > 0:
            images += draw(variety.next_round()[:missing], lambda done: progress(DRAWN))
        drawings: list[Drawing] = []
        chosen = best(images, request.count)
        for first in range(0, len(chosen), self.finish_batch):
            for drawing in self.finish(chosen[first : first + self.finish_batch]):
                candidate = replace(drawing.candidate, number=len(drawings))
                drawings.append(replace(drawing, candidate=candidate))
            progress(DRAWN + (1 - DRAWN) * len(drawings) / request.count)
        return drawings

    @torch.inference_mode()
    def image_prompt(
        self, image: Image.Image, up: int = 0, down: int = 0, left: int = 0, right: int = 0
    ) -> ImagePrompt:
        """An image of which so many rows and columns of codes along the borders are to stay.

        It is stretched to a square, as by ru-dalle, and stands on white where it is transparent.
        """
        size = (self.bundle.vqgan.resolution,) * 2
        pixels = to_tensor(on_white(image).resize(size, Image.Resampling.LANCZOS))
        dtype = next(self.vqgan.parameters()).dtype
        codes = self.vqgan.encode(pixels[None].to(self.device, dtype))
        return ImagePrompt.borders(codes[0], up, down, left, right)

    def _draw(
        self,
        prompt: str,
        seeds: list[int],
        sampling: Sampling,
        image_prompt: ImagePrompt | None,
        progress: Callable[[float], None],
    ) -> list[Drawn]:
        beginnings = self.begin(prompt, image_prompt)
        rounds = math.ceil(len(seeds) / BATCH)
        at_once = math.ceil(len(seeds) / rounds)
        slots = Slots(self.transformer, at_once)
        length = self.bundle.transformer.image_seq_length
        images: list[Drawn] = []
        for first in range(0, len(seeds), at_once):
            batch = seeds[first : first + at_once]

            def on_step(step: int, first: int = first, size: int = len(batch)) -> None:
                progress((first + size * step / length) / len(seeds))

            images += draw_together(slots, beginnings, batch, sampling, on_step, image_prompt)
        return images

    def slots_that_fit(self) -> int:
        """How many images can be drawn at once: what the memory allows, within reason."""
        if self.device.type != "cuda":
            return CPU_SLOTS
        free, _ = torch.cuda.mem_get_info(self.device)
        one = Slots(self.transformer, 1).cache.bytes_per_slot
        return max(1, min(MAX_SLOTS, (free - RESERVE) // one))

    @memory_watched()
    def slots(self, count: int) -> Slots:
        """So many slots, for who draws all day: on a GPU compiled, which takes long, and warm."""
        on_gpu = self.device.type == "cuda"
        slots = Slots(self.transformer, count, compiled=on_gpu)
        if on_gpu:
            self.warm_up(slots)
        return slots

    def warm_up(self, slots: Slots) -> None:
        """Take every stage once, in slots that are empty.

        A GPU loads code when it comes to it, oneDNN makes it: the first request would wait for it.
        """
        text = torch.zeros(self.bundle.transformer.text_seq_length, dtype=torch.long)
        slots.enter(0, begin(self.transformer, to_device(text, self.device)), 0, Sampling())
        slots.step()
        self.finish([slots.drawn(0)])
        slots.leave(0)

    @property
    def finish_batch(self) -> int:
        """How many images to finish at once."""
        if self.device.type == "cuda":
            return BATCH
        return cores.count if self._finishes_side_by_side else 1

    def read(self, prompt: str) -> Reading:
        """What the bundle draws for a prompt.  Raises InvalidRequest for words unknown to it."""
        vocabulary = self.bundle.vocabulary
        return Reading(prompt) if vocabulary is None else vocabulary.read(prompt)

    @memory_watched()
    def begin(self, prompt: str, image_prompt: ImagePrompt | None = None) -> list[Beginning]:
        """Compute a prompt's text, as `read` gave it, once for all images drawn from it.

        Returns one for each style of the bundle, for `of_seed`; with an image to go on from, only
        the one of the style that the image most likely has.
        """
        length = self.bundle.transformer.text_seq_length
        texts = [
            to_device(self.tokenizer.encode(in_style(prompt, style), length), self.device)
            for style in self.bundle.sampling.styles or ("",)
        ]
        if image_prompt is not None and len(texts) > 1:
            codes = to_device(image_prompt.codes, self.device)
            texts = [min(texts, key=lambda text: surprise(self.transformer, text, codes))]
        return [begin(self.transformer, text) for text in texts]

    def likeness(self, codes: tuple[int, ...]) -> ImagePrompt | None:
        """What images keep that are to be like the image of these codes; None for no codes.

        Raises ValueError when they are not the codes of an image of this bundle.
        """
        if not codes:
            return None
        config = self.bundle.transformer
        in_range = 0 <= min(codes) <= max(codes) < config.image_vocab_size
        if len(codes) != config.image_seq_length or not in_range:
            raise ValueError("the image to be like was drawn by another model")
        return ImagePrompt.first(torch.tensor(codes), LIKE)

    def check(self) -> None:
        """Raise what is wrong with the device itself, if anything: a GPU's context can break."""
        if self.device.type == "cuda":
            # Nobody may wait for the whole device while another thread records a graph.
            torch.cuda.current_stream(self.device).synchronize()

    @memory_watched()
    @torch.inference_mode()
    def finish(self, images: list[Drawn]) -> list[Drawing]:
        """Decode, sharpen, cut out and pack images, all at once; they are numbered from 0.

        On a GPU convolutions may round differently by how many there are: the same codes can then
        become another file.  On a CPU they round differently by how many threads share them: so
        that is the same number always, and small images are finished side by side, by one each.
        Raises BundleError when the model's numbers overflowed: there is nothing to be seen then.
        """
        if not all(math.isfinite(image.perplexity) for image in images):
            message = f"{self.bundle.path} draws no finite numbers in {self.precision}"
            raise BundleError(f"{message}: set EMOJICH_PRECISION to another one.")
        if self.device.type == "cpu":
            with ThreadPoolExecutor(self.finish_batch) as threads:
                drawings = [drawn for [drawn] in threads.map(self._finish_one, images)]
        else:
            drawings = self._finish(images)
        return [
            replace(drawing, candidate=replace(drawing.candidate, number=number))
            for number, drawing in enumerate(drawings)
        ]

    def _finish_one(self, image: Drawn) -> list[Drawing]:
        with cores.taken():
            use(1 if self._finishes_side_by_side else cores.count)
            return self._finish([image])

    @torch.inference_mode()
    def _finish(self, images: list[Drawn]) -> list[Drawing]:
        with self._beside_steps():
            sharp = self._paint(torch.stack([image.codes for image in images]))
            mattes = cut_out(self.unet, self.bundle.matting, sharp)
        drawings = []
        for image, pixels, (alpha, method) in zip(images, sharp, mattes, strict=True):
            picture = compose(pixels, alpha)
            candidate = Candidate(0, image.seed, round(image.perplexity, 4), method)
            drawings.append(Drawing(candidate, picture, to_webp(picture), image.codes))
        return drawings

    def _paint(self, codes: Tensor) -> Tensor:
        """Codes (B, image_seq_length) → pictures (B, 3, SIZE, SIZE) in [0, 1]."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.paints_in_bfloat16):
            decoded = self.vqgan.decode(to_device(codes, self.device))
            sharp = upscale(self.upscaler, self.bundle.upscale, decoded, SIZE)
        return sharp.to(stages_dtype(self.device))

    def _beside_steps(self) -> AbstractContextManager[object]:
        return torch.cuda.stream(self._aside) if self._aside else nullcontext()


def load_network(
    bundle: Bundle,
    stage: str,
    make: Callable[[Any], M],
    device: torch.device,
    dtype: torch.dtype | None = None,
) -> M:
    """The network of a stage with its weights, in `dtype` or as they are stored.

    It is made without memory, which the weights bring along.
    Raises BundleError when they are not those of the network.
    """
    try:
        with torch.device("meta"):
            model = make(getattr(bundle, stage))
        model.load_state_dict(bundle.weights(stage, dtype), assign=True)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        message = f"{bundle.path / stage}.safetensors does not fit bundle.json"
        raise BundleError(f"{message}: restore the bundle.") from error
    return model.to(device).eval().requires_grad_(False)


def parameters(network: nn.Module) -> int:
    """How many numbers a network has learned."""
    return sum(each.numel() for each in network.parameters())


def best(images: list[Drawn], count: int) -> list[Drawn]:
    """Which images to keep, best first: those of the lowest perplexity.

    The place for another judge, such as ruCLIP, of the images that perplexity likes.
    """
    return sorted(images, key=lambda image: image.perplexity)[:count]


def pick_device(name: str | None) -> torch.device:
    """The device of that name, by default a GPU if any.  Raises BundleError if it is not there."""
    name = name or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        message = f"There is no {name!r} here: leave --device or EMOJICH_DEVICE out, or take cpu."
        raise BundleError(message) from error
    return device
