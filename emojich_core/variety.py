"""No picture twice among the candidates of a request, and no blot, as far as that can be helped.

Now and then one false code leads to the next, and what comes of it is a blot.  And a model that is
sure of itself draws the same codes from several seeds.  Both are drawn again from their own seeds,
once all images of the round are there: so the outcome depends on the request alone, not on which
image was ready first.  A blot is drawn at half the temperature, up to three times.  A repeat is
drawn from all codes (where the likeliest has all of `top_p`, no temperature would help) and at
higher temperatures, until it differs and is no blot, and at last until it differs.

Perplexity tells a blot: of `mini`'s strawberries the right ones have 1.04, the others 8 and more.
Another right picture that begins with an unlikely code has some 2 to 6 times that of the likeliest.
"""

import math
import sys
from collections.abc import Collection
from dataclasses import dataclass, replace

from emojich_core.generation import Drawn, Sampling

LIKE = 3 / 8  # of the codes of an image stay in those that are to be like it
REDRAWS = 3  # of a blot, and of a repeat in search of a likely image; what there is then stays
# Times the temperature of a repeat, try by try: the last ones differ for certain.
HEATS = (1.4, 1.2, 1.6, 2.0, 4.0, 8.0)
COOLER = 0.5  # cures two in three of its blots; a quarter cures most others, and repeats more
BLOT = 2  # times the perplexity of the best
STRANGE = 8  # times that of a repeat: so unlikely may be what replaces it; a blot is more so


@dataclass
class _Redraw:
    """An image that is drawn again: a blot, or the repeat of another image."""

    tries: int = 0
    repeat: Drawn | None = None
    other: Drawn | None = None  # the likeliest so far that repeats no image


class Variety:
    """Watches over the images of one request, which come round by round.

    `known` the codes of an image that they must not repeat either.
    """

    def __init__(self, sampling: Sampling, known: tuple[int, ...] = ()):
        self._first = sampling
        self.round = 0  # how many are over
        self._seen = {known}
        self._best = math.inf  # perplexity
        self._again: dict[int, _Redraw] = {}  # by seed

    def sampling(self, seed: int) -> Sampling:
        """How an image of the present round is to be drawn."""
        redraw, temperature = self._again.get(seed), self._first.temperature
        if redraw is None:
            return self._first
        if redraw.repeat is None:
            return replace(self._first, temperature=temperature * COOLER**redraw.tries)
        heat = HEATS[redraw.tries - 1]
        return replace(self._first, temperature=temperature * heat, top_k=sys.maxsize, top_p=1)

    def sift(self, images: Collection[Drawn]) -> list[Drawn]:
        """What stays of a round: an image, or another one of its seed.

        The others are drawn again in the next round.
        """
        self._best = min([self._best, *(image.perplexity for image in images)])
        stay = []
        for image in sorted(images, key=lambda image: image.seed):
            redraw = self._again.pop(image.seed, _Redraw())
            if (chosen := self._chosen(image, redraw)) is None:
                self._again[image.seed] = redraw
            else:
                stay.append(chosen)
                self._seen.add(_codes(chosen))
        return stay

    def next_round(self) -> list[int]:
        """The seeds to draw again, in order; none when all images stay."""
        self.round += 1
        for redraw in self._again.values():
            redraw.tries += 1
        return sorted(self._again)

    def _chosen(self, image: Drawn, redraw: _Redraw) -> Drawn | None:
        """What stays of an image and what was drawn in its place before; None: try again."""
        known = [each for each in (image, redraw.other) if each and not self._repeats(each)]
        redraw.other = min(known, key=lambda each: each.perplexity, default=None)
        if redraw.repeat is None and self._repeats(image):
            redraw.repeat, redraw.tries = image, 0
        best, limit = redraw.other, BLOT * self._best
        if redraw.repeat is None:
            best = image
        else:
            limit = STRANGE * redraw.repeat.perplexity
        if best and (best.perplexity <= limit or redraw.tries >= REDRAWS):
            return best
        return None if redraw.tries < len(HEATS) else image

    def _repeats(self, image: Drawn) -> bool:
        return _codes(image) in self._seen


def _codes(image: Drawn) -> tuple[int, ...]:
    return tuple(image.codes.tolist())
