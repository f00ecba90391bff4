"""Sampling: from a text to image codes, one at a time, every image with a generator of its own."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from emojich_core.cache import KVCache
from emojich_core.gpu import Pace, hastened, to_device, to_host
from emojich_core.memory import memory_watched
from emojich_core.threads import use_free_cores
from emojich_core.transformer import Kept, Transformer


@dataclass(frozen=True)
class Sampling:
    """How codes are drawn from logits.  The defaults are those of ru-dalle's examples."""

    temperature: float = 1.0
    top_k: int = 2048  # only so many of the likeliest codes
    top_p: float = 0.995  # only the likeliest codes that together have this probability
    # Words that ask for a style, as the model was trained: one is put before the prompt.
    styles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.temperature <= 0 or self.top_k < 1 or not 0 <= self.top_p <= 1:
            raise ValueError("temperature must be above 0, top_k at least 1, top_p 0 to 1")


def in_style(prompt: str, style: str) -> str:
    """The prompt after the word of a style; "" is a style, too, the one without a word."""
    return f"{style} {prompt}".strip()


@dataclass(frozen=True)
class ImagePrompt:
    """Codes that are given rather than drawn: part of another image, for the model to go on from.

    ru-dalle's `ImagePrompts`.
    """

    codes: Tensor  # (image_seq_length,) int64, of the whole image
    given: Tensor  # (image_seq_length,) bool, True where the code is to be kept

    @classmethod
    def borders(
        cls, codes: Tensor, up: int = 0, down: int = 0, left: int = 0, right: int = 0
    ) -> "ImagePrompt":
        """Keep so many rows and columns along each border of an image's codes."""
        side = math.isqrt(codes.numel())
        if min(up, down, left, right) < 0:
            raise ValueError("a border cannot be narrower than nothing")
        free = torch.zeros(side, side, dtype=torch.bool)
        free[up : max(side - down, 0), left : max(side - right, 0)] = True
        return cls(codes.flatten(), ~free.flatten())

    @classmethod
    def first(cls, codes: Tensor, share: float) -> "ImagePrompt":
        """Keep the first of an image's codes: what it shows at the top."""
        return cls(codes, torch.arange(len(codes)) < share * len(codes))


@dataclass(frozen=True)
class Beginning:
    """A text that was computed once, for any number of images to go on from: the prefill."""

    features: Tensor  # (1, H) of its last position
    kept: Kept


@torch.inference_mode()
def begin(model: Transformer, text: Tensor) -> Beginning:
    """Compute a text (text_seq_length,) of token ids, on the model's device."""
    use_free_cores()
    kept: Kept = []
    features = model(model.embed_text(text[None]), kept)
    return Beginning(features[:, -1], kept)


def of_seed(beginnings: Sequence[Beginning], seed: int) -> Beginning:
    """The text of an image from those of all styles: seeds take turns, and so do candidates."""
    return beginnings[seed % len(beginnings)]


@torch.inference_mode()
def surprise(model: Transformer, text: Tensor, codes: Tensor) -> float:
    """Mean cross-entropy of codes (image_seq_length,) after a text (text_seq_length,)."""
    embeddings = torch.cat((model.embed_text(text[None]), model.embed_codes(codes[None])), dim=1)
    features = model(embeddings[:, :-1])[0, model.config.prefix_length - 1 :]
    return F.cross_entropy(model.image_logits(features).float(), codes).item()


@dataclass(frozen=True)
class Drawn:
    """An image in codes."""

    codes: Tensor  # (image_seq_length,) int64, on the CPU
    seed: int
    perplexity: float  # lower is better


