"""Pictures are recoloured."""

import numpy as np
import pytest

from emojich_core.colours import (
    COLOURS,
    main_part,
    possible_colours,
    recolour,
    shares,
    to_lab,
    to_rgb,
)

SIDE = 64


def drawing(body: tuple[int, int, int]) -> np.ndarray:
    """A disc with a soft edge, a black eye and a white one."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[..., :3] = body
    rgba[..., 3] = np.clip((28 - np.hypot(x, y)) * 128 + 128, 0, 255).astype(np.uint8)
    rgba[:32, ..., :3] = np.minimum(rgba[:32, ..., :3].astype(int) + 25, 255)  # light from above
    rgba[20:26, 20:26, :3] = 0
    rgba[20:26, 38:44, :3] = 255
    return rgba


def test_oklab_conversion_is_invertible() -> None:
    rgb = np.random.default_rng(0).integers(256, size=(500, 3)).astype(np.uint8)
    assert np.abs(to_rgb(to_lab(rgb)).astype(int) - rgb).max() <= 1


@pytest.mark.parametrize("name", COLOURS)
def test_recoloured_picture_shows_the_new_colour(name: str) -> None:
    before = drawing((240, 150, 40))
    after = recolour(before, name)
    assert shares(after)[name] > 0.7


@pytest.mark.parametrize("body", [(240, 150, 40), (150, 150, 150), (235, 235, 235)])
def test_recolouring_keeps_outline_eyes_and_alpha(body: tuple[int, int, int]) -> None:
    before = drawing(body)
    after = recolour(before, "синий")
    assert (after[..., 3] == before[..., 3]).all()
    assert after[22, 22, :3].max() < 10
    if body[0] != 235:  # all that is white of a white thing is the thing
        assert after[22, 40, :3].min() > 245
    assert shares(after)["синий"] > 0.7


def test_recolouring_keeps_the_shading() -> None:
    after = to_lab(recolour(drawing((200, 40, 40)), "зеленый")[..., :3])
    assert after[15, 32, 0] > after[50, 32, 0]


def test_picture_is_not_recoloured_to_its_own_colour() -> None:
    red = drawing((230, 40, 40))
    body = main_part(red)
    assert body is not None
    possible = possible_colours(red, body)
    assert "красный" not in possible
    assert {"синий", "зеленый", "желтый"} <= set(possible)


def test_black_picture_has_no_main_colour() -> None:
    assert main_part(np.full((SIDE, SIDE, 4), (10, 10, 10, 255), np.uint8)) is None


def test_colourful_picture_has_no_main_colour() -> None:
    rgba = np.full((SIDE, SIDE, 4), 255, np.uint8)
    hues = np.deg2rad(np.arange(SIDE) * 6 // SIDE * 60)  # six stripes
    lab = np.stack((np.full(SIDE, 0.7), 0.12 * np.cos(hues), 0.12 * np.sin(hues)), axis=-1)
    rgba[..., :3] = to_rgb(lab)
    assert main_part(rgba) is None
    with pytest.raises(ValueError, match="no main colour"):
        recolour(rgba, "синий")
