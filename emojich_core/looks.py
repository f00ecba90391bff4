"""Looks: a sticker in the colour that its prompt asks for, and repeats that differ.

A small model draws a thing well in the colours of its art and seldom in others, so the finished
picture is given the colour.  A model that is sure of itself decodes the same codes from several
seeds: the first image of these codes stays as it is, the others take other colours, or stand
aslant.
"""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from emojich_core.colours import MIN_SHARE, main_part, recolour, shares
from emojich_core.request import Reading

SAME = 0.9  # share of equal codes from which on people see two images as the same
SHOWN = 0.12  # share of the visible pixels from which on a picture has a colour
CLEAR = (255, 255, 255, 0)
ANGLES = (8, -8, 15, -15, 22, -22, 30, -30)  # degrees, counter-clockwise


@dataclass(frozen=True)
class Look:
    """How a finished picture is changed: coloured, and where it repeats another one, turned."""

    colour: str = ""  # of its main part
    repeat: int = 0  # how many images of the same codes come before it
    colours: tuple[str, ...] = ()  # that repeats may have, the first to take first

    def apply(self, picture: Image.Image) -> Image.Image:
        """A square picture (RGBA) with this look; one without a main part keeps its colours."""
        if not self.colour and not self.repeat:
            return picture
        pixels = np.asarray(picture)
        body = main_part(pixels)
        if self.colour:
            has_it = shares(pixels).get(self.colour, 0) >= MIN_SHARE
            coloured = recolour(pixels, self.colour, body) if body and not has_it else pixels
            return _turned(Image.fromarray(coloured), self.repeat)
        has = shares(pixels)
        others = [each for each in self.colours if body and has[each] < SHOWN]
        if self.repeat <= len(others):
            return Image.fromarray(recolour(pixels, others[self.repeat - 1], body))
        return _turned(picture, self.repeat - len(others))


class Looks:
    """The looks of one request's images."""

    def __init__(self, reading: Reading, seed: int, known: tuple[int, ...] = ()):
        """`known` has the codes of an image that the user has seen before the request.

        `seed` decides which colour comes first, so that the next request shows others.
        """
        first = seed % len(reading.colours) if reading.colours else 0
        self._colours = (*reading.colours[first:], *reading.colours[:first])
        self._colour = reading.colour
        self._groups: list[list[Tensor]] = []  # of images that are the same
        if known:
            self._repeat(torch.tensor(known))

    def of(self, codes: Tensor) -> Look:
        """The look of the next image, by its codes (image_seq_length,)."""
        return Look(self._colour, self._repeat(codes), self._colours)

    def _repeat(self, codes: Tensor) -> int:
        """How many images before are the same as one of these codes (image_seq_length,)."""
        for group in self._groups:
            if (group[0] == codes).float().mean() >= SAME:
                group.append(codes)
                return len(group) - 1
        self._groups.append([codes])
        return 0


def _turned(picture: Image.Image, repeat: int) -> Image.Image:
    """A square picture (RGBA) whose subject is turned, in the middle, and as large as fits."""
    if not repeat or not (box := picture.getbbox()):
        return picture
    # Alpha is premultiplied, else the colours of clear pixels would mix into the edges; the filter
    # is bilinear, because sharper ones draw a brighter line along them.
    subject = picture.crop(box).convert("RGBa")
    angle = ANGLES[(repeat - 1) % len(ANGLES)]
    turned = subject.rotate(angle, Image.Resampling.BILINEAR, expand=True).convert("RGBA")
    turned = turned.crop(turned.getbbox())
    turned.thumbnail(picture.size, Image.Resampling.BILINEAR)
    page = Image.new("RGBA", picture.size, CLEAR)
    page.paste(turned, ((page.width - turned.width) // 2, (page.height - turned.height) // 2))
    return page