class Slots:
    """Images that are drawn together, each at a position of its own: continuous batching.

    A slot's image depends on its text, seed and settings only.  All slots are computed at every
    step, empty ones too, so that shapes stay the same: then a neighbour cannot even change how a
    sum is rounded.  Another number of slots can: on a CPU a single one draws other images in
    bfloat16, though the same in float32 and int8, as far as seen.  No GPU has been measured.

    `compiled` once, before any image enters, for a GPU: see gpu.py.  A CPU gains nothing by it, and
    packed weights cannot be.
    """

    def __init__(self, model: Transformer, count: int, compiled: bool = False):
        config, like = model.config, model.image_embeddings.weight
        length, device = config.image_seq_length, like.device
        self.model, self.count = model, count
        self.cache = KVCache(config, count, like.new_empty(0, dtype=model.cache_dtype))
        self.codes = torch.zeros(count, length, dtype=torch.long, device=device)
        self.losses = torch.zeros(count, length, device=device)
        self.done = torch.zeros(count, dtype=torch.long, device=device)  # codes drawn
        self._features = like.new_zeros(count, config.hidden_size)
        self._noise = torch.ones(count, config.image_vocab_size, device=device)
        self._given = torch.zeros(count, length, dtype=torch.bool, device=device)
        self._temperature = torch.ones(count, 1, device=device)
        self._top_k = torch.ones(count, 1, dtype=torch.long, device=device)
        self._top_p = torch.ones(count, 1, device=device)
        # What the host has to know, so that it need not ask the device at every step.
        self._generators: list[torch.Generator | None] = [None] * count
        self._number = [0] * count  # as `done`
        # Of all `_top_k` so far.  A shape follows from it, and those of compiled work never change.
        self._largest = config.image_vocab_size if compiled else 1
        self._skipped: list[list[bool]] = [[]] * count  # as `_given`; empty: nothing is given
        self._pace = Pace(device)
        # None where it can be: slots that know their own work are freed late, and so is memory.
        self._hastened = hastened(self._advance, device) if compiled else None

    @memory_watched()
    @torch.inference_mode()
    def enter(
        self,
        slot: int,
        beginning: Beginning,
        seed: int,
        sampling: Sampling,
        image_prompt: ImagePrompt | None = None,
    ) -> None:
        """Start an image in a slot, whatever was there before."""
        device = self.done.device
        self.cache.fill(slot, beginning.kept)
        self._features[slot] = beginning.features[0]
        self.done[slot] = self._number[slot] = 0
        self._given[slot], self._skipped[slot] = False, []
        if image_prompt is not None:
            self.codes[slot] = to_device(image_prompt.codes, device)
            self._given[slot] = to_device(image_prompt.given, device)
            self._skipped[slot] = image_prompt.given.tolist()
        self._temperature[slot], self._top_p[slot] = sampling.temperature, sampling.top_p
        top_k = min(sampling.top_k, self.model.config.image_vocab_size)
        self._top_k[slot], self._largest = top_k, max(top_k, self._largest)
        self._generators[slot] = torch.Generator(device).manual_seed(seed)

    def leave(self, slot: int) -> None:
        """Empty a slot."""
        self._generators[slot], self._skipped[slot] = None, []

    @memory_watched()
    @torch.inference_mode()
    def step(self) -> None:
        """One code more in every slot.  Must not be called more often than an image has codes."""
        use_free_cores()
        make_noise(self._noise, [self._dice(slot) for slot in range(self.count)])
        (self._hastened or self._advance)()
        self._pace.keep()
        self._number = [i + 1 for i in self._number]

    def _dice(self, slot: int) -> torch.Generator | None:
        """The generator of a slot whose next code is to be drawn."""
        # What is given costs no random numbers, as in ru-dalle.
        skipped = self._skipped[slot]
        return None if skipped and skipped[self._number[slot]] else self._generators[slot]

    def _advance(self) -> None:
        """All of a step that is the same work whoever is in the slots; the host waits for none."""
        config = self.model.config
        number = self.done.clamp(max=config.image_seq_length - 1)[:, None]  # of empty slots, too
        logits = self.model.image_logits(self._features).float()
        kept = filter_logits(logits / self._temperature, self._top_k, self._top_p, self._largest)
        code = draw(kept, self._noise)[:, None]
        code = torch.where(self._given.gather(1, number), self.codes.gather(1, number), code)
        loss = -logits.log_softmax(dim=-1).gather(1, code)
        self.codes.scatter_(1, number, code)
        self.losses.scatter_(1, number, loss)
        self.done += 1
        # As far as positions go: the last code is not looked at by any other.
        position = (number + config.prefix_length).clamp(max=config.total_seq_length - 1)
        embedded = self.model.embed_codes(code, number)[:, 0]
        lookups = self.cache.at(position[:, 0])
        self._features.copy_(self.model.step(embedded, self.cache.layers, lookups))

    def number(self, slot: int) -> int:
        """How many codes the image of a slot has."""
        return self._number[slot]

    @memory_watched()
    def drawn(self, slot: int) -> Drawn:
        """The finished image of a slot."""
        first = 0 if self.model.config.layout == "v2" else 1  # v3 does not count code 0
        generator = self._generators[slot]
        assert generator is not None, "the slot is empty"
        codes, score = to_host(self.codes[slot], perplexity(self.losses[slot, first:]))
        return Drawn(codes, generator.initial_seed(), score.item())


