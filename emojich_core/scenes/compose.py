"""Pictures side by side, repeated, stretched, small; all (S, S, 4) uint8 with straight alpha."""

from io import BytesIO

import numpy as np
import resvg_py
from PIL import Image

SMALL = 0.5  # side of a small thing against its usual one
PAIR_SIDE = 0.5  # longer side of each of two things against the canvas
THREE_SIDE = 0.46  # and of each of three
LONG = 2.2  # length of a board, a broom or a rocket against its width
ROW = 1.6  # width of a row of things against its height
PIXELS, SHADES = 32, 40  # squares a side, and colours, of a picture in large pixels
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
    return _place(len(left), [(left, 0.27, 0.46, PAIR_SIDE), (right, 0.73, 0.54, PAIR_SIDE)])


def group(scene: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Things that stand together already, and another one: below a row, else at the right."""
    size, image = len(scene), visible(scene)
    if image.width > ROW * image.height:
        return _place(size, [(scene, 0.5, 0.27, 0.94), (other, 0.5, 0.74, 0.5)])
    return _place(size, [(scene, 0.33, 0.4, 0.66), (other, 0.76, 0.72, 0.46)])


def counted(rgba: np.ndarray, count: int) -> np.ndarray:
    """A thing two to ten times.  Raises ValueError for another count."""
    if count == 2:
        return pair(rgba, rgba)
    if count == 3:
        middles = [(0.5, 0.27), (0.26, 0.73), (0.74, 0.73)]
        return _place(len(rgba), [(rgba, x, y, THREE_SIDE) for x, y in middles])
    if count not in ROWS:
        raise ValueError(f"2 to 10 things, not {count}")
    rows = ROWS[count]
    step = 1 / max(*rows, len(rows))  # between the middles of neighbours
    middles = [
        (0.5 + (column - (length - 1) / 2) * step, 0.5 + (row - (len(rows) - 1) / 2) * step)
        for row, length in enumerate(rows)
        for column in range(length)
    ]
    return _place(len(rgba), [(rgba, x, y, 0.92 * step) for x, y in middles])


def stretched(rgba: np.ndarray, across: float) -> np.ndarray:
    """A thing that is `across` times as wide, in the middle, as large as fits."""
    image, size = visible(rgba), len(rgba)
    sides = (image.width * across, image.height)
    width, height = (max(1, round(side * FULL * size / max(sides))) for side in sides)
    canvas = Image.new("RGBA", (size, size))
    fit = image.resize((width, height), Image.Resampling.LANCZOS)
    canvas.alpha_composite(fit, ((size - width) // 2, (size - height) // 2))
    return np.asarray(canvas)


def in_pixels(rgba: np.ndarray) -> np.ndarray:
    """A picture in PIXELS squares a side, each of one of SHADES colours or clear.

    The side of the picture is a multiple of PIXELS.
    """
    size = len(rgba)
    step = size // PIXELS
    coarse = Image.fromarray(np.ascontiguousarray(rgba)).convert("RGBa")
    coarse = coarse.resize((PIXELS, PIXELS), Image.Resampling.BOX).convert("RGBA")
    pixels = np.asarray(coarse.convert("RGB").quantize(SHADES).convert("RGB"))
    alpha = np.where(np.asarray(coarse)[..., 3] > 127, 255, 0).astype(np.uint8)
    return np.dstack([pixels, alpha]).repeat(step, axis=0).repeat(step, axis=1)


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


def _place(size: int, things: list[tuple[np.ndarray, float, float, float]]) -> np.ndarray:
    """Things, each cropped to its visible part: at their centres (x, y), fitted into a side."""
    canvas = Image.new("RGBA", (size, size))
    for rgba, x, y, side in things:
        image = fitted(rgba, side)
        left, top = (
            min(max(round(middle * size - length / 2), 0), size - length)
            for middle, length in ((x, image.width), (y, image.height))
        )
        canvas.alpha_composite(image, (left, top))
    return np.asarray(canvas)


def centred(image: Image.Image, size: int) -> np.ndarray:
    """A picture (RGBA) in the middle of a canvas."""
    canvas = Image.new("RGBA", (size, size))
    canvas.alpha_composite(image, ((size - image.width) // 2, (size - image.height) // 2))
    return np.asarray(canvas)


def fitted(rgba: np.ndarray, side: float, size: int = 0) -> Image.Image:
    """The visible part of a thing, scaled so that its longer side has a share of the canvas.

    `size` of the canvas, by default that of the picture.
    """
    image = visible(rgba)
    scale = side * (size or len(rgba)) / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def visible(rgba: np.ndarray) -> Image.Image:
    """A thing without its transparent margins."""
    image = Image.fromarray(np.ascontiguousarray(rgba))
    return image.crop(image.getchannel("A").getbbox() or (0, 0, *image.size))


def rendered(body: str, size: int) -> Image.Image:
    """The elements of an SVG of 100 × 100 units as a picture (RGBA) of `size` pixels a side."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>'
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size))
    return Image.open(BytesIO(png), formats=("PNG",)).convert("RGBA")
