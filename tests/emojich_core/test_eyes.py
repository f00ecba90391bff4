"""Eyes of drawings: added, closed, coloured, and left alone where a drawing is another one."""

import numpy as np
import pytest
from PIL import Image

from emojich_core.bundles.bundle import load_bundle
from emojich_core.colours import GIVEN, main_part, recolour
from emojich_core.pipeline import Pipeline
from emojich_core.request import ANGRY, CLOSED, IN_LOVE, IN_TEARS, WINKING
from emojich_core.scenes.eyes import Eye, eyes_by_caption, eyes_in, with_eyes

STATES = (CLOSED, WINKING, IN_TEARS, ANGRY, IN_LOVE, "зеленый")


@pytest.fixture(scope="module")
def drawn() -> dict[str, Image.Image]:
    """A cat's head, whose eyes the weights draw, and a bear's, whose eyes they leave out."""
    pipeline = Pipeline.load("mini", "cpu")
    captions = ("морда кошки", "морда медведя")
    return {each: pipeline.generate(each, 1, seed=4)[0].image for each in captions}


def dark(picture: Image.Image, eye: Eye) -> float:
    """The share of dark pixels in the square around an eye."""
    x, y, radius = map(round, eye)
    patch = np.asarray(picture)[y - radius : y + radius, x - radius : x + radius, :3]
    return float((patch.max(axis=-1) < 80).mean())


def changed(picture: Image.Image, other: Image.Image) -> float:
    return float((np.asarray(picture) != np.asarray(other)).any(axis=-1).mean())


def test_table_has_captions_of_mini_and_places_in_their_drawings() -> None:
    vocabulary = load_bundle("mini").vocabulary
    assert vocabulary is not None
    assert eyes_by_caption().keys() <= vocabulary.emoji_by_caption.keys()
    for rows in eyes_by_caption().values():
        for row in rows:
            assert 1 <= len(row.places) <= 2
            assert all(0 < each < 1 for eye in row.places for each in eye)
            assert row.shape > 0


def test_missing_eyes_are_there(drawn: dict[str, Image.Image]) -> None:
    bear = drawn["морда медведя"]
    eyes = eyes_in(np.asarray(bear), "морда медведя").places
    assert len(eyes) == 2
    assert all(dark(bear, eye) > 0.4 for eye in eyes)
    # Not twice: the place is plain no longer.
    assert with_eyes(bear, "морда медведя") is bear


def test_open_eyes_that_are_drawn_stay(drawn: dict[str, Image.Image]) -> None:
    assert with_eyes(drawn["морда кошки"], "морда кошки") is drawn["морда кошки"]


def test_eyes_that_a_dark_colour_hides_are_added(drawn: dict[str, Image.Image]) -> None:
    pixels = np.asarray(drawn["морда кошки"])
    black = Image.fromarray(recolour(pixels, "черный", main_part(pixels)))
    seen = with_eyes(black, "морда кошки")
    for eye in eyes_in(pixels, "морда кошки").places:
        assert dark(black, eye) > 0.9
        assert dark(seen, eye) < 0.7  # a white ring around the pupil


def test_states_differ_and_leave_the_rest_alone(drawn: dict[str, Image.Image]) -> None:
    cat = drawn["морда кошки"]
    pictures = [with_eyes(cat, "морда кошки", state) for state in STATES]
    assert len({picture.tobytes() for picture in (cat, *pictures)}) == len(STATES) + 1
    assert all(0.001 < changed(cat, picture) < 0.06 for picture in pictures)
    for eye in eyes_in(np.asarray(cat), "морда кошки").places:
        assert dark(pictures[0], eye) < dark(cat, eye) / 2


def test_eyes_of_a_mirrored_drawing_are_found(drawn: dict[str, Image.Image]) -> None:
    bear = np.asarray(drawn["морда медведя"])[:, ::-1]
    cat = np.zeros_like(bear)
    cat[40:, 60:] = np.asarray(drawn["морда кошки"])[:-40, :-60]
    eyes, mirrored = (eyes_in(each, "морда кошки").places for each in (cat, cat[:, ::-1]))
    for eye, other in zip(eyes, mirrored[::-1], strict=True):
        assert eye.x == pytest.approx(511 - other.x, abs=12)
        assert eye.y == pytest.approx(other.y)
    assert len(eyes_in(bear, "морда медведя").places) == 2


@pytest.mark.parametrize("state", ["", *STATES])
def test_another_drawing_is_left_alone(state: str) -> None:
    """A table knows one shape: a profile's eye is no eye of a triangle."""
    pixels = np.zeros((512, 512, 4), np.uint8)
    for row in range(400):
        pixels[50 + row, 50 : 60 + row] = (200, 120, 40, 255)
    picture = Image.fromarray(pixels)
    assert with_eyes(picture, "слон", state) is picture
    assert with_eyes(picture, "пицца", state) is picture
    clear = Image.new("RGBA", (512, 512))
    assert with_eyes(clear, "слон", state) is clear


def test_colours_of_eyes_are_those_that_pictures_can_be_given() -> None:
    assert "зеленый" in GIVEN
