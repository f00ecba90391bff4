"""Pictures of animals and things in places, with hats and with a second thing."""

from collections.abc import Callable

import numpy as np
import pytest

from emojich_core.scenes.eyes import Eye
from emojich_core.scenes.places import PLACES, WEATHER, placed
from emojich_core.scenes.together import asleep, carrying, in_mood, riding, sitting
from emojich_core.scenes.worn import Place, clothed, wearing

SIDE = 96
RED = (255, 0, 0, 255)


@pytest.fixture
def thing() -> np.ndarray:
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[30:90, 20:76] = RED
    return rgba


@pytest.mark.parametrize("place", PLACES)
def test_place_surrounds_the_picture(thing: np.ndarray, place: str) -> None:
    scene = placed(thing, place)
    assert scene.shape == thing.shape
    assert [scene[y, x, 3] for y in (0, -1) for x in (0, -1)] == [0, 0, 0, 0]
    assert (scene[..., 3] > 250).mean() > 0.3
    red = (scene == RED).all(axis=-1).mean()
    assert 0.1 < red < 0.4


def test_places_look_different(thing: np.ndarray) -> None:
    scenes = [placed(thing, place).astype(int) for place in PLACES]
    for i, scene in enumerate(scenes):
        for other in scenes[:i]:
            assert np.abs(scene - other).mean() > 5


def test_hat_is_placed_on_the_top(thing: np.ndarray) -> None:
    hat = np.zeros_like(thing)
    hat[40:60, 30:60] = (0, 0, 255, 255)
    dressed = wearing(thing, [(hat, "top")])
    rows = np.arange(SIDE)
    blue = (dressed[..., 2] > 200).any(axis=1)
    red = (dressed[..., 0] > 200).any(axis=1)
    assert blue.any()
    assert rows[blue].max() < SIDE / 2 < rows[red].max()


def test_hat_is_above_the_eyes_and_glasses_before_them(thing: np.ndarray) -> None:
    """The eyes of the thing, which is 56 wide and 60 high, are near its upper edge."""
    worn = np.zeros_like(thing)
    worn[20:80, 20:80] = (0, 0, 255, 255)
    eyes = [Eye(34, 40, 3), Eye(62, 40, 3)]

    def middle(place: Place, eyes: list[Eye]) -> tuple[float, float]:
        scene = wearing(thing, [(worn, place)], eyes)
        ys, xs = np.nonzero((scene == (0, 0, 255, 255)).all(axis=-1))
        return float(ys.mean()) / SIDE, float(xs.mean()) / SIDE

    assert middle("eyes", eyes)[0] < middle("eyes", [])[0] - 0.1
    assert middle("top", eyes)[0] < middle("top", [])[0]
    assert middle("eyes", [Eye(28, 40, 3)])[1] < 0.4  # a profile that looks to the left
    assert middle("eyes", [Eye(68, 40, 3)])[1] > 0.6
    assert middle("chest", [Eye(28, 40, 3)])[0] > middle("eyes", [Eye(28, 40, 3)])[0] + 0.1


@pytest.mark.parametrize("weather", WEATHER)
def test_weather_is_seen_in_another_place(thing: np.ndarray, weather: str) -> None:
    fair, scene = placed(thing, "в лесу"), placed(thing, "в лесу", weather)
    assert np.abs(fair.astype(int) - scene).mean() > 1
    assert (scene == RED).all(axis=-1).mean() > 0.1
    assert scene[0, 0, 3] == 0


def test_sleeper_has_letters_at_the_upper_right(thing: np.ndarray) -> None:
    scene = asleep(thing)
    ys, xs = np.nonzero((scene[..., 2] > 200) & (scene[..., 0] < 100))
    assert ys.mean() < SIDE / 2 < xs.mean()


def test_second_picture_is_placed_by_its_preposition(thing: np.ndarray) -> None:
    other = np.zeros_like(thing)
    other[20:80, 20:80] = (0, 0, 255, 255)
    places = {
        "below, to the right": carrying(thing, other),
        "below": riding(thing, other),
        "above, to the right": in_mood(thing, other),
        "in the middle": wearing(thing, [(other, "eyes")]),
        "below the middle": wearing(thing, [(other, "neck")]),
        "below the head": wearing(thing, [(other, "throat")]),
        "below, as clothes": clothed(thing, other),
        "in the middle of a sitter": sitting(other, thing),
    }
    for place, scene in places.items():
        ys, xs = np.nonzero((scene == (0, 0, 255, 255)).all(axis=-1))
        red = np.nonzero((scene == RED).all(axis=-1))
        assert len(ys), place
        assert len(red[0]), place
        down, across = ys.mean() / SIDE, xs.mean() / SIDE
        assert (down > 0.6) == place.startswith("below"), (place, down)
        assert (down < 0.4) == place.startswith("above"), (place, down)
        assert (across > 0.6) == place.endswith("right"), (place, across)
        assert (across < 0.4) == place.endswith("left"), (place, across)


def test_rain_falls_above_its_picture(thing: np.ndarray) -> None:
    def top(place: str) -> int:
        red = (placed(thing, place) == RED).all(axis=-1)
        return int(np.nonzero(red.any(axis=1))[0][0])

    assert top("под дождем") > 0.3 * SIDE > top("в огне")


def test_chin_is_before_a_scarf_and_a_bow_before_the_chin(thing: np.ndarray) -> None:
    other = np.zeros_like(thing)
    other[20:80, 20:80] = (0, 0, 255, 255)

    def height(place: Place) -> float:
        """Of what is seen of the other thing, a square, against its width."""
        scene = wearing(thing, [(other, place)])
        ys, xs = np.nonzero(scene[..., 2:].min(axis=-1) > 200)
        return float(np.ptp(ys) / np.ptp(xs))

    assert height("neck") > 0.9 > 0.7 > height("throat")


@pytest.mark.parametrize("arranged", [carrying, in_mood])
def test_low_animal_is_not_apart_from_what_is_with_it(
    thing: np.ndarray, arranged: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> None:
    low, other = np.zeros_like(thing), np.zeros_like(thing)
    low[40:60, 4:92] = RED
    other[20:80, 20:80] = (0, 0, 255, 255)
    scene = arranged(low, other)
    rows = (scene[..., 3] > 0).any(axis=1)
    [first, *_, last] = np.nonzero(rows)[0]
    assert rows[first:last].all()
    assert first == pytest.approx(SIDE - 1 - last, abs=2)
