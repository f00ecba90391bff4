"""No picture twice among the candidates of a request, as far as that can be helped.

A model that is sure of itself draws the same codes from several seeds.  What repeats another image
is drawn again, from its own seed at a higher temperature, once all images of the round are there:
so the outcome depends on the request alone, not on which image was ready first.

Where a model knows one picture only, all that differs from it is a blot.  Its perplexity tells:
of `mini`'s strawberries the right one has 1.04, and what came of drawing it again 12 and more.
Better the same picture twice than that.
"""

from dataclasses import replace

from emojich_core.generation import Drawn, Sampling

LIKE = 3 / 8  # of the codes of an image stay in those that are to be like it
REDRAWS = 3  # rounds; what still repeats another image then is kept
HOTTER = 1.1  # times the temperature of the round before; more, and `mini` draws blots
BLOT = 2  # times the perplexity of what it is to replace


class Variety:
    """Watches over the images of one request, which come round by round in the order of seeds.

    `known` the codes of an image that they must not repeat either.
    """

    def __init__(self, sampling: Sampling, known: tuple[int, ...] = ()):
        self.sampling = sampling  # of the present round
        self._rounds_left = REDRAWS
        self._seen = {known}
        self._repeats: dict[int, Drawn] = {}  # by seed
        self._replaced: dict[int, Drawn] = {}  # those of the round before

    def keep(self, image: Drawn) -> Drawn | None:
        """What stays: an image, or the one that it was to replace; None if it is drawn again."""
        replaced = self._replaced.get(image.seed)
        if replaced and image.perplexity > BLOT * replaced.perplexity:
            return replaced
        codes = tuple(image.codes.tolist())
        if codes in self._seen and self._rounds_left:
            self._repeats[image.seed] = image
            return None
        self._seen.add(codes)
        return image

    def next_round(self) -> list[int]:
        """The seeds to draw again, with the new `sampling`; none when all images stay."""
        self._replaced, self._repeats = self._repeats, {}
        seeds = list(self._replaced)
        self._rounds_left -= bool(seeds)
        hotter = self.sampling.temperature * HOTTER
        self.sampling = replace(self.sampling, temperature=hotter)
        return seeds
