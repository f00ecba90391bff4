"""From a prompt to stickers, stage by stage.  Read this file first."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.functional import to_pil_image, to_tensor

from emojich_core.bundles.bundle import Bundle, BundleError, load_bundle
from emojich_core.bundles.description import JUDGE
from emojich_core.image_file import on_white
from emojich_core.inference.cuda import to_device
from emojich_core.inference.devices import pick_device
from emojich_core.inference.image_request import ImageRequest
from emojich_core.inference.int8_upscaler import to_int8
from emojich_core.inference.memory import memory_free, memory_watched, reuse_freed_memory
from emojich_core.inference.precision import (
    Precision,
    choose,
    prepare,
    renders_in_bfloat16,
    stages_dtype,
    stored_as,
)
from emojich_core.inference.sampling import Sampling, image_loss, in_style
from emojich_core.inference.slots import ImageCodes, ImagePrompt, Prefill, Slots, prefill
from emojich_core.inference.stopwatch import Stopwatch
from emojich_core.inference.threads import cores, use, use_free_cores
from emojich_core.networks.matting import cut_out, make_unet
from emojich_core.networks.ruclip import RuCLIP, similarity, text_feature
from emojich_core.networks.tokenizer import Tokenizer
from emojich_core.networks.transformer import Transformer
from emojich_core.networks.upscale import make_upscaler, upscale
from emojich_core.networks.vqgan import VQGAN
from emojich_core.reading.written_emoji import in_words
from emojich_core.request import MAX_COUNT, Candidate, InvalidRequest, Reading, Request, new_seed
from emojich_core.scenes.layouts import arrange
from emojich_core.sketch import lay_out
from emojich_core.sticker import SIZE, compose, to_webp

M = TypeVar("M", bound=nn.Module)

BATCH = MAX_COUNT  # images that `generate` decodes at once
CPU_SLOTS = 8  # more slots delay every request, and the last one is done no sooner
MAX_SLOTS = 64
SIMILAR_SHARE = 3 / 8  # of an image's codes that an image similar to it keeps
MEASURED_STEPS = 8
RESERVED_MEMORY = 2 * 2**30  # bytes on a GPU, for a step and the stages after it

# Parameters of the stages after the transformer.  With fewer, one core finishes an image in a
# fraction of a second; with more, an image takes all cores, and each operation is long enough to
# share among them.
SMALL_STAGES = 10_000_000


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
        # Called after each stage that follows the transformer, with its name and its seconds.
        self.on_stage: Callable[[str, float], None] = lambda stage, seconds: None
        self.tokenizer = Tokenizer(bundle.tokenizer)
        transformer = load_network(bundle, "transformer", Transformer, device, stored_as(precision))
        self.transformer = prepare(transformer, precision)
        dtype = stages_dtype(device)
        self.vqgan = load_network(bundle, "vqgan", VQGAN, device, dtype)
        self.upscaler = load_network(bundle, "upscale", make_upscaler, device, dtype)
        self.unet = load_network(bundle, "matting", make_unet, device, dtype)
        self.judge: RuCLIP | None = None
        if bundle.judge:
            self.judge = load_network(bundle, "judge", RuCLIP, device, dtype)
            self.judge_tokenizer = Tokenizer(bundle.judge_tokenizer)
        self._decoded = 0.0, 0.0  # the VQGAN's seconds and codes; the last count most
        self.renders_in_bfloat16 = renders_in_bfloat16(device)
        stages = (self.vqgan, self.upscaler, self.unet)
        self._finishes_side_by_side = sum(map(parameters, stages)) < SMALL_STAGES
        if device.type == "cpu":
            reuse_freed_memory()
            # Convolutions take half of the time in this layout.
            for network in stages:
                network.to(memory_format=torch.channels_last)
            if precision == "int8":
                use(cores.count)  # as in `finish`
                with self._rendering():
                    to_int8(self.upscaler)
        self._unprompted: dict[str, Prefill] = {}  # by style, for guidance: once an engine
        # In a stream of their own the stages after the transformer run beside its steps.
        self._finish_stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    @classmethod
    def load(
        cls, model: str = "mini", device: str | None = None, precision: Precision | None = None
    ) -> "Pipeline":
        """Load a bundle by name or folder, on `cpu`, `cuda`, `cuda:1`; by default on a GPU if any.

        `precision` is the transformer's: by default EMOJICH_PRECISION, else see precision.py.
        Raises BundleError when the bundle is missing or damaged, or there is no such device or
        precision.
        """
        chosen, bundle = pick_device(device), load_bundle(model)
        return cls(bundle, chosen, choose(precision, chosen, bundle.transformer))

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
        """Generate stickers for a Russian prompt: the `count` best by perplexity, best first.

        `best_of` images are decoded, by default `count`; only the best go through the later stages.
        Where the bundle has a judge and `best_of` is above `count`, the judge selects and orders
        them: see `ImageRequest.best`.
        `top_k`, `top_p` and `temperature` replace those of the bundle; see Sampling.
        `image_prompt` holds codes that the images keep; see `image_prompt()`.
        `progress` is called with the share done, 0 to 1, after every step.
        See `read` for words that the bundle does not know.
        Raises InvalidRequest for a prompt that cannot be drawn, ValueError for other values,
        BundleError for a model whose numbers overflow.
        """
        seed = new_seed() if seed is None else seed
        request = Request(id="", prompt=prompt, count=count, seed=seed)
        reading = self.read(request.prompt)
        wanted = {"top_k": top_k, "top_p": top_p, "temperature": temperature}
        given = {name: value for name, value in wanted.items() if value is not None}
        sampling = replace(self.bundle.sampling, **given)  # type: ignore[arg-type]
        images = self.images(request, reading, sampling, image_prompt, best_of)
        while images.waiting:
            self._decode_round(images, progress)
        scores = None
        if self.judge and images.extra:
            scores = self.judge_images(request.prompt, images.shortlist())
        best, drawings = images.best(scores), list[Drawing]()
        for first in range(0, len(best), self.finish_batch):
            drawings += self.finish(best[first : first + self.finish_batch])
            progress(images.progress(finished=len(drawings)))
        return numbered(drawings)

    def _decode_round(self, images: ImageRequest, progress: Callable[[float], None]) -> None:
        """Decode all waiting images of a request, in batches of one size."""
        batches = math.ceil(len(images.waiting) / BATCH)
        slots = self._slots(math.ceil(len(images.waiting) / batches))
        for _ in range(batches):
            for slot in range(min(slots.count, len(images.waiting))):
                images.enter(slots, slot)
            while images.slots:
                slots.step()
                images.update(slots)
                progress(images.progress(finished=0))

    @memory_watched()
    @torch.inference_mode()
    def image_prompt(
        self, image: Image.Image, up: int = 0, down: int = 0, left: int = 0, right: int = 0
    ) -> ImagePrompt:
        """The codes of an image: `up`, `down`, `left` and `right` rows or columns of them are kept.

        The image is stretched to a square, as by ru-dalle; transparent pixels become white.
        """
        if self.device.type == "cpu":
            use(cores.count)  # as in `finish`: the rounding depends on the number of threads
        size = (self.bundle.vqgan.resolution,) * 2
        pixels = to_tensor(on_white(image).resize(size, Image.Resampling.LANCZOS))
        dtype = next(self.vqgan.parameters()).dtype
        codes = self.vqgan.encode(pixels[None].to(self.device, dtype))
        return ImagePrompt.borders(codes[0], up, down, left, right)

    def slots_that_fit(self, share: int = 1) -> int:
        """How many slots to allocate: on a GPU as many as fit into 1 / `share` of its free memory.

        The rest is for other engines on this GPU, which load later.
        """
        if self.device.type != "cuda":
            return CPU_SLOTS
        return slots_in(memory_free(self.device), share, self._slots(1).bytes_per_slot)

    @memory_watched()
    def slots(self, count: int) -> Slots:
        """Allocate `count` slots for a long-running engine: on a GPU compiled and warm."""
        on_gpu = self.device.type == "cuda"
        slots = self._slots(count, compiled=on_gpu)
        if on_gpu:
            self.warm_up(slots)
        return slots

    def _slots(self, count: int, compiled: bool = False) -> Slots:
        guided = self.bundle.sampling.is_guided
        return Slots(self.transformer, count, compiled=compiled, guided=guided)

    def warm_up(self, slots: Slots) -> None:
        """Run every stage once, in empty slots.

        A GPU loads its kernels at their first use, oneDNN generates them, and reading loads its
        tables: the first request would wait for that.  It also measures a sketch.
        """
        with suppress(InvalidRequest):  # a bundle with another vocabulary
            self.read("кот в шляпе")
        text = torch.zeros(self.bundle.transformer.text_seq_length, dtype=torch.long)
        slots.enter(0, prefill(self.transformer, to_device(text, self.device)), 0, Sampling())
        slots.step()
        image = slots.image(0)
        self.finish([image])
        self.sketch([image.codes])
        slots.leave(0)

    def seconds_per_judged(self, slots: Slots) -> float:
        """Seconds per image, from its first code to the judge's score, if all slots were taken.

        A step takes as long with empty slots, so these are measured.
        """
        image = ImageCodes(torch.zeros(slots.length, dtype=torch.long), seed=0, perplexity=1.0)
        judging = partial(self.judge_images, "кот", [image])
        judging()  # the first time takes longer
        step, judge = self._seconds(slots.step, times=MEASURED_STEPS), self._seconds(judging)
        return step * slots.length / slots.count + judge

    def _seconds(self, work: Callable[[], object], times: int = 1) -> float:
        """Seconds per call of a function, the mean of `times` calls."""
        self.check()  # a GPU may still have work to do
        begin = time.perf_counter()
        for _ in range(times):
            work()
        self.check()
        return (time.perf_counter() - begin) / times

    @property
    def finish_batch(self) -> int:
        """How many images to finish at once."""
        if self.device.type == "cuda":
            return BATCH
        return cores.count if self._finishes_side_by_side else 1

    def read(self, prompt: str) -> Reading:
        """The words that the bundle draws for a prompt.  Raises InvalidRequest if it knows none."""
        vocabulary = self.bundle.vocabulary
        return Reading(in_words(prompt)) if vocabulary is None else vocabulary.read(prompt)

    def images(
        self,
        request: Request,
        reading: Reading,
        sampling: Sampling,
        image_prompt: ImagePrompt | None,
        best_of: int | None,
    ) -> ImageRequest:
        """The images of a request, which wait for slots.

        With a user's own picture there is no scene: only the first thing is drawn.
        """
        if image_prompt is not None and not request.like:
            reading = replace(reading, layout="", others=())
        prefills = self.prefill(reading.prompts, image_prompt)
        others = [self.prefill([other.prompt])[0] for other in reading.others]
        return ImageRequest(
            request,
            sampling,
            prefills,
            image_prompt=image_prompt,
            best_of=best_of,
            reading=reading,
            others=others,
        )

    @memory_watched()
    def prefill(
        self, prompts: Sequence[str], image_prompt: ImagePrompt | None = None
    ) -> list[Prefill]:
        """Compute `Reading.prompts`, and the codes that the image prompt gives at the beginning.

        One call serves all images of a request.
        Returns one Prefill for each prompt in each style of the bundle; with an image prompt, only
        the one with which its codes are likeliest.
        """
        styles = self.bundle.sampling.styles or ("",)
        texts = [(place, style) for place in range(len(prompts)) for style in styles]
        if image_prompt is not None and len(texts) > 1:
            codes = to_device(image_prompt.codes, self.device)
            tokens = [self._tokens(in_style(prompts[place], style)) for place, style in texts]
            losses = [image_loss(self.transformer, each, codes) for each in tokens]
            texts = [texts[losses.index(min(losses))]]
        return [
            replace(self._prefill(prompts[place], style, image_prompt), place=place)
            for place, style in texts
        ]

    def _prefill(self, prompt: str, style: str, image_prompt: ImagePrompt | None) -> Prefill:
        tokens = self._tokens(in_style(prompt, style))
        prompted = prefill(self.transformer, tokens, image_prompt)
        if not self.bundle.sampling.is_guided:
            return prompted
        if image_prompt is not None:
            unprompted = prefill(self.transformer, self._tokens(style), image_prompt)
            return replace(prompted, unprompted=unprompted)
        if style not in self._unprompted:
            self._unprompted[style] = prefill(self.transformer, self._tokens(style))
        return replace(prompted, unprompted=self._unprompted[style])

    def _tokens(self, text: str) -> Tensor:
        length = self.bundle.transformer.text_seq_length
        return to_device(self.tokenizer.encode(text, length), self.device)

    def similar_to(self, codes: tuple[int, ...]) -> ImagePrompt | None:
        """An image prompt for images similar to the image of these codes; None for no codes.

        Raises ValueError for codes that this bundle cannot have decoded.
        """
        if not codes:
            return None
        config = self.bundle.transformer
        in_range = 0 <= min(codes) <= max(codes) < config.image_vocab_size
        if len(codes) != config.image_seq_length or not in_range:
            raise ValueError("the image to be like was drawn by another model")
        return ImagePrompt.first(torch.tensor(codes), SIMILAR_SHARE)

    def check(self) -> None:
        """Raise an error if the device is broken: the context of a GPU can break."""
        if self.device.type == "cuda":
            # Waiting for the whole device would break a graph that another thread records.
            torch.cuda.current_stream(self.device).synchronize()

    @memory_watched()
    @torch.inference_mode()
    def judge_images(self, prompt: str, images: list[ImageCodes]) -> list[float]:
        """The judge's scores of images, in order: the cosine of picture and prompt, -1 to 1.

        The judge sees what the VQGAN decodes, before the later stages.
        Raises ValueError when the bundle has no judge, BundleError when numbers overflowed.
        """
        if self.judge is None:
            raise ValueError(f"{self.bundle.name} has no judge")
        self._check_finite(images)
        begin = time.perf_counter()
        # As in `finish`, on a CPU one by one and always by as many threads, so that no rounding
        # depends on the neighbours or the load.
        size = BATCH if self.device.type == "cuda" else 1
        with cores.taken(), self._in_finish_stream():
            use(cores.count)
            text = text_feature(self.judge, self.judge_tokenizer, prompt)
            scores: list[float] = []
            for first in range(0, len(images), size):
                codes = torch.stack([image.codes for image in images[first : first + size]])
                with self._rendering():
                    pictures = self._decode(codes)
                scores += similarity(self.judge, text, pictures).tolist()
        self.on_stage("judge", time.perf_counter() - begin)
        if not all(map(math.isfinite, scores)):
            message = f"{self.bundle.path / JUDGE}.safetensors gives no finite numbers"
            raise BundleError(f"{message}: restore the bundle, or pull it without a judge.")
        return scores

    @memory_watched()
    @torch.inference_mode()
    def finish(self, images: list[ImageCodes]) -> list[Drawing]:
        """Render, cut out and pack images in one batch; returns them in order, numbered from 0.

        On a GPU the rounding of convolutions depends on the size of the batch, so the same codes
        can become another file.  On a CPU it depends on the number of threads, which is therefore
        fixed; the images of small stages are finished concurrently, by one thread each.
        Raises BundleError when the model's numbers overflowed.
        """
        self._check_finite(images)
        if self.device.type == "cpu":
            with ThreadPoolExecutor(self.finish_batch) as threads:
                drawings = [drawing for [drawing] in threads.map(self._finish_one, images)]
        else:
            drawings = self._finish(images)
        return numbered(drawings)

    @memory_watched()
    @torch.inference_mode()
    def sketch(self, images: Sequence[Tensor]) -> bytes:
        """A small JPEG of images of which the first codes are decoded: see sketch.py.

        Each of `images` has its codes so far, (n,) int64 on the CPU; only whole rows are shown,
        and the file is empty where no image has one.  The images are decoded one by one, which
        takes no more memory than to finish one.
        """
        use_free_cores()
        began, side = time.monotonic(), self.vqgan.config.codes_per_side
        pictures: list[Image.Image | None] = []
        for codes in images:
            rows = codes[: len(codes) // side * side]
            pictures.append(self._upper_part(rows) if len(rows) else None)
        if not any(pictures):
            return b""
        picture = lay_out(pictures, self.vqgan.config.image_size)
        self._note_decoded(time.monotonic() - began, sum(map(len, images)))
        return picture

    def _note_decoded(self, seconds: float, codes: int) -> None:
        before, decoded = self._decoded
        self._decoded = before / 2 + seconds, decoded / 2 + codes

    def sketch_seconds(self, codes: int) -> float:
        """Estimate the seconds to sketch `codes` codes by earlier sketches; infinity at first."""
        seconds, decoded = self._decoded
        return seconds / decoded * codes if decoded else math.inf

    def _upper_part(self, codes: Tensor) -> Image.Image:
        with self._in_finish_stream(), self._rendering():
            [pixels] = self._decode(codes[None])
            return to_pil_image(pixels.float().cpu())

    def _check_finite(self, images: list[ImageCodes]) -> None:
        if not all(math.isfinite(image.perplexity) for image in images):
            message = f"{self.bundle.path} draws no finite numbers in {self.precision}"
            raise BundleError(f"{message}: set EMOJICH_PRECISION to another one.")

    def _finish_one(self, image: ImageCodes) -> list[Drawing]:
        with cores.taken():
            use(1 if self._finishes_side_by_side else cores.count)
            return self._finish([image])

    @torch.inference_mode()
    def _finish(self, images: list[ImageCodes]) -> list[Drawing]:
        parts = [part for image in images for part in (image, *image.others)]
        with self._in_finish_stream():
            stopwatch = Stopwatch(self.device)
            sharp = self._render(torch.stack([part.codes for part in parts]), stopwatch)
            mattes = cut_out(self.unet, self.bundle.matting, sharp)
            stopwatch.stop("matting")
        begin_of_webp = time.perf_counter()
        cut = iter(zip(parts, sharp, mattes, strict=True))
        drawings = []
        for image in images:
            cut_outs = list(islice(cut, 1 + len(image.others)))
            first, *others = (compose(pixels, alpha) for _, pixels, (alpha, _) in cut_outs)
            picture = image.look.apply(first, self._scene_of(image, others))
            method = cut_outs[0][2][1]
            score = None if image.score is None else round(image.score, 4)
            candidate = Candidate(0, image.seed, round(image.perplexity, 4), method, score)
            drawings.append(Drawing(candidate, picture, to_webp(picture), image.codes))
        self.on_stage("webp", time.perf_counter() - begin_of_webp)
        seconds = stopwatch.seconds()
        for stage in seconds:
            self.on_stage(stage, seconds[stage])
        if self.device.type == "cpu":  # on a GPU an image of a batch takes less than one alone
            self._note_decoded(seconds["vqgan"], sum(len(image.codes) for image in images))
        return drawings

    def _scene_of(
        self, image: ImageCodes, others: list[Image.Image]
    ) -> Callable[[Image.Image], Image.Image] | None:
        """A function that puts an image's finished picture into its scene; None without a scene."""
        if not image.layout:
            return None
        parts = zip(image.others, others, strict=True)
        finished = [part.look.apply(picture) for part, picture in parts]
        return lambda picture: arrange(image.layout, [picture, *finished], image.look.caption)

    def _render(self, codes: Tensor, stopwatch: Stopwatch) -> Tensor:
        """Codes (B, image_seq_length) → pictures (B, 3, SIZE, SIZE) in [0, 1]."""
        with self._rendering():
            decoded = self._decode(codes)
            stopwatch.stop("vqgan")
            sharp = upscale(self.upscaler, self.bundle.upscale, decoded, SIZE)
            stopwatch.stop("upscale")
        return sharp.to(stages_dtype(self.device))

    def _decode(self, codes: Tensor) -> Tensor:
        """Codes (B, image_seq_length) → pictures (B, 3, image_size, image_size) in [0, 1]."""
        return self.vqgan.decode(to_device(codes, self.device))

    def _rendering(self) -> AbstractContextManager[object]:
        """The precision in which VQGAN decoder and Real-ESRGAN multiply."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.renders_in_bfloat16)

    def _in_finish_stream(self) -> AbstractContextManager[object]:
        return torch.cuda.stream(self._finish_stream) if self._finish_stream else nullcontext()


def slots_in(free: int, share: int, size: int) -> int:
    """How many slots of `size` bytes fit into 1 / `share` of a GPU's `free` bytes."""
    return max(1, min(MAX_SLOTS, (free // share - RESERVED_MEMORY) // size))


def load_network(
    bundle: Bundle,
    stage: str,
    make: Callable[[Any], M],
    device: torch.device,
    dtype: torch.dtype | None = None,
) -> M:
    """The network of a stage with its weights, in `dtype` or the stored one.

    The network is made on `meta`, without memory, and takes over the tensors of the file.
    Raises BundleError when the weights do not fit the network.
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
    """How many parameters a network has."""
    return sum(each.numel() for each in network.parameters())


def numbered(drawings: Iterable[Drawing]) -> list[Drawing]:
    """The same drawings, their candidates numbered from 0, in this order."""
    return [
        replace(drawing, candidate=replace(drawing.candidate, number=number))
        for number, drawing in enumerate(drawings)
    ]
