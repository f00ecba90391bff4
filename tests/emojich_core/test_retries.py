"""Blots are decoded again."""

import pytest
import torch

from emojich_core.inference.retries import COOLER, RETRIES, RetryPolicy
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImageCodes


def image(code: int, seed: int, perplexity: float = 1.0) -> ImageCodes:
    return ImageCodes(torch.full((16,), code), seed, perplexity)


def test_a_blot_is_accepted_after_the_last_retry() -> None:
    request = RetryPolicy(Sampling())
    first, second = image(5, 1, 1), image(6, 2, 9)
    assert request.select([first, second]) == [first]
    for _ in range(RETRIES - 1):
        assert request.next_round() == [2]
        assert request.select([second]) == []
    assert request.next_round() == [2]
    assert request.select([second]) == [second]
    assert request.next_round() == []


def test_a_blot_is_retried_at_a_lower_temperature() -> None:
    request = RetryPolicy(Sampling(temperature=0.8))
    good, fair = image(5, 1, 1.5), image(6, 2, 2.9)
    assert request.select([image(8, 4, 9), good, image(7, 3, 3.1), fair]) == [good, fair]
    assert request.next_round() == [3, 4]
    assert request.sampling.temperature == pytest.approx(0.8 * COOLER)
    cured = image(5, 3, 1.5)
    assert request.select([cured, image(9, 4, 8)]) == [cured]
    assert request.next_round() == [4]
    assert request.sampling.temperature == pytest.approx(0.8 * COOLER**2)
