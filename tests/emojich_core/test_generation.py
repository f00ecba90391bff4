import gc
import math
import weakref
from dataclasses import replace
from typing import Any

import pytest
import torch

from emojich_core.inference.sampling import Sampling, filter_logits, make_noise, perplexity, sample
from emojich_core.inference.slots import ImagePrompt, Slots, generate, prefill
from emojich_core.networks.transformer import Transformer, TransformerConfig

CONFIG = TransformerConfig(
    num_layers=3,  # one of each kind
    hidden_size=32,
    num_attention_heads=2,
    vocab_size=50 + 6,
    text_seq_length=6,
    image_vocab_size=20,
    image_tokens_per_dim=4,
)


def drawn(
    model: Transformer, text: torch.Tensor, seeds: list[int], sampling: Sampling, **more: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes and perplexities of the images from `generate`."""
    images = generate(model, text, seeds, sampling, **more)
    scores = torch.tensor([image.perplexity for image in images])
    return torch.stack([image.codes for image in images]), scores


TEXT = torch.tensor([2, 7, 9, 3, 0, 0])


@pytest.fixture(scope="module")
def model() -> Transformer:
    torch.manual_seed(0)
    model = Transformer(CONFIG).eval()
    for parameter in model.parameters():  # far from uniform, so that choices matter
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def test_same_seed_gives_same_codes_and_another_seed_others(model: Transformer) -> None:
    first, scores = drawn(model, TEXT, [1, 2], Sampling())
    again, same_scores = drawn(model, TEXT, [1, 2], Sampling())
    assert first.equal(again)
    assert scores.equal(same_scores)
    assert not first[0].equal(first[1])


def test_image_does_not_depend_on_others_in_the_batch(model: Transformer) -> None:
    together, scores = drawn(model, TEXT, [5, 6, 7], Sampling())
    alone, score = drawn(model, TEXT, [6], Sampling())
    assert together[1].equal(alone[0])
    torch.testing.assert_close(scores[1], score[0])


def test_perplexities_are_those_of_a_second_pass(model: Transformer) -> None:
    codes, scores = drawn(model, TEXT, [1, 2, 3], Sampling(temperature=0.7, top_k=5))
    with torch.inference_mode():
        text = TEXT.expand(3, -1)
        embeddings = torch.cat((model.embed_text(text), model.embed_codes(codes)), dim=1)
        logits = model.image_logits(model(embeddings[:, :-1])[:, 6:])
        losses = -logits.log_softmax(-1).gather(-1, codes[..., None]).squeeze(-1)
    torch.testing.assert_close(scores, perplexity(losses), rtol=1e-4, atol=1e-4)


def test_prompt_changes_the_codes(model: Transformer) -> None:
    other = torch.tensor([2, 30, 31, 3, 0, 0])
    codes, _ = drawn(model, TEXT, [1], Sampling())
    changed, _ = drawn(model, other, [1], Sampling())
    assert not codes.equal(changed)


def test_every_step_is_reported(model: Transformer) -> None:
    steps: list[int] = []
    drawn(model, TEXT, [1], Sampling(), on_step=steps.append)
    assert steps == list(range(1, 17))


def test_image_prompt_marks_the_given_borders() -> None:
    codes = torch.arange(16)
    given = ImagePrompt.borders(codes, up=1, down=0, left=0, right=2).given.view(4, 4)
    assert given.int().tolist() == [[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert not ImagePrompt.borders(codes).given.any()
    assert ImagePrompt.borders(codes, up=9).given.all()
    assert ImagePrompt.borders(codes, down=1).given.tolist() == [False] * 12 + [True] * 4


def test_given_codes_use_no_random_numbers(model: Transformer) -> None:
    # As in ru-dalle: the first sampled code takes the first random numbers.
    whole, _ = drawn(model, TEXT, [1], Sampling())
    prompt = ImagePrompt.borders(whole[0], down=2)
    again, _ = drawn(model, TEXT, [1], Sampling(), image_prompt=prompt)
    assert again.equal(whole)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("up", [0, 2, 4])
def test_codes_given_at_the_beginning_are_computed_at_once(
    model: Transformer, up: int, guidance: float
) -> None:
    prompt = ImagePrompt.borders(torch.arange(16), up=up, left=1)
    sampling, images = Sampling(guidance=guidance), []
    for at_once in (None, prompt):
        slots = Slots(model, 3, guided=True)
        unprompted = prefill(model, torch.zeros_like(TEXT), at_once)
        begun = replace(prefill(model, TEXT, at_once), unprompted=unprompted)
        slots.enter(1, begun, 7, sampling, prompt)
        if at_once:
            assert slots.decoded(1) == {0: 1, 2: 9, 4: 15}[up]
        while slots.decoded(1) < slots.length:
            slots.step()
        images.append((slots.image(1), slots.losses[1]))
    [(one_by_one, expected), (together, found)] = images
    assert together.codes.equal(one_by_one.codes)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_top_k_and_top_p_keep_the_likeliest() -> None:
    logits = torch.tensor([[0.5, 0.05, 0.3, 0.15]]).log()

    def is_possible(k: int, p: float) -> list[bool]:
        filtered = filter_logits(logits, torch.tensor([[k]]), torch.tensor([[p]]), 4)
        return filtered.isfinite()[0].tolist()

    assert is_possible(4, 1.0) == [True, True, True, True]
    assert is_possible(2, 1.0) == [True, False, True, False]
    assert is_possible(4, 0.6) == [True, False, True, False]  # the one that crosses 0.6 stays
    assert is_possible(4, 0.4) == [True, False, False, False]
    assert is_possible(4, 0.0) == [True, False, False, False]


def test_codes_as_likely_as_the_last_of_the_top_k_are_kept() -> None:
    logits = torch.tensor([[2.0, 1.0, 3.0, 1.0, 0.0]])
    filtered = filter_logits(logits, torch.tensor([[3]]), torch.tensor([[1.0]]), 4)
    assert filtered.isfinite()[0].tolist() == [True, True, True, True, False]


def test_sampling_follows_the_probabilities() -> None:
    probabilities = torch.tensor([0.6, 0.3, 0.1])
    rows = 4000
    generators = [torch.Generator().manual_seed(i) for i in range(rows)]
    noise = torch.ones(rows, 3)
    make_noise(noise, generators)
    drawn = sample(probabilities.log().expand(rows, 3), noise)
    shares = drawn.bincount(minlength=3) / rows
    torch.testing.assert_close(shares, probabilities, atol=0.03, rtol=0)


def test_images_may_enter_and_leave_at_any_step(model: Transformer) -> None:
    """Each image equals the one that it is alone, with its own sampling."""
    wild, tame = Sampling(temperature=1.3), Sampling(temperature=0.5, top_k=5)
    other = torch.tensor([2, 30, 31, 3, 0, 0])
    slots = Slots(model, 2)
    slots.enter(0, prefill(model, TEXT), 1, wild)
    for _ in range(5):
        slots.step()
    slots.enter(1, prefill(model, other), 2, tame)
    for _ in range(11):
        slots.step()
    first = slots.codes[0].clone()
    slots.leave(0)
    slots.enter(0, prefill(model, TEXT), 3, tame)  # in a freed slot, while the other image goes on
    for _ in range(5):
        slots.step()
    second = slots.codes[1].clone()
    for _ in range(11):
        slots.step()
    assert first.equal(drawn(model, TEXT, [1], wild)[0][0])
    assert second.equal(drawn(model, other, [2], tame)[0][0])
    assert slots.codes[0].equal(drawn(model, TEXT, [3], tame)[0][0])


def test_nan_of_a_deleted_image_does_not_reach_the_next_in_its_slot(model: Transformer) -> None:
    slots, good = Slots(model, 2), prefill(model, TEXT)
    broken = [(k * torch.nan, v) for k, v in good.key_values]
    bad = replace(good, features=good.features * torch.nan, key_values=broken)
    slots.enter(0, bad, 1, Sampling())
    slots.enter(1, good, 2, Sampling())
    for _ in range(16):
        slots.step()
    assert math.isnan(slots.image(0).perplexity)
    assert slots.codes[1].equal(drawn(model, TEXT, [2], Sampling())[0][0])
    slots.leave(0)
    slots.enter(0, good, 3, Sampling())
    for _ in range(16):
        slots.step()
    assert slots.codes[0].equal(drawn(model, TEXT, [3], Sampling())[0][0])


def test_empty_slots_change_nothing(model: Transformer) -> None:
    slots = Slots(model, 3)
    slots.enter(1, prefill(model, TEXT), 7, Sampling())
    for _ in range(16):
        slots.step()
    codes, [score] = drawn(model, TEXT, [7], Sampling())
    assert slots.codes[1].equal(codes[0])
    assert slots.image(1).perplexity == pytest.approx(score.item(), rel=1e-4)


def test_deleted_slots_free_their_memory_at_once(model: Transformer) -> None:
    slots = Slots(model, 1)
    slots.enter(0, prefill(model, TEXT), 1, Sampling())
    slots.step()
    cache = weakref.ref(slots.cache.layers[0])
    gc.disable()
    try:
        del slots
        assert cache() is None
    finally:
        gc.enable()


@pytest.mark.slow  # the compiler's time
def test_a_compiled_step_decodes_the_same_codes(
    model: Transformer,
) -> None:
    slots, text = Slots(model, 2, compiled=True), prefill(model, TEXT)
    tame, given = Sampling(top_k=5), ImagePrompt.first(torch.arange(16), 0.5)
    with torch.compiler.set_stance("fail_on_recompile"):  # that would take minutes
        slots.enter(0, text, 1, tame)
        for _ in range(8):
            slots.step()
        slots.enter(1, text, 2, Sampling(), given)
        for _ in range(8):
            slots.step()
        first = slots.image(0)
        slots.leave(0)
        for _ in range(8):
            slots.step()
        second = slots.image(1)
    for image, sampling, image_prompt in ((first, tame, None), (second, Sampling(), given)):
        codes, [score] = drawn(model, TEXT, [image.seed], sampling, image_prompt=image_prompt)
        assert image.codes.equal(codes[0])
        assert image.perplexity == pytest.approx(score.item(), rel=1e-4)
    cache = weakref.ref(slots.cache.layers[0])
    del slots
    gc.collect()
    assert cache() is None


def test_codes_of_a_foreign_picture_do_not_count_in_the_perplexity(model: Transformer) -> None:
    """Codes that only one of two image prompts counts: the images are the same."""
    borders = ImagePrompt.borders(torch.arange(16), up=2)
    [foreign] = generate(model, TEXT, [1], Sampling(), image_prompt=borders)
    similar = ImagePrompt(borders.codes, borders.given)
    [own] = generate(model, TEXT, [1], Sampling(), image_prompt=similar)
    assert foreign.codes.equal(own.codes)
    both = torch.cat((model.embed_text(TEXT[None]), model.embed_codes(own.codes[None])), dim=1)
    with torch.inference_mode():
        features = model(both[:, :-1])[0, model.config.prefix_length - 1 :]
        logits = model.image_logits(features).log_softmax(dim=-1)
    losses = -logits.gather(1, own.codes[:, None])[:, 0]
    assert foreign.perplexity == pytest.approx(losses[8:].exp().mean().item(), rel=1e-3)
    assert own.perplexity == pytest.approx(losses.exp().mean().item(), rel=1e-3)
    whole = ImagePrompt.borders(torch.arange(16), up=4)  # nothing is drawn
    [copy] = generate(model, TEXT, [1], Sampling(), image_prompt=whole)
    assert copy.perplexity > 1


def test_guidance_leads_from_the_logits_without_a_prompt_to_those_with_it(
    model: Transformer,
) -> None:
    """Both sequences of a guided slot read the same codes; the formula is recomputed without it."""
    seed, scale = 5, 3.0
    prompted, unprompted = prefill(model, TEXT), prefill(model, torch.zeros_like(TEXT))
    slots = Slots(model, 2, guided=True)
    likeliest = Sampling(top_k=1, guidance=scale)
    slots.enter(1, replace(prompted, unprompted=unprompted), seed, likeliest)
    for _ in range(slots.length):
        slots.step()
    codes = slots.image(1).codes

    def logits(text: torch.Tensor) -> torch.Tensor:
        both = torch.cat((model.embed_text(text[None]), model.embed_codes(codes[None])), dim=1)
        features = model(both[:, :-1])[0, model.config.prefix_length - 1 :]
        return model.image_logits(features)

    with torch.inference_mode():
        with_prompt, without = logits(TEXT), logits(torch.zeros_like(TEXT))
    guided = without + scale * (with_prompt - without)
    assert guided.argmax(dim=-1).equal(codes)
    assert not with_prompt.argmax(dim=-1).equal(codes)


def test_guidance_of_1_decodes_the_codes_of_slots_without_guidance(model: Transformer) -> None:
    prompted = prefill(model, TEXT)
    images = []
    for guided in (False, True):
        slots = Slots(model, 2, guided=guided)
        unprompted = prefill(model, torch.zeros_like(TEXT))
        slots.enter(0, replace(prompted, unprompted=unprompted), 7, Sampling())
        for _ in range(slots.length):
            slots.step()
        images.append(slots.image(0))
    assert images[0].codes.equal(images[1].codes)
    assert images[0].perplexity == pytest.approx(images[1].perplexity)
