"""No blot among the candidates of a request, and no picture twice, as far as that can be helped.

Now and then one false code leads to the next, and what comes of it is a blot.  And a model that is
sure of itself draws the same codes from several seeds.  Both are drawn again from their own seeds,
once all images of the round are there: so the outcome depends on the request alone, not on which
image was ready first.  A blot is drawn at half the temperature, up to three times; a repeat once,
at a higher one and of all codes: where the likeliest has all of `top_p`, no temperature would help.

Perplexity tells a blot: of `mini`'s strawberries the right ones have 1.04, the others 8 and more.
Another right picture that begins with an unlikely code has some 2 to 6 times that of the likeliest.
Where a model knows one picture only, all that differs from it is a blot: better the same twice.
"""

import math
from collections.abc import Collection
from dataclasses import replace

from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes

LIKE = 3 / 8  # of the codes of an image stay in those that are to be like it
REDRAWS = 3  # of a blot; what is there after them stays
HOTTER = 1.4  # times the temperature, for a repeat
COOLER = 0.5  # cures two in three of its blots; a quarter cures most others, and repeats more
BLOT = 2  # times the perplexity of the best
STRANGE = 8  # times that of a repeat: so unlikely may be what replaces it; a blot is more so


class RetryPolicy:
    """Watches over the images of one request, which come round by round.

    `known` the codes of an image that they must not repeat either.
    """

    def __init__(self, sampling: Sampling, known: tuple[int, ...] = ()):
        self._first = sampling
        self.round = 0  # how many are over
        self._seen = {known}
        self._best = math.inf  # perplexity
        self._blots: dict[int, ImageCodes] = {}  # of the last round, by seed
        self._repeats: dict[int, ImageCodes] = {}

    def sampling(self, seed: int) -> Sampling:
        """How an image of the present round is to be drawn."""
        temperature = self._first.temperature
        if seed in self._repeats:
            return replace(self._first, temperature=temperature * HOTTER, top_p=1.0)
        return replace(self._first, temperature=temperature * COOLER**self.round)

    def select(self, images: Collection[ImageCodes]) -> list[ImageCodes]:
        """What stays of a round: an image, or the repeat that it was to replace.

        The others are drawn again in the next round.
        """
        cooled, replaced = self._blots, self._repeats
        self._blots, self._repeats = {}, {}
        self._best = min([self._best, *(image.perplexity for image in images)])
        stay = []
        for image in sorted(images, key=lambda image: image.seed):
            if repeat := replaced.get(image.seed):
                other = image.perplexity <= STRANGE * repeat.perplexity
                stay.append(image if other else repeat)
                self._seen.add(_codes(stay[-1]))
            elif self.round < REDRAWS and image.perplexity > BLOT * self._best:
                self._blots[image.seed] = image
            elif self.round < REDRAWS and self._repeated(image) and image.seed not in cooled:
                self._repeats[image.seed] = image
            else:
                stay.append(image)
                self._seen.add(_codes(image))
        return stay

    def next_round(self) -> list[int]:
        """The seeds to draw again, in order; none when all images stay."""
        self.round += 1
        return sorted([*self._blots, *self._repeats])

    def _repeated(self, image: ImageCodes) -> bool:
        return _codes(image) in self._seen


def _codes(image: ImageCodes) -> tuple[int, ...]:
    return tuple(image.codes.tolist())
