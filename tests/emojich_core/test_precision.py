"""Each precision is close to float32, and images do not depend on their neighbours."""

import copy
from dataclasses import replace
from typing import cast, get_args

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emojich_core.bundles.bundle import BundleError, load_bundle
from emojich_core.inference import kernels
from emojich_core.inference.int8 import Int8Linear, VnniLayer, VnniLinear
from emojich_core.inference.kv_cache import KVCache
from emojich_core.inference.precision import (
    Precision,
    choose,
    offered,
    prepare,
    stored_as,
)
from emojich_core.inference.sampling import Sampling, perplexity
from emojich_core.inference.slots import ImagePrompt, Slots, generate, prefill
from emojich_core.networks.tokenizer import Tokenizer
from emojich_core.networks.transformer import Layer, Transformer, TransformerConfig
from emojich_core.pipeline import load_network
from tests.emojich_core.test_transformer import config

CPU = torch.device("cpu")
# Root mean square of the logits' errors as a share of their spread, and the same of perplexities:
# about twice what they are on `mini`; see precision.py.
LIMITS = {
    "float32": (1e-5, 1e-5),
    "float16": (0.004, 0.005),
    "bfloat16": (0.03, 0.04),
    "int8": (0.05, 0.06),
    "int8 in oneDNN": (0.05, 0.06),
}

Reading = tuple[Transformer, Tensor, Tensor]  # a model, texts and the codes of their images


def prepared(model: Transformer, precision: str) -> Transformer:
    """A copy, as Pipeline would have loaded it; float16 as on a GPU, where nothing is packed."""
    if precision == "int8 in oneDNN":  # as on a machine without a compiler
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernels, "library", lambda: None)
            return prepared(model, "int8")
    assert precision in get_args(Precision)
    precision = cast(Precision, precision)
    model = copy.deepcopy(model).to(stored_as(precision))
    if precision == "float16":
        return model
    if precision not in offered(CPU):
        pytest.skip(f"this CPU has no kernels for {precision}")
    return prepare(model, precision)


@pytest.fixture(scope="module")
def random() -> Reading:
    torch.manual_seed(0)
    model = Transformer(config("v3")).eval().requires_grad_(False)
    for parameter in model.parameters():  # far from uniform, so that errors show
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    text = torch.randint(3, 50, (6, 6))
    codes = torch.stack([generate(model, row, [7], Sampling())[0].codes for row in text])
    return model, text, codes


@pytest.fixture(scope="module")
def mini() -> Reading:
    bundle = load_bundle("mini")
    model = load_network(bundle, "transformer", Transformer, CPU, torch.float32)
    tokenizer, length = Tokenizer(bundle.tokenizer), bundle.transformer.text_seq_length
    texts = [tokenizer.encode(prompt, length) for prompt in ("кот", "красная роза")]
    codes = [generate(model, text, [1], bundle.sampling)[0].codes for text in texts]
    return model, torch.stack(texts), torch.stack(codes)


