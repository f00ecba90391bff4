"""Retries: images of a request that are blots are decoded again.

Now and then one wrong code leads to the next, and the image is a blot.  It is retried with its own
seed at half the temperature, up to three times, once all images of the round are complete: so the
result depends on the request alone, not on the order in which images complete.

Perplexity shows a blot: `mini`'s good strawberries have 1.04, the others 8 and more.  Another good
picture that begins with an unlikely code has some 2 to 6 times the perplexity of the likeliest.
"""

import math
from collections.abc import Collection
from dataclasses import replace

from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes

RETRIES = 3  # of a blot; the last one is accepted
COOLER = 0.5  # factor of the temperature in a retry, which mends two blots of three
BLOT = 2  # times the best perplexity: above it an image is a blot


class RetryPolicy:
    """Selects the images of one request, round by round, and sets the sampling of each round."""

    def __init__(self, sampling: Sampling):
        self._first = sampling
        self.round = 0
        self._best = math.inf  # perplexity
        self._blots: list[int] = []  # seeds, of the last round

    @property
    def sampling(self) -> Sampling:
        """The sampling of this round."""
        return replace(self._first, temperature=self._first.temperature * COOLER**self.round)

    def select(self, images: Collection[ImageCodes]) -> list[ImageCodes]:
        """The accepted images of a round, by seed; the others are decoded again in the next one."""
        self._best = min([self._best, *(image.perplexity for image in images)])
        accepted, self._blots = [], []
        for image in sorted(images, key=lambda image: image.seed):
            if self.round < RETRIES and image.perplexity > BLOT * self._best:
                self._blots.append(image.seed)
            else:
                accepted.append(image)
        return accepted

    def next_round(self) -> list[int]:
        """Begin the next round; returns its seeds in order, none if all images are accepted."""
        self.round += 1
        return self._blots
