"""Slots: images decoded code by code in one batch, each with a random generator of its own."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from emojich_core.inference.cuda import Throttle, compile_step, to_device, to_host
from emojich_core.inference.kv_cache import KVCache
from emojich_core.inference.memory import memory_watched
from emojich_core.inference.sampling import Sampling, filter_logits, make_noise, perplexity, sample
from emojich_core.inference.threads import use_free_cores
from emojich_core.looks import Look
from emojich_core.networks.transformer import KeyValues, Transformer


@dataclass(frozen=True)
class ImagePrompt:
    """Codes of another image that the model keeps and continues: ru-dalle's `ImagePrompts`."""

    codes: Tensor  # (image_seq_length,) int64, of the whole image
    given: Tensor  # (image_seq_length,) bool, True where the code is to be kept
    # Whether the perplexity counts given codes.  The codes of a user's picture are so unlikely that
    # they would hide the perplexity of the codes drawn after them.
    counts: bool = True

    @classmethod
    def borders(
        cls, codes: Tensor, up: int = 0, down: int = 0, left: int = 0, right: int = 0
    ) -> "ImagePrompt":
        """Keep these numbers of rows and columns along the borders of an image's codes.

        Raises ValueError for a negative number.
        """
        side = math.isqrt(codes.numel())
        if min(up, down, left, right) < 0:
            raise ValueError("a border cannot be narrower than nothing")
        free = torch.zeros(side, side, dtype=torch.bool)
        free[up : max(side - down, 0), left : max(side - right, 0)] = True
        return cls(codes.flatten(), ~free.flatten(), counts=False)

    @classmethod
    def first(cls, codes: Tensor, share: float) -> "ImagePrompt":
        """Keep the first `share` of an image's codes: its top rows."""
        return cls(codes, torch.arange(len(codes)) < share * len(codes))

    @property
    def leading(self) -> int:
        """How many codes are given before the first code that is not."""
        return int(self.given.int().cumprod(dim=0).sum())


@dataclass(frozen=True)
class Prefill:
    """The keys and values of a text and of codes of an image prompt, for any number of images."""

    features: Tensor  # (1, H) of the last position
    key_values: KeyValues  # in the cache's dtype
    losses: Tensor  # (n,) of the first n codes of the image prompt
    unprompted: "Prefill | None" = None  # the same without a prompt, for guidance
    place: int = 0  # of its prompt among `Reading.prompts`


@torch.inference_mode()
def prefill(model: Transformer, text: Tensor, image_prompt: ImagePrompt | None = None) -> Prefill:
    """Compute a text (text_seq_length,) of token ids, on the model's device.

    The codes that an image prompt gives at the beginning are computed with it, all but the last
    code of an image, which Slots always decodes.
    """
    use_free_cores()
    config, key_values = model.config, KeyValues()
    embeddings, losses = model.embed_text(text[None]), model.image_embeddings.weight.new_empty(0)
    count = min(image_prompt.leading, config.image_seq_length - 1) if image_prompt else 0
    if image_prompt and count:
        codes = to_device(image_prompt.codes[:count], text.device)
        embeddings = torch.cat((embeddings, model.embed_codes(codes[None])), dim=1)
    features = model(embeddings, key_values)
    if count:
        logits = model.image_logits(features[0, config.prefix_length - 1 : -1]).float()
        losses = F.cross_entropy(logits, codes, reduction="none")
    # Copies: they are parts of larger tensors, which have the queries, too.
    dtype = model.cache_dtype or features.dtype
    copies = [(k.to(dtype, copy=True), v.to(dtype, copy=True)) for k, v in key_values]
    return Prefill(features[:, -1], copies, losses)


@dataclass(frozen=True)
class ImageCodes:
    """A complete image, as codes."""

    codes: Tensor  # (image_seq_length,) int64, on the CPU
    seed: int
    perplexity: float  # lower is better
    score: float | None = None  # the judge's; higher is better; None: not judged
    look: Look = field(default_factory=Look)  # of the finished picture
    layout: str = ""  # how it becomes one picture with `others`; see `emojich_core.scenes`
    others: "tuple[ImageCodes, ...]" = ()  # the other things of its scene


