"""Things in places, and with hats on."""

import numpy as np
import pytest

from emojich_core.training.data.scenes import PLACES, placed, wearing

SIDE = 96
RED = (255, 0, 0, 255)


@pytest.fixture
def thing() -> np.ndarray:
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[30:90, 20:76] = RED
    return rgba


@pytest.mark.parametrize("place", PLACES)
def test_a_place_surrounds_the_thing(thing: np.ndarray, place: str) -> None:
    scene = placed(thing, place)
    assert scene.shape == thing.shape
    assert [scene[y, x, 3] for y in (0, -1) for x in (0, -1)] == [0, 0, 0, 0]
    assert (scene[..., 3] > 250).mean() > 0.6
    red = (scene == RED).all(axis=-1).mean()
    assert 0.1 < red < 0.4


def test_places_look_different(thing: np.ndarray) -> None:
    scenes = [placed(thing, place).astype(int) for place in PLACES]
    for i, scene in enumerate(scenes):
        for other in scenes[:i]:
            assert np.abs(scene - other).mean() > 20


def test_a_hat_sits_on_the_top(thing: np.ndarray) -> None:
    hat = np.zeros_like(thing)
    hat[40:60, 30:60] = (0, 0, 255, 255)
    dressed = wearing(thing, hat)
    rows = np.arange(SIDE)
    blue = (dressed[..., 2] > 200).any(axis=1)
    red = (dressed[..., 0] > 200).any(axis=1)
    assert blue.any()
    assert rows[blue].max() < SIDE / 2 < rows[red].max()
    assert not (dressed[-1, :, 3]).any()
