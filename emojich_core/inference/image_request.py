"""One request's images: seeds, rounds of retries, ranking and progress.

`Pipeline.generate` decodes one ImageRequest after another, the engine's scheduler many at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest

import torch
from torch import Tensor

from emojich_core.inference.retries import RetryPolicy
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes, ImagePrompt, Prefill, Slots
from emojich_core.looks import Look, Looks
from emojich_core.request import MAX_SEED, Reading, Request

DECODING_SHARE = 0.8  # of the progress; the rest is for the stages after the transformer
SHORTLIST = 4  # a judge scores this many times the count of images
RETRY_SHARE = 0.2  # of the progress left: reserved in each round for retries


class ImageRequest:
    """Which images of a request to decode next, and which of them become stickers.

    The caller calls `enter` to start `waiting` images in free slots, and `update` after each step
    of the slots.  `best_of` images are decoded, by default the request's `count`; those beyond the
    count are `extra`, and may wait until slots are idle.  `reading`, by default the prompt as it
    is, holds colours and layout of the images.  In a scene, `others` are the prefills of the other
    things, each of which is decoded once.
    Raises ValueError for a `best_of` below the count.
    """

    def __init__(
        self,
        request: Request,
        sampling: Sampling,
        prefills: Sequence[Prefill],
        image_prompt: ImagePrompt | None = None,
        best_of: int | None = None,
        reading: Reading | None = None,
        others: Sequence[Prefill] = (),
    ):
        decoded = request.count if best_of is None else best_of
        if decoded < request.count:
            raise ValueError(f"best_of must be at least the count, {request.count}")
        images = decoded + len(others)
        self.waiting = [(request.seed + i) % (MAX_SEED + 1) for i in range(images)]  # seeds
        self.slots: dict[int, int] = {}  # slot → seed of the image in it
        self.extra = frozenset(self.waiting[request.count : decoded])  # seeds
        self._others = dict(zip(self.waiting[decoded:], others, strict=True))  # by seed
        self._needed: set[int] = set()  # seeds of retries
        self._count = request.count
        self._first = request.seed
        self._prefills = prefills  # one for each prompt and style; seeds use them in turn
        self._image_prompt = image_prompt
        temperature = sampling.temperature * request.boldness
        self._policy = RetryPolicy(replace(sampling, temperature=temperature))
        # Stickers with the user's own picture are not recoloured or mirrored.
        changes = image_prompt is None or bool(request.like)
        self._reading = reading = reading or Reading(request.prompt)
        self._looks = Looks(reading, request.seed, request.like) if changes else None
        coloured = zip(self._others, reading.others, strict=True)
        self._other_looks = {
            seed: Look(other.colour, caption=other.prompt) for seed, other in coloured
        }
        self._round: list[ImageCodes] = []  # complete, until the round ends
        self._selected: list[ImageCodes] = []
        self._remaining = 1.0  # share of the decoding

    @property
    def is_decoded(self) -> bool:
        """Whether no image is left to decode."""
        return not self.waiting and not self.slots

    def enter(self, slots: Slots, slot: int) -> None:
        """Start the next waiting image in a free slot."""
        seed = self.slots[slot] = self.waiting.pop(0)
        image_prompt = None if seed in self._others else self._image_prompt
        slots.enter(slot, self._prefill(seed), seed, self._policy.sampling, image_prompt)

    def update(self, slots: Slots) -> list[ImageCodes]:
        """Take complete images out of their slots; returns those selected when a round ends."""
        for slot in [slot for slot in self.slots if slots.decoded(slot) == slots.length]:
            self._round.append(slots.image(slot))
            slots.leave(slot)
            del self.slots[slot]
        selected = self._end_round() if self.is_decoded else []
        self._remaining = self._share_left(sum(map(slots.decoded, self.slots)) / slots.length)
        return selected

    def _end_round(self) -> list[ImageCodes]:
        selected = self._policy.select(self._round)
        if self._looks:
            selected = [replace(each, look=self._look_of(self._looks, each)) for each in selected]
        self._selected += selected
        self._round = []
        retries = self._policy.next_round()
        of_first_thing = [seed for seed in retries if seed not in self._others]
        missing = max(0, self._count - len(self._likeliest()))
        self.waiting = sorted({*of_first_thing[:missing], *self._others.keys() & set(retries)})
        self._needed.update(self.waiting)
        return selected

    def _look_of(self, looks: Looks, image: ImageCodes) -> Look:
        if look := self._other_looks.get(image.seed):
            return look
        return looks.of(image.codes, self._reading.prompts[self._prefill(image.seed).place])

    def _share_left(self, in_slots: float) -> float:
        """The share of the decoding that is left; `in_slots` is in images, not codes."""
        images = len(self._round) + len(self.slots) + len(self.waiting)
        if not images:
            return 0.0
        done = (len(self._round) + in_slots) / images
        return RETRY_SHARE**self._policy.round * (1 - (1 - RETRY_SHARE) * done)

    @property
    def is_chosen_at_the_end(self) -> bool:
        """Whether no image can be finished before all are decoded."""
        return bool(self.extra or self._reading.layout)

    def _prefill(self, seed: int) -> Prefill:
        if seed in self._others:
            return self._others[seed]
        return self._prefills[seed % len(self._prefills)]

    def interrupt(self, slots: Slots, slot: int) -> None:
        """Free a slot for another image; its own image starts again later, with the same codes."""
        slots.leave(slot)
        self.waiting = self._extra_last([self.slots.pop(slot), *self.waiting])

    def leave(self, slots: Slots) -> None:
        """Free the slots of a request that is cancelled or has failed."""
        for slot in self.slots:
            slots.leave(slot)
        self.slots.clear()

    def restart(self) -> None:
        """Let the images in slots wait again, because their slots were replaced."""
        self.waiting = self._extra_last([*self.slots.values(), *self.waiting])
        self.slots.clear()

    def can_wait(self, seed: int) -> bool:
        """Whether an image is extra, and not a retry that the request needs."""
        return seed in self.extra and seed not in self._needed

    def _extra_last(self, seeds: list[int]) -> list[int]:
        return sorted(seeds, key=self.can_wait)

    def shortlist(self) -> list[ImageCodes]:
        """The images that a judge is to score: SHORTLIST times the count, of lowest perplexity."""
        return self._likeliest()[: SHORTLIST * self._count]

    def best(self, scores: Sequence[float] | None = None) -> list[ImageCodes]:
        """The images that become stickers, best first.

        They have the lowest perplexities, or with `scores` the highest scores, which a judge has
        given the `shortlist`.  Repeats of another image come last.  Images of several prompts come
        in turn.
        """
        if scores is None:
            return self._in_turns(self._likeliest())
        scored = zip(scores, self.shortlist(), strict=True)
        order = sorted(scored, key=lambda pair: (pair[1].look.repeat, -pair[0]))
        return self._in_turns([replace(image, score=score) for score, image in order])

    def _in_turns(self, images: Iterable[ImageCodes]) -> list[ImageCodes]:
        """The best image of each prompt, then the second best; `images` come best first."""
        by_prompt = defaultdict[int, list[ImageCodes]](list)
        for image in images:
            by_prompt[self._prefill(image.seed).place].append(image)
        turns = zip_longest(*(by_prompt[place] for place in sorted(by_prompt)))
        best = [image for turn in turns for image in turn if image][: self._count]
        if not self._reading.layout:
            return best
        by_seed = {image.seed: image for image in self._selected}
        others = tuple(by_seed[seed] for seed in self._others)
        return [replace(image, layout=self._reading.layout, others=others) for image in best]

    def codes_so_far(self, slots: Slots) -> list[Tensor]:
        """The decoded codes (n,) int64 of each of the first `count` images, always in one order."""
        codes = {image.seed: image.codes for image in (*self._selected, *self._round)}
        codes |= dict.fromkeys(self.waiting, torch.empty(0, dtype=torch.long))
        codes |= {seed: slots.codes_so_far(slot) for slot, seed in self.slots.items()}
        order = sorted(codes, key=lambda seed: (seed - self._first) % (MAX_SEED + 1))
        return [codes[seed] for seed in order[: self._count]]

    def _likeliest(self) -> list[ImageCodes]:
        images = (image for image in self._selected if image.seed not in self._others)
        return sorted(images, key=lambda image: (image.look.repeat, image.perplexity))

    @property
    def decoded_share(self) -> float:
        """The share of the decoding that is done, 0 to 1."""
        return 1 - self._remaining

    def progress(self, finished: int) -> float:
        """The share done, 0 to 1, with `finished` stickers; it falls only by `restart`."""
        finished_share = finished / self._count
        return DECODING_SHARE * self.decoded_share + (1 - DECODING_SHARE) * finished_share
