"""Pictures are placed side by side, repeated and made small."""

import numpy as np
import pytest
from PIL import Image

from emojich_core.scenes.compose import (
    PIXELS,
    SMALL,
    counted,
    in_pixels,
    laid_flat,
    mirrored,
    pair,
    small,
    stretched,
    visible,
)

SIDE = 96


def square(rgb: tuple[int, int, int]) -> np.ndarray:
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[8:88, 8:88] = (*rgb, 255)
    return rgba


RED, BLUE = square((255, 0, 0)), square((0, 0, 255))


def test_pair_shows_both_pictures_whole_and_in_order() -> None:
    both = pair(RED, BLUE)
    assert both.shape == RED.shape
    red = (both[..., 0] > 200) & (both[..., 3] > 200)
    blue = (both[..., 2] > 200) & (both[..., 3] > 200)
    assert np.nonzero(red)[1].mean() < SIDE / 2 < np.nonzero(blue)[1].mean()
    assert min(red.sum(), blue.sum()) > 0.2 * SIDE**2
    assert not both[0].any()
    assert not both[-1].any()


@pytest.mark.parametrize("count", [2, 3])
def test_copies_fill_their_share_of_the_picture(count: int) -> None:
    area = (counted(RED, count)[..., 3] > 127).sum() / SIDE**2
    assert 0.18 * count < area < 0.26 * count


@pytest.mark.parametrize("count", range(4, 11))
def test_all_copies_are_seen_whole_and_apart(count: int) -> None:
    assert _spots(counted(RED, count)[..., 3] > 127) == count


def _spots(seen: np.ndarray) -> int:
    """How many connected parts a mask (H, W) has."""
    left, found = seen.copy(), 0
    while left.any():
        found += 1
        waiting = [tuple(np.argwhere(left)[0])]
        while waiting:
            y, x = waiting.pop()
            if 0 <= y < len(left) and 0 <= x < len(left) and left[y, x]:
                left[y, x] = False
                waiting += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
    return found


@pytest.mark.parametrize("count", [1, 11])
def test_number_of_copies_for_which_there_is_no_room_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"not {count}"):
        counted(RED, count)


@pytest.mark.parametrize(("across", "wider"), [(1.5, 1.5), (0.5, 0.5)])
def test_stretched_picture_fits_and_is_in_the_middle(across: float, wider: float) -> None:
    y, x = np.nonzero(stretched(RED, across)[..., 3] > 127)
    height, width = np.ptp(y) + 1, np.ptp(x) + 1
    assert width / height == pytest.approx(wider, rel=0.05)
    assert max(width, height) == pytest.approx(0.96 * SIDE, abs=2)
    assert (y.mean(), x.mean()) == pytest.approx(((SIDE - 1) / 2,) * 2, abs=1)


def test_small_picture_is_centred() -> None:
    alpha = small(RED)[..., 3] > 127
    assert alpha.sum() == pytest.approx((RED[..., 3] > 127).sum() * SMALL**2, rel=0.1)
    y, x = np.nonzero(alpha)
    assert (y.mean(), x.mean()) == pytest.approx(((SIDE - 1) / 2,) * 2, abs=1)


def test_mirroring_twice_gives_the_same_picture() -> None:
    both = pair(RED, BLUE)
    assert (mirrored(mirrored(both)) == both).all()
    assert (mirrored(both)[:, 0] == both[:, -1]).all()


@pytest.mark.parametrize("turn", [40, -40, 80])
def test_board_is_laid_flat_and_a_ball_stays(turn: int) -> None:
    board = Image.new("RGBA", (SIDE, SIDE))
    board.paste((200, 30, 30, 255), (8, 38, 88, 58))
    flat = laid_flat(np.asarray(board.rotate(turn, Image.Resampling.BICUBIC)))
    width, height = visible(flat).size
    assert flat.shape == RED.shape
    assert width > 3 * height
    assert np.array_equal(laid_flat(RED), RED)
    nothing = np.zeros_like(RED)
    assert np.array_equal(laid_flat(nothing), nothing)


def test_large_pixels_are_squares_of_one_colour() -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (128, 128, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    coarse = in_pixels(rgba)
    squares = coarse.reshape(PIXELS, 4, PIXELS, 4, 4)
    assert (squares == squares[:, :1, :, :1]).all()
    assert set(np.unique(coarse[..., 3])) <= {0, 255}
