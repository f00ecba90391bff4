"""White parts that the U-Net has cut out are put back."""

import numpy as np
from PIL import Image

from emojich_core.bundles.bundle import load_bundle
from emojich_core.pipeline import Pipeline
from emojich_core.scenes.white_parts import captions, with_white_parts


def ring(opening: slice = slice(0, 0)) -> Image.Image:
    """A red square with a hole, from which `opening` leads to the right border."""
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[10:90, 10:90] = (200, 0, 0, 255)
    pixels[30:70, 30:70] = (255, 255, 255, 100)
    pixels[opening, 70:] = 0
    return Image.fromarray(pixels)


def test_table_has_captions_of_mini() -> None:
    vocabulary = load_bundle("mini").vocabulary
    assert vocabulary is not None
    assert captions() <= vocabulary.emoji_by_caption.keys()


def test_hole_of_a_thing_with_white_parts_becomes_white() -> None:
    pixels = np.asarray(with_white_parts(ring(), "ракета"))
    assert (pixels[30:70, 30:70] == 255).all()
    assert (pixels[:10] == 0).all()
    assert (pixels[10:30, 10:90] == (200, 0, 0, 255)).all()


def test_notch_stays() -> None:
    notched = ring(opening=slice(40, 60))
    assert with_white_parts(notched, "ракета").tobytes() == notched.tobytes()


def test_hole_of_another_thing_stays() -> None:
    assert with_white_parts(ring(), "пончик").tobytes() == ring().tobytes()


def test_body_of_a_rocket_is_solid() -> None:
    [drawing] = Pipeline.load("mini", "cpu").generate("ракета", 1, seed=4)
    alpha = np.asarray(drawing.image)[..., 3]
    left, top, right, bottom = drawing.image.getbbox() or (0, 0, 0, 0)
    assert alpha[(top + bottom) // 2, (left + right) // 2] == 255
