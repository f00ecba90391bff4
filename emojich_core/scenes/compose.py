"""Pictures side by side, repeated, stretched, small; all (S, S, 4) uint8 with straight alpha."""

import numpy as np
from PIL import Image

SMALL = 0.5  # side of a small thing against its usual one
PAIR_SIDE = 0.5  # longer side of each of two things against the canvas
THREE_SIDE = 0.46  # and of each of three
LONG = 2.2  # length of a board, a broom or a rocket against its width
FULL = 0.96  # longer side of a picture that is as large as fits
# How many copies are in each row, from the top, by the number of all.
ROWS = {
    4: (2, 2),
    5: (2, 3),
    6: (3, 3),
    7: (2, 3, 2),
    8: (3, 2, 3),
    9: (3, 3, 3),
    10: (3, 4, 3),
}


def mirrored(rgba: np.ndarray) -> np.ndarray:
    """Left and right exchanged."""
    return rgba[:, ::-1]


def small(rgba: np.ndarray) -> np.ndarray:
    """The picture at SMALL of its size, in the middle."""
    size = len(rgba)
    side = round(size * SMALL)
    canvas = np.zeros_like(rgba)
    corner = (size - side) // 2
    resized = Image.fromarray(np.ascontiguousarray(rgba)).resize(
        (side, side), Image.Resampling.LANCZOS
    )
    canvas[corner : corner + side, corner : corner + side] = np.asarray(resized)
    return canvas


def pair(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two things side by side, the right one a little lower and in front."""
    return _place(len(left), [(left, 0.27, 0.46), (right, 0.73, 0.54)], PAIR_SIDE)


def counted(rgba: np.ndarray, count: int) -> np.ndarray:
    """A thing two to ten times.  Raises ValueError for another count."""
    if count == 2:
        return pair(rgba, rgba)
    if count == 3:
        corners = [(rgba, 0.5, 0.27), (rgba, 0.26, 0.73), (rgba, 0.74, 0.73)]
        return _place(len(rgba), corners, THREE_SIDE)
    if count not in ROWS:
        raise ValueError(f"2 to 10 things, not {count}")
    rows = ROWS[count]
    step = 1 / max(*rows, len(rows))  # between the middles of neighbours
    places = [
        (rgba, 0.5 + (column - (length - 1) / 2) * step, 0.5 + (row - (len(rows) - 1) / 2) * step)
        for row, length in enumerate(rows)
        for column in range(length)
    ]
    return _place(len(rgba), places, 0.92 * step)


def stretched(rgba: np.ndarray, across: float) -> np.ndarray:
    """A thing that is `across` times as wide, in the middle, as large as fits."""
    image, size = visible(rgba), len(rgba)
    sides = (image.width * across, image.height)
    width, height = (max(1, round(side * FULL * size / max(sides))) for side in sides)
    canvas = Image.new("RGBA", (size, size))
    fit = image.resize((width, height), Image.Resampling.LANCZOS)
    canvas.alpha_composite(fit, ((size - width) // 2, (size - height) // 2))
    return np.asarray(canvas)


def laid_flat(rgba: np.ndarray) -> np.ndarray:
    """A thing that is LONG turned until its longer axis is level; any other stays as it is."""
    y, x = np.nonzero(rgba[..., 3] > 127)
    if len(x) < 3:
        return rgba
    variances, axes = np.linalg.eigh(np.cov(x, y))
    if variances[1] < LONG**2 * variances[0]:
        return rgba
    across, down = axes[:, 1] * (1 if axes[0, 1] >= 0 else -1)
    angle = float(np.degrees(np.arctan2(down, across)))
    turned = visible(rgba).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    canvas = Image.new("RGBA", (max(turned.size),) * 2)
    canvas.alpha_composite(turned)
    return np.asarray(canvas.resize((len(rgba),) * 2, Image.Resampling.LANCZOS))


def _place(size: int, things: list[tuple[np.ndarray, float, float]], side: float) -> np.ndarray:
    """Things, each cropped to its visible part and fitted into `side`, at their centres (x, y)."""
    canvas = Image.new("RGBA", (size, size))
    for rgba, x, y in things:
        image = fitted(rgba, side)
        corner = (round(x * size - image.width / 2), round(y * size - image.height / 2))
        canvas.alpha_composite(image, (max(corner[0], 0), max(corner[1], 0)))
    return np.asarray(canvas)


def fitted(rgba: np.ndarray, side: float) -> Image.Image:
    """The visible part of a thing, scaled so that its longer side has a share of the canvas."""
    image = visible(rgba)
    scale = side * len(rgba) / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def visible(rgba: np.ndarray) -> Image.Image:
    """A thing without its transparent margins."""
    image = Image.fromarray(np.ascontiguousarray(rgba))
    return image.crop(image.getchannel("A").getbbox() or (0, 0, *image.size))