def generate(
    model: Transformer,
    text: Tensor,
    seeds: list[int],
    sampling: Sampling,
    on_step: Callable[[int], None] = lambda step: None,
    image_prompt: ImagePrompt | None = None,
) -> list[Drawn]:
    """Draw one image for each seed, all from the same text and, if given, parts of an image.

    `text` (text_seq_length,) token ids, `on_step` is called with the number of codes drawn so far.
    """
    slots, beginning = Slots(model, len(seeds)), begin(model, text)
    return draw_together(slots, [beginning], seeds, sampling, on_step, image_prompt)


def draw_together(
    slots: Slots,
    beginnings: Sequence[Beginning],
    seeds: list[int],
    sampling: Sampling,
    on_step: Callable[[int], None],
    image_prompt: ImagePrompt | None,
) -> list[Drawn]:
    """As `generate`, in slots that are there, at most as many; `beginnings` see `of_seed`."""
    for slot, seed in enumerate(seeds):
        slots.enter(slot, of_seed(beginnings, seed), seed, sampling, image_prompt)
    for step in range(slots.model.config.image_seq_length):
        slots.step()
        on_step(step + 1)
    images = [slots.drawn(slot) for slot in range(len(seeds))]
    for slot in range(len(seeds)):
        slots.leave(slot)
    return images


def make_noise(noise: Tensor, generators: list[torch.Generator | None]) -> None:
    """Fill each row of `noise` (B, V) by its own generator; where there is none, it stays."""
    for row, generator in zip(noise, generators, strict=True):
        if generator is not None:
            row.exponential_(generator=generator)


def draw(logits: Tensor, noise: Tensor) -> Tensor:
    """One code per row of logits (B, V), decided by exponential noise (B, V) → (B,).

    The race of exponentials draws from the same distribution as multinomial(), without its look
    back at the host.
    """
    return (logits.softmax(dim=-1) / noise).argmax(dim=-1)


def filter_logits(logits: Tensor, top_k: Tensor, top_p: Tensor, largest: int) -> Tensor:
    """Set to -inf all but the `top_k` likeliest, and of those all past probability `top_p`.

    Logits (B, V), `top_k` (B, 1) from 1 to `largest`, at most V, `top_p` (B, 1).  Nucleus sampling
    (Holtzman et al. 2020, arXiv 1904.09751): the code that crosses `top_p` stays.  So do those as
    likely as the last of the `top_k`; in float16 there are many.
    """
    least = logits.topk(largest).values.gather(-1, top_k - 1)
    # What has been cut off lies in the sort, too: it decides which of equals come first, and so
    # which of them stay where `top_p` is crossed.  ru-dalle's are the same ones.
    values, indices = logits.masked_fill(logits < least, -torch.inf).sort(dim=-1, descending=True)
    # Two rows at least: the sums of a single one a GPU would round differently from run to run.
    rows, width = values.shape
    sums = values.softmax(dim=-1).expand(max(rows, 2), width).cumsum(dim=-1)
    before = F.pad(sums[:rows, :-1], (1, 0))
    return torch.empty_like(logits).scatter(
        -1, indices, values.masked_fill(before > top_p, -torch.inf)
    )


def perplexity(losses: Tensor) -> Tensor:
    """Score of images from the losses (B, N) of their codes, as ru-dalle ranks: lower is better.

    The mean of the inverse probabilities, and not what is mostly called so, exp of the mean loss:
    a single unlikely code weighs much, for it tends to be a visible flaw.
    """
    return losses.exp().mean(dim=-1)
