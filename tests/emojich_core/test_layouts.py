"""Drawings become one sticker; `generate` and the engine draw the same scenes."""

import numpy as np
import pytest
from PIL import Image

from emojich_core.colours import GIVEN
from emojich_core.pipeline import Pipeline
from emojich_core.reading import counts
from emojich_core.reading.descriptions import descriptions
from emojich_core.reading.layouts import COLOURED_OUTFITS, OUTFITS, PLACES
from emojich_core.reading.scene_parts import LINKS, WORN
from emojich_core.request import Request
from emojich_core.scenes.layouts import LAYOUTS, WITH_ANOTHER, arrange
from emojich_core.scenes.places import ALL_INSIDE, placed
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler

RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)


def square(colour: tuple[int, int, int, int]) -> Image.Image:
    page = Image.new("RGBA", (512, 512))
    page.paste(colour, (100, 100, 400, 400))
    return page


def share(picture: Image.Image, colour: tuple[int, int, int, int]) -> float:
    return float((np.asarray(picture) == colour).all(axis=-1).mean())


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_everything_is_seen_in_a_layout(layout: str) -> None:
    has_another = layout in WITH_ANOTHER or layout.startswith("worn")
    things = [square(RED), square(BLUE)] if has_another else [square(RED)]
    picture = arrange(layout, things)
    assert (picture.size, picture.mode) == ((512, 512), "RGBA")
    assert share(picture, RED) > 0.04
    assert not has_another or share(picture, BLUE) > 0.02


def test_every_scene_that_is_read_has_a_layout() -> None:
    worn = {f"worn at the {place}" for place in ("chest", *(place for _, place in WORN.values()))}
    described = {description.layout for description in descriptions().values()}
    read = {
        *PLACES,
        *OUTFITS,
        *(f"{outfit} {colour}" for outfit in COLOURED_OUTFITS for colour in GIVEN),
        *LINKS.values(),
        *counts.LAYOUTS.values(),
        *(described - {""}),
        *worn,
        *("with another", "clothed", "on a seat"),
    }
    assert read == LAYOUTS


def test_layouts_follow_one_another() -> None:
    """A thing in a mood, with another one, in a place: each takes its pictures in order."""
    green = (0, 255, 0, 255)
    things = [square(RED), square(BLUE), square(green)]
    mood, scene = arrange("in a mood", things[:2]), arrange("in a mood; with; в лесу", things)
    both = np.asarray(arrange("with", [mood, things[2]]))
    expected = placed(both, "в лесу", side=ALL_INSIDE)
    assert np.asarray(scene).tobytes() == expected.tobytes()
    assert all(share(scene, colour) > 0.01 for colour in (RED, BLUE, green))


def test_engine_draws_a_scene_as_generate_does() -> None:
    pipeline = Pipeline.load("mini", "cpu")
    expected = [drawing.sticker for drawing in pipeline.generate("кот с пиццей", 2, seed=4)]
    [plain] = pipeline.generate("кот", 1, seed=4)
    assert len({*expected, plain.sticker}) == 3
    scheduler = Scheduler(pipeline, slots=2)
    scheduler.start()
    task = Task(Request(id="1", prompt="кот с пиццей", count=2, seed=4))
    scheduler.put(task)
    assert task.ended.wait(60)
    assert [sticker.file for sticker in task.outcome[1]] == expected


def test_hats_and_glasses_are_worn_together() -> None:
    """What is worn at once is as large as one of it alone."""
    green = (0, 255, 0, 255)
    both = arrange("worn at the eyes; worn at the top", [square(RED), square(BLUE), square(green)])
    one = arrange("worn at the eyes", [square(RED), square(BLUE)])
    assert share(both, green) > 0.05
    assert share(both, BLUE) > 0.4 * share(one, BLUE)


def test_another_thing_is_below_a_row_of_things() -> None:
    row = arrange("twice; beside", [square(RED), square(BLUE)])
    pixels = np.asarray(row)
    red, blue = (np.nonzero((pixels == each).all(axis=-1))[0] for each in (RED, BLUE))
    assert red.max() < blue.mean()
    assert share(row, BLUE) > 0.15


def test_second_thing_that_is_carried_does_not_hide_the_first() -> None:
    green = (0, 255, 0, 255)
    scene = arrange("with; with another", [square(RED), square(BLUE), square(green)])
    assert share(scene, BLUE) > 0.07
    assert share(scene, green) > 0.1
