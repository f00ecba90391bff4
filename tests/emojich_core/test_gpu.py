"""The GPU path: part of it without a GPU, the rest where there is one."""

import logging
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch._inductor import config as inductor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from emojich_core.inference.cuda import Throttle, compile_step, to_device, to_host
from emojich_core.inference.kv_cache import KVCache
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import ImagePrompt, Slots, generate, prefill
from emojich_core.networks.transformer import Transformer
from tests.emojich_core.test_generation import CONFIG, TEXT

CPU = torch.device("cpu")

# Operators for which the host waits, because it needs their values or their number.
WAITING = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "unique", "masked_select")


class Waits(TorchDispatchMode):
    """Records the operators that make the host wait for its GPU."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = function(*args, **(kwargs or {}))
        leaves = torch.utils._pytree.tree_leaves((args, kwargs, out))
        # A tensor without dimensions is passed by value.
        devices = {x.device.type for x in leaves if isinstance(x, torch.Tensor) and x.ndim}
        if len(devices) > 1 or function._schema.name.removeprefix("aten::") in WAITING:
            self.seen.append(function._schema.name)
        return out


def test_the_host_waits_for_no_step_and_once_for_a_complete_image() -> None:
    model = Transformer(CONFIG).eval()
    slots, text = Slots(model, 3), prefill(model, TEXT)
    slots.enter(0, text, 1, Sampling())
    with Waits() as waits:
        for _ in range(3):
            slots.step()
        slots.enter(1, text, 2, Sampling(top_k=3))
        for _ in range(13):
            slots.step()
    assert waits.seen == []
    with Waits() as waits:
        slots.image(0)
    assert waits.seen == ["aten::_local_scalar_dense"]  # for the perplexity


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[Transformer]:
    """A model on a fake GPU: shapes and devices are real, nothing is computed."""
    generator = SimpleNamespace(manual_seed=lambda seed: None)
    monkeypatch.setattr(torch, "Generator", lambda device: generator)
    monkeypatch.setattr(
        "emojich_core.inference.slots.make_noise", lambda noise, generators: noise.exponential_()
    )
    monkeypatch.setattr(
        "emojich_core.inference.slots.to_device", lambda tensor, device: tensor.to(device)
    )
    monkeypatch.setattr(Throttle, "wait", lambda throttle: None)
    KVCache(CONFIG, 1, torch.empty(0))  # computes and caches its tables outside the fake mode
    with torch.device("meta"):
        model = Transformer(CONFIG).eval()
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device("cuda"):
        weights = {key: torch.empty(like.shape) for key, like in model.state_dict().items()}
        model.load_state_dict(weights, assign=True)
        for name, mask in list(model.transformer.named_buffers(recurse=False)):
            model.transformer.register_buffer(name, mask.to("cuda"), persistent=False)
        yield model


def test_enter_and_step_stay_on_the_device(pretended: Transformer) -> None:
    slots, text = Slots(pretended, 2), prefill(pretended, torch.empty(6, dtype=torch.long))
    with Waits() as waits:
        slots.enter(0, text, 1, Sampling())
        slots.step()
    assert slots.codes.device.type == "cuda"
    assert waits.seen == []
    with Waits() as waits:
        slots.codes[torch.zeros(1, dtype=torch.long, device="cpu")]
    assert waits.seen == ["aten::index"]  # as the guard reports a wait


def test_without_a_compiler_the_step_runs_uncompiled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    number = torch.zeros(7)
    with (
        inductor.patch({"cpp.cxx": ("no-such-compiler",), "fx_graph_cache": False}),
        caplog.at_level(logging.WARNING),
    ):
        work = compile_step(lambda: (number.add_(1), None)[1], CPU)
    assert [record.getMessage()[:26] for record in caplog.records] == ["a step cannot be compiled,"]
    assert "\n" not in caplog.records[0].getMessage()
    before = number.clone()
    work()
    assert number.equal(before + 1)


def test_the_same_code_can_be_compiled_for_many_counts_of_slots(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", partial(compile_, backend="eager"))

    class Work:
        def __init__(self, count: int):
            self.number = torch.zeros(count)

        def do(self) -> None:
            self.number += 1

    for count in range(1, 12):
        work = Work(count)
        before = work.number.clone()
        compile_step(work.do, CPU)()
        assert work.number.equal(before + 2)
    assert "emojich.gpu" not in {record.name for record in caplog.records}


def test_compile_step_raises_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy() -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(torch, "compile", lambda work, **options: work)
    with pytest.raises(torch.OutOfMemoryError):
        compile_step(greedy, CPU)


def test_to_host_returns_copies() -> None:
    codes, score = torch.arange(3), torch.tensor(2.0)
    copies = to_host(codes, score)
    codes += 1
    assert copies[0].tolist() == [0, 1, 2]
    assert copies[1].item() == 2.0
    assert to_device(codes, CPU) is codes


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


@needs_gpu
def test_a_recorded_step_decodes_the_same_codes_on_a_gpu() -> None:
    torch.manual_seed(0)
    model = Transformer(CONFIG).eval().cuda()
    slots, text = Slots(model, 2, compiled=True), prefill(model, TEXT.cuda())
    slots.enter(0, text, 1, Sampling())
    for _ in range(4):
        slots.step()
    slots.enter(1, text, 2, Sampling(top_k=5))
    for _ in range(12):
        slots.step()
    assert slots.image(0).codes.equal(generate(model, TEXT.cuda(), [1, 3], Sampling())[0].codes)


@needs_gpu
def test_enter_and_step_never_synchronize_with_the_gpu() -> None:
    model = Transformer(CONFIG).eval().cuda()
    slots, text = Slots(model, 2), prefill(model, TEXT.cuda())
    torch.cuda.set_sync_debug_mode("error")
    try:
        slots.enter(0, text, 1, Sampling(), ImagePrompt.first(torch.arange(16), 0.5))
        for _ in range(3):
            slots.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