@torch.inference_mode()
def read(model: Transformer, text: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """Teacher-forced logits (B, N, V) of the codes, and their perplexities (B,)."""
    embeddings = torch.cat((model.embed_text(text), model.embed_codes(codes[:, :-1])), dim=1)
    features = model(embeddings)[:, model.config.prefix_length - 1 :]
    logits = model.image_logits(features).float()
    return logits, perplexity(F.cross_entropy(logits.transpose(1, 2), codes, reduction="none"))


@pytest.mark.parametrize("which", ["random", "mini"])
@pytest.mark.parametrize("precision", LIMITS)
def test_logits_and_perplexities_are_near_those_of_float32(
    precision: str, which: str, request: pytest.FixtureRequest
) -> None:
    model, text, codes = request.getfixturevalue(which)
    expected, scores = read(model, text, codes)
    logits, found = read(prepared(model, precision), text, codes)
    error = (logits - expected).square().mean().sqrt() / expected.std()
    drift = (found / scores - 1).square().mean().sqrt()
    assert error <= LIMITS[precision][0]
    assert drift <= LIMITS[precision][1]
    if precision != "float32":
        assert error > 1e-5  # else it was not in use


@pytest.mark.parametrize("precision", LIMITS)
def test_an_image_does_not_depend_on_its_neighbours(precision: str, mini: Reading) -> None:
    model, [text, other], _ = mini
    model = prepared(model, precision)
    sampling = load_bundle("mini").sampling
    drawn = []
    for neighbours in (0, 3):
        slots = Slots(model, 4)
        slots.enter(2, prefill(model, text), 7, sampling)
        for slot in (0, 1, 3)[:neighbours]:
            slots.enter(slot, prefill(model, other), 10 + slot, Sampling())
        for _ in range(40):
            slots.step()
        drawn.append((slots.codes[2, :40], slots.losses[2, :40]))
    assert drawn[0][0].equal(drawn[1][0])
    assert drawn[0][1].equal(drawn[1][1])


@torch.inference_mode()
def losses_of(model: Transformer, text: Tensor, codes: Tensor, slots: Slots) -> Tensor:
    """The losses of given codes, decoded in the first of several slots."""
    everything = ImagePrompt(codes, torch.ones_like(codes, dtype=torch.bool))
    slots.enter(0, prefill(model, text), 7, Sampling(), everything)
    for _ in codes:
        slots.step()
    return slots.losses[0]


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_codes_do_not_depend_on_the_number_of_slots(precision: str, mini: Reading) -> None:
    model, [text, _], _ = mini
    model = prepared(model, precision)
    sampling = load_bundle("mini").sampling
    drawn = []
    for count in (8, 4, 1):
        slots = Slots(model, count)
        slots.enter(0, prefill(model, text), 7, sampling)
        for _ in range(model.config.image_seq_length):
            slots.step()
        drawn.append(slots.image(0).codes)
    assert drawn[0].equal(drawn[1])
    assert drawn[0].equal(drawn[2])


def test_number_of_slots_changes_logits_little_in_bfloat16(mini: Reading) -> None:
    model, [text, _], [codes, _] = mini
    model = prepared(model, "bfloat16")
    expected = losses_of(model, text, codes, Slots(model, 8))
    for count in (4, 1):
        found = losses_of(model, text, codes, Slots(model, count))
        error = (found - expected).square().mean().sqrt() / expected.std()
        assert error <= LIMITS["bfloat16"][0]


def test_int8_step_equals_the_whole_sequence(random: Reading) -> None:
    model, text, _ = random
    model = prepared(model, "int8")
    images = generate(model, text[0], [1, 2], Sampling())
    codes = torch.stack([image.codes for image in images])
    logits, _ = read(model, text[:1].expand(2, -1), codes)
    losses = F.cross_entropy(logits.transpose(1, 2), codes, reduction="none")[:, 1:]
    scores = torch.tensor([image.perplexity for image in images])
    torch.testing.assert_close(scores, perplexity(losses), rtol=0.05, atol=0.0)


def linear_class(zero: int | None, monkeypatch: pytest.MonkeyPatch) -> type[nn.Module]:
    """Int8Linear with digits shifted by `zero`; None: the compiled one."""
    if zero and not torch.cpu._is_vnni_supported():
        pytest.skip("this CPU has no VNNI")
    if zero is None:
        if kernels.library() is None:
            pytest.skip("this machine has no kernels")
        return VnniLinear
    monkeypatch.setattr(Int8Linear, "ZERO", zero)
    return Int8Linear


@torch.inference_mode()
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [1, 9])
def test_a_compiled_step_equals_that_of_pytorch(count: int, threads: int, random: Reading) -> None:
    if kernels.library() is None:
        pytest.skip("this machine has no kernels")
    model = prepared(random[0], "int8")
    cache = KVCache(model.config, count, torch.empty(0, dtype=model.cache_dtype))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for position in range(model.config.total_seq_length):
            x = torch.randn(count, 1, model.config.hidden_size)
            lookups = cache.at(torch.full((count,), position))
            layers = zip(model.transformer.layers, cache.kinds, cache.layers, strict=True)
            for layer, kind, part in layers:
                assert isinstance(layer, VnniLayer)
                # In bfloat16 attention of PyTorch would round more than keys and values.
                exact, lookup = part.float(), lookups[kind]
                expected = Layer.step(layer, x, exact, replace(lookup, bias=lookup.bias.float()))
                found = layer.step(x, part, lookup)
                torch.testing.assert_close(part.float(), exact, rtol=2**-8, atol=1e-3)
                assert (found - expected).abs().max() < 0.01 * expected.abs().max()
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("zero", [0, 128, None])
@pytest.mark.parametrize("size", [1.0, 1e-6, 1e6])
def test_int8_product_equals_the_product_with_rounded_weights(
    size: float, zero: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    linear = linear_class(zero, monkeypatch)
    torch.manual_seed(0)
    weight, bias, x = torch.randn(24, 40), torch.randn(24), torch.randn(3, 5, 40) * size
    x[0, 0] *= 100  # a large row makes the others no coarser
    x[1, 1] = 0
    scale = weight.abs().amax(dim=1, keepdim=True) / 127
    expected = F.linear(x.double(), (weight / scale).round().double() * scale, bias.double())
    found = linear(weight, bias)(x)
    error = (found - expected).abs().amax(dim=-1)
    assert (error <= 1e-3 * x.abs().amax(dim=-1) + 1e-6).all()


@pytest.mark.parametrize("zero", [Int8Linear.ZERO, None])
def test_int8_rows_are_quantized_independently(
    zero: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layer = linear_class(zero, monkeypatch)(torch.randn(24, 40), torch.randn(24))
    x = torch.randn(21, 40)
    x[3] = torch.nan
    together = layer(x)
    assert together[3].isnan().all()
    for i in (0, 8, 20):
        for end in range(i + 1, min(i + 9, 21)):
            assert layer(x[i:end])[0].equal(together[i])


def test_the_precision_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    small, big, gpu = TransformerConfig(num_layers=1), TransformerConfig(), torch.device("cuda")
    monkeypatch.delenv("EMOJICH_PRECISION", raising=False)
    assert choose(None, CPU, small) == "float32"
    for vnni, suits in ((True, "int8"), (False, "float32")):
        monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda has=vnni: has)
        assert choose(None, CPU, big) == suits
    for name in ("bf16", "fp16"):
        monkeypatch.setattr(torch.ops.mkldnn, f"_is_mkldnn_{name}_supported", lambda: False)
    with pytest.raises(BundleError, match="'float16' is not for cpu: set one of float32, or leave"):
        choose("float16", CPU, big)
    monkeypatch.undo()
    assert choose(None, gpu, big) == "float16"
    monkeypatch.setenv("EMOJICH_PRECISION", "bfloat16")
    assert choose(None, gpu, small) == "bfloat16"
    assert choose("float32", CPU, big) == "float32"
    with pytest.raises(BundleError, match="'int4' is not for cpu: set one of float32"):
        choose("int4", CPU, big)
    with pytest.raises(BundleError, match="'int8' is not for cuda"):
        choose("int8", gpu, big)
