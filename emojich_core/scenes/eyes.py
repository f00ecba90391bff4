"""Eyes of a drawing: those that the weights leave out are added; all can show a mood or a colour.

A small model draws most animals without eyes.  `eyes.tsv` says where they are, by caption, because
the weights draw a caption in much the same way each time.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from emojich_core.colours import GIVEN, rgb_of
from emojich_core.reading.tables import rows
from emojich_core.request import ANGRY, CLOSED, IN_LOVE, IN_TEARS, WIDE, WINKING
from emojich_core.scenes.compose import rendered

EYES = Path(__file__).with_name("eyes.tsv")
DARK, LIGHT = "#2b2430", "#ffffff"
LUMINANCE = np.array((0.3, 0.59, 0.11))
BRIGHT = 95  # luminance, of 255, above which a dark eye is seen
PLAIN = 45  # standard deviation of luminance below which a place has nothing drawn on it
LARGE = 0.06  # radius above which a missing eye is round and white, as an owl's
UNDER_HAT = 0.3  # the upper part of a head where the hats that the weights draw hide its eyes
GRID = 8  # parts of a shape, across and down
SAME_SHAPE = 6  # parts in which a picture may differ from the shape of the table
# Around (0, 0), about 1 in radius.
HEART = "M0 .9C-1.5 -.1-1.2-1.2-.5-1.1C-.2-1.1 0-.8 0-.6C0-.8.2-1.1.5-1.1C1.2-1.2 1.5-.1 0 .9z"
TEAR = "M0-1.3C.5-.5.9-.1.9.4A.9.9 0 0 1-.9.4C-.9-.1-.5-.5 0-1.3z"
LEAST_TEAR = 0.045  # radius, against the longer side of the visible part


class Eye(NamedTuple):
    """An eye's middle and radius: shares of the visible part's width, height and longer side.

    Within a picture, all are in pixels.
    """

    x: float
    y: float
    radius: float


class Eyes(NamedTuple):
    """The eyes of a thing, none if they are not known."""

    are_drawn: bool
    places: tuple[Eye, ...]
    shape: int = 0  # the thing's: see `_shape`


def with_eyes(picture: Image.Image, caption: str, state: str = "") -> Image.Image:
    """A square picture (RGBA) of what a caption shows, with its eyes in a state.

    The picture is returned as it is where the table lacks the caption, or its eyes are drawn and
    stay open.  A missing eye is added only where the picture is plain; eyes that are drawn are
    missing once the thing has become as dark as they are.
    """
    pixels = np.asarray(picture)
    eyes = eyes_in(pixels, caption)
    if not eyes.places:
        return picture
    skins = {eye: _skin(pixels, eye) for eye in eyes.places}
    plain = [eye for eye in eyes.places if _is_plain(pixels, eye)]
    is_dark = _is_dark(skins[eyes.places[0]])
    are_drawn = eyes.are_drawn and not (is_dark and plain == list(eyes.places))
    seen = list(eyes.places) if are_drawn else plain
    if not seen or (are_drawn and not state):
        return picture
    body = ""
    for number, eye in enumerate(seen):
        # Where the nose is: between two eyes; in a profile, on the side that the eye is on.
        nose = seen[1 - number].x - eye.x if len(seen) > 1 else eye.x - picture.width / 2
        shown = ("" if number else CLOSED) if state == WINKING else state
        around = _Around(
            skin=skins[eye],
            is_dark=is_dark,
            is_drawn=are_drawn,
            is_large=eye.radius > LARGE * picture.width,
            nose=1 if nose > 0 else -1,
        )
        drawn = _eye(shown, around)
        if state == IN_TEARS and not number:
            drawn += _tear(max(1, LEAST_TEAR * picture.width / eye.radius))
        body += (
            f'<g transform="translate({eye.x:.1f} {eye.y:.1f}) scale({eye.radius:.2f})">{drawn}</g>'
        )
    page = picture.copy()
    body = f'<g transform="scale({100 / picture.width})">{body}</g>'
    page.alpha_composite(rendered(body, picture.width))
    return page


def hat_spares_eyes(caption: str) -> bool:
    """Whether a head that the weights draw with a hat has eyes then, as far as is known."""
    known = eyes_by_caption().get(caption, [])
    return all(each.are_drawn and min(eye.y for eye in each.places) > UNDER_HAT for each in known)


class _Around(NamedTuple):
    """What is around an eye that is to be drawn."""

    skin: tuple[int, int, int]  # RGB
    is_dark: bool  # the skin
    is_drawn: bool  # the eye, by the weights
    is_large: bool  # the eye
    nose: int  # 1 if the nose is to the right of the eye, -1 if it is to the left


def _eye(state: str, around: _Around) -> str:
    """An eye in a state as SVG, around (0, 0), of radius 1."""
    skin, is_dark, is_drawn, is_large, nose = around
    line = LIGHT if is_dark else DARK
    if state == CLOSED:
        hidden = f'<ellipse rx="1.4" ry="1.6" fill="rgb{skin}"/>' if is_drawn else ""
        return hidden + _line("M-1.3 -.1q1.3 1.3 2.6 0", line)
    if state == IN_LOVE:
        return f'<path d="{HEART}" transform="scale({1.1 if is_large else 1.7})" fill="#f0312e"/>'
    glint = f'<circle cx="-.28" cy="-.36" r=".27" fill="{LIGHT}"/>'
    if state in GIVEN:
        return (
            f'<circle r="1.25" fill="rgb{rgb_of(GIVEN[state])}" stroke="{DARK}"'
            f' stroke-width=".25"/><ellipse rx=".5" ry=".75" fill="{DARK}"/>{glint}'
        )
    if state == WIDE:
        return (
            f'<circle r="1.9" fill="{LIGHT}" stroke="{DARK}" stroke-width=".3"/>'
            f'<circle r=".8" fill="{DARK}"/>{glint}'
        )
    brow = ""
    if state in (ANGRY, IN_TEARS):
        outer_end, inner_end = (-2.1, -1.2) if state == ANGRY else (-1.3, -2.1)
        brow = _line(f"M{-1.5 * nose} {outer_end}L{1.3 * nose} {inner_end}", line)
    if is_drawn:
        return brow
    white = f'<circle r="1.3" fill="{LIGHT}"/>' if is_dark or is_large else ""
    size = 0.8 if white else 1.0
    dark = f'<ellipse rx=".88" ry="1" fill="{DARK}"/>{glint}'
    return f'{white}<g transform="scale({size})">{dark}</g>{brow}'


def _line(path: str, colour: str) -> str:
    style = 'fill="none" stroke-width=".55" stroke-linecap="round"'
    return f'<path d="{path}" stroke="{colour}" {style}/>'


def _tear(size: float) -> str:
    """A tear below an eye; `size` against the eye's radius."""
    place = f"translate(0 {1.2 + 1.3 * size}) scale({size})"
    return f'<path d="{TEAR}" transform="{place}" fill="#2f9df4"/>'