class Slots:
    """A batch of images, each at a position of its own: continuous batching.

    A slot's image depends on its text, seed and settings only.  Every step computes all slots, even
    empty ones, so that shapes stay the same, and a neighbour cannot even change how a sum is
    rounded.  The number of slots can: on a CPU in bfloat16 a single slot gives other images than
    several do; in float32 and int8 no difference has been seen.  No GPU has been measured.

    `guided` slots have a second sequence each, of the same codes without a prompt: see Sampling.

    `compiled` compiles the step now, for a GPU: see cuda.py.  A CPU gains nothing by it, and packed
    weights cannot be compiled.
    """

    def __init__(
        self, model: Transformer, count: int, *, compiled: bool = False, guided: bool = False
    ):
        config, like = model.config, model.image_embeddings.weight
        self.model, self.count, self.length = model, count, config.image_seq_length
        length, device = self.length, like.device
        self._sequences = 2 if guided else 1  # per slot; sequence s is in row s * count + slot
        rows = self._sequences * count
        self.cache = KVCache(config, rows, like.new_empty(0, dtype=model.cache_dtype))
        self.codes = torch.zeros(count, length, dtype=torch.long, device=device)
        self.losses = torch.zeros(count, length, device=device)
        self._position = torch.zeros(count, dtype=torch.long, device=device)  # codes decoded so far
        self._features = like.new_zeros(rows, config.hidden_size)
        self._noise = torch.ones(count, config.image_vocab_size, device=device)
        self._given = torch.zeros(count, length, dtype=torch.bool, device=device)
        self._temperature = torch.ones(count, 1, device=device)
        self._top_k = torch.ones(count, 1, dtype=torch.long, device=device)
        self._top_p = torch.ones(count, 1, device=device)
        self._guidance = torch.ones(count, 1, device=device)
        # The host's own copies, so that no step waits for the device.
        self._generators: list[torch.Generator | None] = [None] * count
        self._decoded = [0] * count  # as `_position`
        self._given_on_host: list[list[bool]] = [[]] * count  # as `_given`; empty: none is given
        # Which codes the perplexity counts.
        self._first = 0 if config.layout == "v2" else 1  # v3 does not count code 0
        self._all_scored = torch.arange(self._first, length, device=device)
        self._scored = [self._all_scored] * count
        # The largest `_top_k` so far: a shape follows from it, and a compiled step fixes shapes.
        self._largest = config.image_vocab_size if compiled else 1
        self._throttle = Throttle(device)
        # None: storing the bound method would make a reference cycle, which frees the cache late.
        self._compiled_step = compile_step(self._decode_step, device) if compiled else None

    @memory_watched()
    @torch.inference_mode()
    def enter(
        self,
        slot: int,
        prefill: Prefill,
        seed: int,
        sampling: Sampling,
        image_prompt: ImagePrompt | None = None,
    ) -> None:
        """Start an image in a slot, whatever was there before.  Raises OutOfMemory.

        The first codes of the `image_prompt` may have been computed with the `prefill`.
        """
        device = self._position.device
        texts = [prefill, prefill.unprompted or prefill]
        for sequence in range(self._sequences):
            row, text = sequence * self.count + slot, texts[sequence]
            self.cache.fill(row, text.key_values)
            self._features[row] = text.features[0]
        known = len(prefill.losses)
        self._position[slot] = self._decoded[slot] = known
        self.losses[slot, :known] = prefill.losses
        self._given[slot], self._given_on_host[slot] = False, []
        self._scored[slot] = self._all_scored
        if image_prompt is not None:
            self.codes[slot] = to_device(image_prompt.codes, device)
            self._given[slot] = to_device(image_prompt.given, device)
            self._given_on_host[slot] = image_prompt.given.tolist()
            drawn = self._first + (~image_prompt.given[self._first :]).nonzero()[:, 0]
            if not image_prompt.counts and len(drawn):
                self._scored[slot] = to_device(drawn, device)
        self._temperature[slot], self._top_p[slot] = sampling.temperature, sampling.top_p
        self._guidance[slot] = sampling.guidance
        top_k = min(sampling.top_k, self.model.config.image_vocab_size)
        self._top_k[slot], self._largest = top_k, max(top_k, self._largest)
        self._generators[slot] = torch.Generator(device).manual_seed(seed)

    def leave(self, slot: int) -> None:
        """Empty a slot."""
        self._generators[slot], self._given_on_host[slot] = None, []

    @memory_watched()
    @torch.inference_mode()
    def step(self) -> None:
        """Decode one more code in every slot, up to `length`; some may be in the prefill already.

        Raises OutOfMemory.
        """
        use_free_cores()
        make_noise(self._noise, [self._generator(slot) for slot in range(self.count)])
        (self._compiled_step or self._decode_step)()
        self._throttle.wait()
        self._decoded = [i + 1 for i in self._decoded]

    def _generator(self, slot: int) -> torch.Generator | None:
        """The random generator for a slot's next code; None for a code that is given."""
        # A given code takes no random numbers, as in ru-dalle.
        given = self._given_on_host[slot]
        return None if given and given[self._decoded[slot]] else self._generators[slot]

    def _decode_step(self) -> None:
        """The part of a step that depends on tensors alone, so that it can be compiled."""
        config = self.model.config
        number = self._position.clamp(max=self.length - 1)[:, None]  # empty slots count on
        logits, *unprompted = self.model.image_logits(self._features).float().split(self.count)
        guided = logits
        for other in unprompted:
            guided = other + self._guidance * (logits - other)
        likely = filter_logits(guided / self._temperature, self._top_k, self._top_p, self._largest)
        code = sample(likely, self._noise)[:, None]
        code = torch.where(self._given.gather(1, number), self.codes.gather(1, number), code)
        loss = -logits.log_softmax(dim=-1).gather(1, code)
        self.codes.scatter_(1, number, code)
        self.losses.scatter_(1, number, loss)
        self._position += 1
        # The masks end before the last code: no other code attends to it.
        position = (number + config.prefix_length).clamp(max=config.total_seq_length - 1)
        embedded = self.model.embed_codes(code, number)[:, 0].repeat(self._sequences, 1)
        lookups = self.cache.at(position[:, 0].repeat(self._sequences))
        self._features.copy_(self.model.step(embedded, self.cache.layers, lookups))

    @property
    def bytes_per_slot(self) -> int:
        """How many bytes of cache one slot takes."""
        return self._sequences * self.cache.bytes_per_slot

    def decoded(self, slot: int) -> int:
        """How many codes of a slot's image are decoded."""
        return self._decoded[slot]

    def codes_so_far(self, slot: int) -> Tensor:
        """The codes of a slot's image that are decoded, in order: (n,) int64, on the CPU."""
        [codes] = to_host(self.codes[slot, : self._decoded[slot]])
        return codes

    @memory_watched()
    def image(self, slot: int) -> ImageCodes:
        """The complete image of a slot."""
        generator = self._generators[slot]
        assert generator is not None, "the slot is empty"
        losses = self.losses[slot, self._scored[slot]]
        codes, score = to_host(self.codes[slot], perplexity(losses))
        return ImageCodes(codes, generator.initial_seed(), score.item())


def generate(
    model: Transformer,
    text: Tensor,
    seeds: list[int],
    sampling: Sampling,
    on_step: Callable[[int], None] = lambda step: None,
    image_prompt: ImagePrompt | None = None,
) -> list[ImageCodes]:
    """Decode one image for each seed, all from the same text and image prompt, in one batch.

    `text` (text_seq_length,) token ids; `on_step` is called with the number of codes decoded.
    """
    slots, prefilled = Slots(model, len(seeds)), prefill(model, text, image_prompt)
    for slot, seed in enumerate(seeds):
        slots.enter(slot, prefilled, seed, sampling, image_prompt)
    for step in range(slots.decoded(0), slots.length):
        slots.step()
        on_step(step + 1)
    return [slots.image(slot) for slot in range(len(seeds))]
