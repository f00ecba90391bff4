"""A request's images do not depend on the slots in which they are decoded."""

from dataclasses import replace

import pytest
import torch

from emojich_core.inference.image_request import DECODING_SHARE, ImageRequest
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import Prefill, Slots, prefill
from emojich_core.networks.transformer import Transformer
from emojich_core.request import Reading, Request
from tests.emojich_core.test_generation import CONFIG, TEXT

REQUEST = Request(id="1", prompt="кот", count=4, seed=7)


@pytest.fixture(scope="module")
def model() -> Transformer:
    torch.manual_seed(0)
    return Transformer(CONFIG).eval()


@pytest.fixture(scope="module")
def prefills(model: Transformer) -> list[Prefill]:
    return [prefill(model, TEXT)]


def step(images: ImageRequest, slots: Slots) -> float:
    """Fill the free slots and decode one code; returns the progress."""
    for slot in range(slots.count):
        if images.waiting and slot not in images.slots:
            images.enter(slots, slot)
    slots.step()
    images.update(slots)
    return images.progress(finished=0)


def decode(images: ImageRequest, slots: Slots) -> list[float]:
    """Decode all images; returns the progress after each step."""
    fractions = [step(images, slots)]
    while not images.is_decoded:
        fractions.append(step(images, slots))
    return fractions


def codes(images: ImageRequest) -> list[list[int]]:
    return [image.codes.tolist() for image in images.best()]


def test_images_do_not_depend_on_the_number_of_slots(
    model: Transformer, prefills: list[Prefill]
) -> None:
    found = []
    for count in (1, 3, 9):
        images = ImageRequest(REQUEST, Sampling(), prefills)
        fractions = decode(images, Slots(model, count))
        assert fractions == sorted(fractions)
        assert fractions[-1] == pytest.approx(DECODING_SHARE)
        found.append(codes(images))
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 4


def test_images_that_lose_their_slots_start_again(
    model: Transformer, prefills: list[Prefill]
) -> None:
    undisturbed = ImageRequest(REQUEST, Sampling(), prefills)
    decode(undisturbed, Slots(model, 3))
    images, slots = ImageRequest(REQUEST, Sampling(), prefills), Slots(model, 3)
    for _ in range(20):  # three images are complete, the fourth has begun
        step(images, slots)
    images.restart()
    assert len(images.waiting) == 1
    decode(images, Slots(model, 1))
    assert codes(images) == codes(undisturbed)


def test_best_of_selects_the_lowest_perplexities(
    model: Transformer, prefills: list[Prefill]
) -> None:
    many, few = (
        ImageRequest(Request("1", "кот", count=count, seed=7), Sampling(), prefills, best_of=9)
        for count in (9, 2)
    )
    decode(many, Slots(model, 9))
    decode(few, Slots(model, 4))
    assert codes(few) == codes(many)[:2]
    with pytest.raises(ValueError, match="best_of must be"):
        ImageRequest(REQUEST, Sampling(), prefills, best_of=3)


def test_scores_order_the_images_of_lowest_perplexity(
    model: Transformer, prefills: list[Prefill]
) -> None:
    request = Request("1", "кот", count=1, seed=7)
    images = ImageRequest(request, Sampling(), prefills, best_of=9)
    assert images.extra
    decode(images, Slots(model, 9))
    shortlist = images.shortlist()
    assert len(shortlist) == 4
    assert shortlist[0] == images.best()[0]
    perplexities = [image.perplexity for image in shortlist]
    assert perplexities == sorted(perplexities)
    [best] = images.best([0.1, 0.2, 0.4, 0.3])
    assert best == replace(shortlist[2], score=0.4)
    [equal] = images.best([0.1, 0.2, 0.2, 0.2])
    assert equal.seed == shortlist[1].seed, "equal scores leave the order by perplexity"
    assert not ImageRequest(request, Sampling(), prefills).extra


def test_other_things_of_a_scene_are_decoded_once_and_belong_to_every_image(
    model: Transformer, prefills: list[Prefill]
) -> None:
    alone = ImageRequest(REQUEST, Sampling(), prefills)
    reading = Reading("кот", layout="with", others=(Reading("пицца", colour="синий"),))
    scene = ImageRequest(REQUEST, Sampling(), prefills, reading=reading, others=prefills)
    assert scene.is_chosen_at_the_end
    assert not alone.is_chosen_at_the_end
    assert not scene.extra
    for images, slots in ((alone, 4), (scene, 3)):
        decode(images, Slots(model, slots))
    assert codes(scene) == codes(alone)
    for image in scene.best():
        [other] = image.others
        assert other.seed == REQUEST.seed + REQUEST.count
        assert (other.look.colour, image.layout) == ("синий", "with")


def test_other_thing_that_is_a_blot_is_retried_and_never_missing(
    model: Transformer, prefills: list[Prefill], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojich_core.inference.retries.BLOT", 0.5)  # every image is one
    reading = Reading("кот", layout="with", others=(Reading("пицца"),))
    request = Request("1", "кот", count=1, seed=7)
    images = ImageRequest(request, Sampling(), prefills, None, 4, reading, prefills)
    decode(images, Slots(model, 3))
    [best] = images.best()
    assert [other.seed for other in best.others] == [11]
