"""Looks: changes finished pictures to the requested colour, and so that repeats differ.

A small model draws a thing well in the colours of its art and seldom in others, so the finished
picture is recoloured.  A model that is sure of itself decodes the same codes from several seeds.
The first image of these codes stays as it is.  The next ones get other colours; then one is
mirrored, and the rest are put on a disc, or rotated if they are faces.  In a scene, the first thing
and the whole scene are mirrored in turn, and then the first thing is rotated.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps
from torch import Tensor

from emojich_core.colours import MIN_SHARE, main_part, recolour, shares
from emojich_core.request import LEANS, ONE_WAY, Reading
from emojich_core.scenes.compose import fitted
from emojich_core.scenes.eyes import with_eyes
from emojich_core.scenes.white_parts import with_white_parts

SAME = 0.9  # share of equal codes above which people see two images as the same
SHOWN = 0.12  # share of the visible pixels above which a picture has a colour
CLEAR = (255, 255, 255, 0)
ANGLES = (8, -8, 15, -15, 22, -22, 30, -30)  # degrees, counter-clockwise
SYMMETRIC = 12  # mean difference to the mirror image, of 255, up to which people see none
ON_DISC, DISC = 0.66, 0.96  # sides of a thing on a disc, and of the disc, against the picture's
FINER = 4  # a disc is drawn this many times too large and shrunk, for smooth edges
DISCS = {  # RGB, by the colour that has too little contrast on it
    "желтый": (255, 229, 154),
    "голубой": (181, 227, 255),
    "розовый": (255, 201, 222),
    "зеленый": (201, 240, 180),
    "фиолетовый": (220, 203, 255),
    "оранжевый": (255, 211, 166),
    "серый": (223, 230, 238),
    "красный": (255, 185, 176),
}


@dataclass(frozen=True)
class Look:
    """How a finished picture is changed: its colour, and its pose if it repeats another one."""

    colour: str = ""  # of its main part
    repeat: int = 0  # how many images of the same codes come before it
    colours: tuple[str, ...] = ()  # for repeats, in order
    pose: str = ""  # see `Reading.pose`
    caption: str = ""  # that the picture was drawn for
    eyes: str = ""  # see `Reading.eyes`

    def apply(
        self,
        picture: Image.Image,
        arrange: Callable[[Image.Image], Image.Image] | None = None,
    ) -> Image.Image:
        """A square picture (RGBA) with this look; without a main part it keeps its colours.

        `arrange` makes the scene of which the picture is the first thing.
        """
        coloured, repeat = self._coloured(with_white_parts(picture, self.caption))
        coloured = with_eyes(coloured, self.caption, self.eyes)
        if arrange is None:
            return self._varied(coloured, repeat)
        if self.pose == ONE_WAY or not repeat:
            return arrange(_turned(coloured, repeat))
        # Of each four images the second and fourth have the thing mirrored, the last two the whole
        # scene; the next four have the thing turned further.
        is_odd, turns = repeat % 2, repeat // 4 * 2
        if _is_symmetric(coloured):  # its mirror image would be the same, so it is turned
            thing = _turned(coloured, turns + is_odd)
        else:
            thing = _turned(_mirrored(coloured, is_odd), turns)
        return _mirrored(arrange(thing), repeat // 2 % 2)

    def _coloured(self, picture: Image.Image) -> tuple[Image.Image, int]:
        """The picture in its colour, and how many images of the same colour it repeats."""
        if not self.colour and not self.repeat:
            return picture, 0
        pixels = np.asarray(picture)
        body, has = main_part(pixels), shares(pixels)
        if self.colour:
            is_coloured = body and has.get(self.colour, 0) < MIN_SHARE
            coloured = recolour(pixels, self.colour, body) if is_coloured else pixels
            return Image.fromarray(coloured), self.repeat
        others = [each for each in self.colours if body and has[each] < SHOWN]
        if self.repeat <= len(others):
            return Image.fromarray(recolour(pixels, others[self.repeat - 1], body)), 0
        return picture, self.repeat - len(others)

    def _varied(self, picture: Image.Image, repeat: int) -> Image.Image:
        """A picture that differs from those of the same colour before it."""
        if not repeat or not picture.getbbox():
            return picture
        if self.pose != ONE_WAY and not _is_symmetric(picture):
            if repeat == 1:
                return ImageOps.mirror(picture)
            repeat -= 1
        if self.pose == LEANS:
            return _turned(picture, repeat)
        return _on_disc(picture, repeat)


class Looks:
    """The looks of one request's images."""

    def __init__(self, reading: Reading, seed: int, known: tuple[int, ...] = ()):
        """`known` are the codes of an image that the user has already seen, if any.

        `seed` decides which colour comes first, so that another request shows other colours.
        """
        first = seed % len(reading.colours) if reading.colours else 0
        colours = (*reading.colours[first:], *reading.colours[:first])
        self._look = Look(reading.colour, 0, colours, reading.pose, eyes=reading.eyes)
        self._groups: list[list[Tensor]] = []  # of images that are the same
        if known:
            self._repeat(torch.tensor(known))

    def of(self, codes: Tensor, caption: str = "") -> Look:
        """The look of the next image, by its codes (image_seq_length,) and its caption."""
        return replace(self._look, repeat=self._repeat(codes), caption=caption)

    def _repeat(self, codes: Tensor) -> int:
        """How many earlier images look the same as one of these codes (image_seq_length,)."""
        for group in self._groups:
            if (group[0] == codes).float().mean() >= SAME:
                group.append(codes)
                return len(group) - 1
        self._groups.append([codes])
        return 0


def _mirrored(picture: Image.Image, is_mirrored: int) -> Image.Image:
    return ImageOps.mirror(picture) if is_mirrored else picture


def _is_symmetric(picture: Image.Image) -> bool:
    """Whether the visible part of a picture (RGBA) looks like its mirror image."""
    if not picture.getbbox():
        return True
    subject = picture.crop(picture.getbbox()).convert("RGBa")
    pixels, mirrored = (np.asarray(each, dtype=int) for each in (subject, ImageOps.mirror(subject)))
    return bool(np.abs(pixels - mirrored).mean() <= SYMMETRIC)


def _on_disc(picture: Image.Image, repeat: int) -> Image.Image:
    """A square picture (RGBA) on a pale disc; the disc's colour is the rarest in the picture."""
    has = shares(np.asarray(picture))
    names = sorted(DISCS, key=lambda name: round(has[name], 1))
    size = picture.width
    disc = Image.new("RGBA", (size * FINER,) * 2)
    rim = size * FINER * (1 - DISC) / 2
    box = (rim, rim, size * FINER - rim, size * FINER - rim)
    ImageDraw.Draw(disc).ellipse(box, DISCS[names[(repeat - 1) % len(names)]])
    page = disc.resize(picture.size, Image.Resampling.BOX)
    subject = fitted(np.asarray(picture), ON_DISC)
    page.alpha_composite(subject, ((size - subject.width) // 2, (size - subject.height) // 2))
    return page


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
