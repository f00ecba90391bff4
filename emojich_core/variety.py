"""No picture twice among the candidates of a request, as far as that can be helped.

A model that is sure of itself draws the same codes from several seeds.  What repeats another image
is drawn again, from its own seed at a higher temperature, once all images of the round are there:
so the outcome depends on the request alone, not on which image was ready first.
"""

from dataclasses import replace

from emojich_core.generation import Drawn, Sampling

LIKE = 3 / 8  # of the codes of an image stay in those that are to be like it
REDRAWS = 3  # rounds; what still repeats another image then is kept
HOTTER = 1.1  # times the temperature of the round before; more, and `mini` draws blots


class Variety:
    """Watches over the images of one request, which come round by round in the order of seeds.

    `known` the codes of an image that they must not repeat either.
    """

    def __init__(self, sampling: Sampling, known: tuple[int, ...] = ()):
        self.sampling = sampling  # of the present round
        self._rounds_left = REDRAWS
        self._seen = {known}
        self._repeats: list[int] = []

    def keeps(self, image: Drawn) -> bool:
        """Whether an image stays; if not, it is one of those to be drawn again."""
        codes = tuple(image.codes.tolist())
        if codes in self._seen and self._rounds_left:
            self._repeats.append(image.seed)
            return False
        self._seen.add(codes)
        return True

    def next_round(self) -> list[int]:
        """The seeds to draw again, with the new `sampling`; none when all images stay."""
        seeds, self._repeats = self._repeats, []
        self._rounds_left -= bool(seeds)
        hotter = self.sampling.temperature * HOTTER
        self.sampling = replace(self.sampling, temperature=hotter)
        return seeds