def eyes_in(pixels: np.ndarray, caption: str) -> Eyes:
    """Where the eyes are in a picture (S, S, 4) of what a caption shows, in pixels.

    None where the picture has another shape than the one that the table knows, mirrored or not.
    """
    for eyes in eyes_by_caption().get(caption, ()):
        for across in (1, -1):
            left, top, right, bottom = _box(pixels[:, ::across])
            if _difference(_shape(pixels[:, ::across]), eyes.shape) > SAME_SHAPE:
                continue
            side = max(right - left, bottom - top)
            places = []
            for eye in eyes.places:
                x, y = left + eye.x * (right - left), top + eye.y * (bottom - top)
                x = x if across > 0 else pixels.shape[1] - 1 - x
                places.append(Eye(x, y, eye.radius * side))
            return Eyes(eyes.are_drawn, tuple(sorted(places)))
    return Eyes(False, ())


def _box(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """The visible part of a picture: left, top, right, bottom; all of one that has none."""
    alpha = Image.fromarray(np.ascontiguousarray(pixels[..., 3]))
    return alpha.getbbox() or (0, 0, *alpha.size)


def _shape(pixels: np.ndarray) -> int:
    """Which parts of a grid over the visible part are filled, as GRID² bits."""
    alpha = Image.fromarray(np.ascontiguousarray(pixels[..., 3])).crop(_box(pixels))
    filled = np.asarray(alpha.resize((GRID, GRID), Image.Resampling.BOX)) > 127
    return int("".join("01"[each] for each in filled.ravel().tolist()), 2)


def _difference(shape: int, other: int) -> int:
    """How many parts of the grid differ."""
    return (shape ^ other).bit_count()


def _patch(pixels: np.ndarray, x: float, y: float, radius: float) -> np.ndarray:
    """The square of pixels (n, m, 4) around a place, as far as the picture has it."""
    top, left = max(0, round(y - radius)), max(0, round(x - radius))
    return pixels[top : round(y + radius) + 1, left : round(x + radius) + 1]


def _is_plain(pixels: np.ndarray, eye: Eye) -> bool:
    """Whether the picture is there, and has nothing drawn on it: no eye, and no edge."""
    patch = _patch(pixels, *eye).astype(float)
    luminance = patch[..., :3] @ LUMINANCE
    return bool(patch.size and (patch[..., 3] > 127).mean() > 0.8 and luminance.std() <= PLAIN)


def _is_dark(colour: tuple[int, int, int]) -> bool:
    return bool(np.dot(colour, LUMINANCE) < BRIGHT)


def _skin(pixels: np.ndarray, eye: Eye) -> tuple[int, int, int]:
    """The colour around an eye."""
    x, y, radius = eye
    patch = _patch(pixels, x, y, 2.2 * radius)
    rows_, columns = np.indices(patch.shape[:2])
    away = np.hypot(rows_ - patch.shape[0] / 2, columns - patch.shape[1] / 2) / radius
    around = patch[(away > 1.4) & (away < 2.2) & (patch[..., 3] > 127)]
    if not len(around):
        return (0, 0, 0)
    red, green, blue, _ = np.median(around, axis=0).astype(int).tolist()
    return red, green, blue


@cache
def eyes_by_caption() -> dict[str, list[Eyes]]:
    """The eyes of things by caption, for each of the shapes that they are drawn in."""
    found: dict[str, list[Eyes]] = {}
    for captions, kind, places, shape in rows(EYES):
        eyes = Eyes(kind == "drawn", tuple(map(_read_eye, places.split("; "))), int(shape, 16))
        for caption in captions.split("; "):
            found.setdefault(caption, []).append(eyes)
    return found


def _read_eye(numbers: str) -> Eye:
    return Eye(*(float(number) / 100 for number in numbers.split()))
