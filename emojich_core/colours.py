"""Named colours: finds the main colour of a drawing, and recolours it.

All in OKLab (Ottosson 2020), whose lightness, chroma and hue match human perception.
"""

from dataclasses import dataclass

import numpy as np

CHROMATIC = 0.045  # below this chroma people see grey
HUE_WIDTH = 50.0  # degrees to either side that still belong to a drawing's main colour
MIN_SHARE = 0.35  # of the visible pixels: less is no main colour

# sRGB (linear) → LMS, and its cube root → OKLab.
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
FROM_LAB, FROM_LMS = np.linalg.inv(TO_LAB), np.linalg.inv(TO_LMS)


@dataclass(frozen=True)
class Colour:
    """A colour as OKLCh: lightness 0…1, chroma, hue in degrees."""

    lightness: float
    chroma: float
    hue: float


# By the adjective's dictionary form.  White is left out: stickers are trained on white.
COLOURS = {
    "красный": Colour(0.60, 0.22, 27),
    "оранжевый": Colour(0.73, 0.18, 56),
    "желтый": Colour(0.88, 0.175, 97),
    "зеленый": Colour(0.66, 0.19, 144),
    "голубой": Colour(0.79, 0.12, 230),
    "синий": Colour(0.50, 0.21, 262),
    "фиолетовый": Colour(0.52, 0.22, 300),
    "розовый": Colour(0.77, 0.15, 355),
    "коричневый": Colour(0.46, 0.085, 52),
    "серый": Colour(0.64, 0.0, 0),
    "черный": Colour(0.29, 0.0, 0),
}
# The colours that `recolour` can give.
GIVEN = COLOURS | {"белый": Colour(0.96, 0.0, 0)}


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """SRGB (…, 3) uint8 → OKLab (…, 3) float32, lightness 0…1."""
    x = rgb.astype(np.float32) / 255
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ TO_LMS.T) @ TO_LAB.T, np.float32)


def to_rgb(lab: np.ndarray) -> np.ndarray:
    """OKLab (…, 3) → sRGB (…, 3) uint8; a colour outside sRGB loses chroma, not hue."""
    factor = np.ones(lab.shape[:-1], np.float32)
    for _ in range(6):
        scaled = lab * np.stack((np.ones_like(factor), factor, factor), axis=-1)
        linear = (scaled @ FROM_LAB.T) ** 3 @ FROM_LMS.T
        outside = (linear.min(axis=-1) < -0.002) | (linear.max(axis=-1) > 1.002)
        if not outside.any():
            break
        factor = np.where(outside, factor * 0.88, factor)
    linear = linear.clip(0, 1)
    x = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray((x * 255).round(), np.uint8)


def rgb_of(colour: Colour) -> tuple[int, int, int]:
    """A colour as sRGB, 0 to 255."""
    hue = np.radians(colour.hue)
    lab = (colour.lightness, colour.chroma * np.cos(hue), colour.chroma * np.sin(hue))
    red, green, blue = to_rgb(np.array(lab, np.float32)).tolist()
    return red, green, blue


def shares(rgba: np.ndarray) -> dict[str, float]:
    """The share of the visible pixels of (H, W, 4) uint8 that each named colour has, 0…1."""
    rgb, area, _ = _palette(rgba)
    named = nearest(to_lab(rgb))
    return {name: float(area[named == i].sum()) for i, name in enumerate(COLOURS)}


def nearest(lab: np.ndarray) -> np.ndarray:
    """The number in COLOURS of each OKLab colour (N, 3): (N,) int; -1 for white."""
    lightness, chroma, _ = _polar(lab)
    distance = np.empty((len(lab), len(COLOURS)), np.float32)
    for i, target in enumerate(COLOURS.values()):
        radians = np.deg2rad(target.hue)
        a, b = target.chroma * np.cos(radians), target.chroma * np.sin(radians)
        # Hue names a colour more than lightness does.
        away = 0.25 * (lightness - target.lightness) ** 2
        distance[:, i] = away + (lab[:, 1] - a) ** 2 + (lab[:, 2] - b) ** 2
    found = distance.argmin(axis=1)
    found[(lightness > 0.9) & (chroma < CHROMATIC)] = -1
    return found


@dataclass(frozen=True)
class Body:
    """The colours that make the main part of a drawing."""

    hue: float | None  # degrees, the middle; None for a grey or white thing
    glossy: bool  # whether its nearly white parts are gloss, eyes or teeth rather than the thing
    share: float  # of the visible pixels, 0…1
    lightness: tuple[float, float, float]  # its 5th, 50th and 95th percentile
    chroma: float  # median; 0 for a grey or white thing
    details: float  # share of nearly black parts outside of it: eyes, mouths, outlines


