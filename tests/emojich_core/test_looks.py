"""Stickers get the colour that was asked for; images that are the same become different files."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageOps

from emojich_core.colours import shares
from emojich_core.looks import Look, Looks
from emojich_core.pipeline import Pipeline
from emojich_core.request import LEANS, ONE_WAY, Reading

RED, CLEAR = (200, 30, 40, 255), (255, 255, 255, 0)
READING = Reading("ракета", colours=("красный", "синий", "зеленый"))


def picture(
    colour: tuple[int, int, int, int] = RED, box: tuple[int, ...] = (56, 156, 456, 356)
) -> Image.Image:
    """A filled box on a clear page."""
    page = Image.new("RGBA", (512, 512), CLEAR)
    ImageDraw.Draw(page).rectangle(box, colour)
    return page


def main_colour(image: Image.Image) -> str:
    found = shares(np.asarray(image))
    return max(found, key=found.__getitem__)


def codes(*values: int) -> torch.Tensor:
    return torch.tensor(values).repeat(10)


def test_first_image_is_left_as_it_is() -> None:
    drawn = picture()
    assert Looks(READING, seed=1).of(codes(1, 2)).apply(drawn) is drawn


def test_repeats_take_colours_that_the_picture_does_not_have_and_then_a_disc() -> None:
    looks = Looks(READING, seed=0)
    given = [looks.of(codes(1, 2)).apply(picture()) for _ in range(5)]
    assert [main_colour(each) for each in given] == [
        "красный",
        "синий",
        "зеленый",
        "желтый",
        "голубой",
    ]
    assert len({each.tobytes() for each in given}) == 5


def flag(colour: tuple[int, int, int, int] = RED) -> Image.Image:
    """A box with another one at its upper right."""
    page = picture(colour)
    page.paste(colour, (356, 56, 456, 156))
    return page


@pytest.mark.parametrize(
    ("pose", "mirrored", "on_disc"), [("", [1], [2, 3]), (LEANS, [1], []), (ONE_WAY, [], [1, 2, 3])]
)
def test_repeats_are_turned_as_their_pose_allows(
    pose: str, mirrored: list[int], on_disc: list[int]
) -> None:
    looks = Looks(Reading("флаг", pose=pose), seed=0)
    given = [looks.of(codes(1)).apply(flag()) for _ in range(4)]
    assert len({each.tobytes() for each in given}) == 4
    other_side = ImageOps.mirror(flag()).tobytes()
    assert [n for n in range(4) if given[n].tobytes() == other_side] == mirrored
    # A disc fills the middle of the left edge, which stays clear otherwise.
    assert [n for n in range(4) if np.asarray(given[n])[256, 20, 3] > 250] == on_disc


def test_symmetric_picture_is_not_mirrored() -> None:
    given = Look(repeat=1).apply(picture())
    assert np.asarray(given)[256, 20, 3] > 250


@pytest.mark.parametrize("drawn", [picture(), flag()])
def test_scenes_of_repeats_differ_and_are_mirrored_as_a_whole(drawn: Image.Image) -> None:
    def with_a_corner(thing: Image.Image) -> Image.Image:
        scene = thing.copy()
        scene.paste((0, 0, 255, 255), (0, 0, 40, 40))
        return scene

    scenes = [Look(repeat=n).apply(drawn, with_a_corner) for n in range(9)]
    assert len({scene.tobytes() for scene in scenes}) == 9
    assert scenes[0].getpixel((5, 5)) == scenes[2].getpixel((506, 5)) == (0, 0, 255, 255)
    one_way = [Look(repeat=n, pose=ONE_WAY).apply(drawn, with_a_corner) for n in range(9)]
    assert len({scene.tobytes() for scene in one_way}) == 9
    assert {scene.getpixel((5, 5)) for scene in one_way} == {(0, 0, 255, 255)}


def test_the_seed_decides_which_colour_comes_first() -> None:
    looks = Looks(READING, seed=2)
    looks.of(codes(1, 2))
    assert main_colour(looks.of(codes(1, 2)).apply(picture())) == "зеленый"


def test_images_with_some_other_codes_are_repeats_and_with_many_are_none() -> None:
    looks, image = Looks(READING, seed=0), codes(1, 2)
    assert looks.of(image).repeat == 0
    almost, other = image.clone(), image.clone()
    almost[0] = other[:3] = 9
    assert looks.of(almost).repeat == 1
    assert looks.of(other).repeat == 0


def test_image_that_the_user_knows_counts_as_the_first() -> None:
    looks = Looks(READING, 0, known=tuple(codes(1, 2).tolist()))
    assert looks.of(codes(1, 2)).repeat == 1


def test_colour_that_was_asked_for_is_given_to_all_images() -> None:
    looks = Looks(Reading("ракета", colour="белый"), seed=0)
    given = [looks.of(codes(1, 2)).apply(picture()) for _ in range(2)]
    for each in given:
        assert np.asarray(each)[256, 256].tolist() == pytest.approx([243, 243, 243, 255], abs=8)
    assert given[0].tobytes() != given[1].tobytes()


def test_picture_without_a_main_colour_is_turned_only() -> None:
    stripes = picture((20, 20, 20, 255))  # as black as outlines
    look = Look("синий", 1, pose=LEANS)
    turned = look.apply(stripes)
    assert main_colour(turned) == "черный"
    assert turned.getbbox() != stripes.getbbox()


@pytest.mark.parametrize("repeat", range(1, 9))
@pytest.mark.parametrize(
    "box", [(0, 0, 511, 511), (0, 250, 511, 260), (200, 0, 310, 511), (5, 5, 6, 6)]
)
def test_turned_picture_fits_and_keeps_its_colour_at_the_edges(
    box: tuple[int, ...], repeat: int
) -> None:
    turned = Look(repeat=repeat, pose=LEANS).apply(picture(box=box))
    assert turned.size == (512, 512)
    pixels = np.asarray(turned)
    seen = pixels[pixels[..., 3] > 128]  # of clearer ones 8 bits do not tell the colour
    assert len(seen)
    assert np.abs(seen[:, :3].astype(int) - RED[:3]).max() <= 8


def test_clear_picture_stays_clear() -> None:
    clear = Image.new("RGBA", (512, 512), CLEAR)
    assert Look("синий", 3, ("красный",)).apply(clear).getbbox() is None


def test_stickers_of_a_model_that_is_sure_are_different_files(tiny_bundle: object) -> None:
    pipeline = Pipeline.load(str(tiny_bundle), "cpu")
    drawings = pipeline.generate("кот", count=4, seed=3, top_k=1)
    assert all(drawing.codes.equal(drawings[0].codes) for drawing in drawings)
    assert len({drawing.sticker for drawing in drawings}) == 4
