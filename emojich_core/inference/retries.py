"""Retries: images of a request that are blots, or repeat another one, are decoded again.

Now and then one wrong code leads to the next, and the image is a blot.  A model that is sure of
itself decodes the same codes from several seeds.  Both are retried with their own seeds, once all
images of the round are complete: so the result depends on the request alone, not on the order in
which images complete.  A blot is retried at half the temperature, up to three times; a repeat once,
at a higher temperature and without `top_p`, because a code that has all of `top_p` would win at any
temperature.

Perplexity shows a blot: `mini`'s good strawberries have 1.04, the others 8 and more.  Another good
picture that begins with an unlikely code has some 2 to 6 times the perplexity of the likeliest.
When a model knows one picture only, any other is a blot: then a repeat is better.
"""

import math
from collections.abc import Collection
from dataclasses import replace

from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes

LIKE = 3 / 8  # share of an image's codes that an image similar to it keeps
RETRIES = 3  # of a blot; the last one is accepted
HOTTER = 1.4  # factor of the temperature for a repeat
COOLER = 0.5  # for a blot: cures two in three; 0.25 cures most others, but repeats more
BLOT = 2  # times the best perplexity: above it an image is a blot
STRANGE = 8  # times the perplexity of a repeat: above it an image does not replace the repeat


class RetryPolicy:
    """Selects the images of one request, round by round.

    `known` holds the codes of an image that the request's images must not repeat either.
    """

    def __init__(self, sampling: Sampling, known: tuple[int, ...] = ()):
        self._first = sampling
        self.round = 0
        self._seen = {known}
        self._best = math.inf  # perplexity
        self._blots: dict[int, ImageCodes] = {}  # of the last round, by seed
        self._repeats: dict[int, ImageCodes] = {}

    def sampling(self, seed: int) -> Sampling:
        """The sampling of an image of this round."""
        temperature = self._first.temperature
        if seed in self._repeats:
            return replace(self._first, temperature=temperature * HOTTER, top_p=1.0)
        return replace(self._first, temperature=temperature * COOLER**self.round)

    def select(self, images: Collection[ImageCodes]) -> list[ImageCodes]:
        """The accepted images of a round, or the repeats that they were to replace.

        The others are decoded again in the next round.
        """
        cooled, replaced = self._blots, self._repeats
        self._blots, self._repeats = {}, {}
        self._best = min([self._best, *(image.perplexity for image in images)])
        accepted = []
        for image in sorted(images, key=lambda image: image.seed):
            if repeat := replaced.get(image.seed):
                other = image.perplexity <= STRANGE * repeat.perplexity
                accepted.append(image if other else repeat)
                self._seen.add(_codes(accepted[-1]))
            elif self.round < RETRIES and image.perplexity > BLOT * self._best:
                self._blots[image.seed] = image
            elif self.round < RETRIES and self._repeated(image) and image.seed not in cooled:
                self._repeats[image.seed] = image
            else:
                accepted.append(image)
                self._seen.add(_codes(image))
        return accepted

    def next_round(self) -> list[int]:
        """Begin the next round; returns its seeds in order, none if all images are accepted."""
        self.round += 1
        return sorted([*self._blots, *self._repeats])

    def _repeated(self, image: ImageCodes) -> bool:
        return _codes(image) in self._seen


def _codes(image: ImageCodes) -> tuple[int, ...]:
    return tuple(image.codes.tolist())