def main_part(rgba: np.ndarray) -> Body | None:
    """Find the hue that most of (H, W, 4) uint8 has, or grey; None if no hue has most of it.

    Outlines and pupils (nearly black) and gloss (nearly white) do not belong to it.
    """
    rgb, area, _ = _palette(rgba)
    if not len(rgb):
        return None
    lab = to_lab(rgb)
    lightness, chroma, angle = _polar(lab)
    coloured = area * _ramp(chroma, 0.02, CHROMATIC) * _ramp(lightness, 0.22, 0.34)
    grey = area * (1 - _ramp(chroma, 0.02, CHROMATIC)) * _ramp(lightness, 0.3, 0.5)
    if not coloured.any() and not grey.any():  # all of it is black
        return None
    bins = np.arange(2.5, 360, 5)
    masses, _ = np.histogram(angle, bins=len(bins), range=(0, 360), weights=coloured)
    close = np.abs(_hue_difference(bins[:, None], bins)) <= HUE_WIDTH
    best = int((close @ masses).argmax())
    hue, glossy = None, False
    if (close @ masses)[best] >= grey.sum() * 0.6:
        # The middle of these hues rather than the bin: both their edges count the same.
        offsets = _hue_difference(bins, bins[best])[close[best]]
        hue = bins[best] + np.average(offsets, weights=masses[close[best]])
    else:
        glossy = bool(np.average(lightness, weights=grey) < 0.88)
    weight = _weight(lab, hue, glossy)
    share = float((area * weight).sum())
    body = weight > 0.5
    if share < MIN_SHARE or not body.any():
        return None
    low, middle, high = _percentiles(lightness[body], area[body], (0.05, 0.5, 0.95))
    typical = 0.0 if hue is None else _percentiles(chroma[body], area[body], (0.5,))[0]
    details = float(area[(lightness < 0.35) & ~body].sum())
    return Body(hue, glossy, share, (low, middle, high), typical, details)


def possible_colours(rgba: np.ndarray, body: Body) -> list[str]:
    """The colours that a drawing (H, W, 4) uint8 can be given and does not have already."""
    before = shares(rgba)
    possible = []
    for name in COLOURS:
        if before[name] > 0.12:
            continue
        # On black, people see neither eyes nor mouth nor outline.
        if name == "черный" and body.details > 0.01:
            continue
        if shares(recolour(rgba, name, body))[name] >= MIN_SHARE:
            possible.append(name)
    return possible


def recolour(rgba: np.ndarray, name: str, body: Body | None = None) -> np.ndarray:
    """A drawing (H, W, 4) uint8 with its main part in a colour of GIVEN, shaded as it was.

    Raises ValueError when `main_part` finds none.
    """
    body = body or main_part(rgba)
    if body is None:
        raise ValueError("the drawing has no main colour")
    target = GIVEN[name]
    rgb, _, where = _palette(rgba)
    lab = to_lab(rgb)
    lightness, chroma, _ = _polar(lab)
    low, middle, high = body.lightness
    up = min(1.0, (0.97 - target.lightness) / max(high - middle, 0.02))
    down = min(1.0, (target.lightness - 0.16) / max(middle - low, 0.02))
    shade = lightness - middle
    new_lightness = (target.lightness + np.where(shade > 0, shade * up, shade * down)).clip(0.1, 1)
    strength = (chroma / body.chroma).clip(0, 1.25) if body.chroma else np.ones_like(chroma)
    radians = np.deg2rad(target.hue)
    a, b = target.chroma * strength * np.cos(radians), target.chroma * strength * np.sin(radians)
    new = np.stack((new_lightness, a, b), axis=-1)
    weight = _weight(lab, body.hue, body.glossy)[:, None]
    out = rgba.copy()
    out[rgba[..., 3] > 0, :3] = to_rgb(lab * (1 - weight) + new * weight)[where]
    return out


def _palette(rgba: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct colours of a drawing (H, W, 4): they are few, so working on them is fast.

    Returns the colours (N, 3) uint8, their shares of the area that can be seen (N,), and for each
    pixel with alpha the number of its colour (M,).
    """
    seen = rgba[rgba[..., 3] > 0]
    packed = seen[:, :3].astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    colours, where = np.unique(packed, return_inverse=True)
    area = np.bincount(where, weights=seen[:, 3], minlength=len(colours))
    rgb = np.stack((colours >> 16, colours >> 8 & 255, colours & 255), axis=-1).astype(np.uint8)
    return rgb, area / max(area.sum(), 1), where


def _weight(lab: np.ndarray, hue: float | None, glossy: bool) -> np.ndarray:
    """The degree to which each colour (N, 3) belongs to a main part, 0…1."""
    lightness, chroma, angle = _polar(lab)
    if hue is None:
        weight = 1 - _ramp(chroma, 0.03, CHROMATIC + 0.02)
        weight = weight * _ramp(lightness, 0.35, 0.55)
        return weight * (1 - _ramp(lightness, 0.94, 0.98)) if glossy else weight
    inside = 1 - _ramp(np.abs(_hue_difference(angle, hue)), HUE_WIDTH, HUE_WIDTH + 12)
    return inside * _ramp(lightness, 0.22, 0.34) * _ramp(chroma, 0.008, 0.03)


def _percentiles(
    values: np.ndarray, weights: np.ndarray, at: tuple[float, ...]
) -> tuple[float, ...]:
    order = values.argsort()
    reached = weights[order].cumsum() / weights.sum()
    found = np.searchsorted(reached, at).clip(max=len(values) - 1)
    return tuple(float(x) for x in values[order][found])


def _polar(lab: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lightness, chroma, hue in degrees 0…360, of OKLab (…, 3)."""
    hue = np.rad2deg(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    return lab[..., 0], np.hypot(lab[..., 1], lab[..., 2]), hue


def _hue_difference(hue: np.ndarray, centre: np.ndarray | float) -> np.ndarray:
    """Degrees from a centre to a hue, -180…180."""
    return np.asarray((hue - centre + 180) % 360 - 180)


def _ramp(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, straight between."""
    return np.asarray(((x - low) / (high - low)).clip(0, 1), np.float32)
