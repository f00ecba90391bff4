"""Keeps a GPU busy: one call launches a whole step, and the host rarely waits.

Launching the kernels of a step one by one from Python takes longer than running them.
`torch.compile` fuses them into a few, and a CUDA graph launches all of those at once.

`torch.compile(mode="reduce-overhead")` would do both, but its graphs belong to the thread that
recorded them, and the engine decodes in another; and it records no graph that changes its inputs in
place, such as the cache.  A graph recorded by hand has neither limit, and needs no compiler.
"""

import logging
from collections.abc import Callable
from textwrap import shorten

import torch
from torch import Tensor

log = logging.getLogger("emojich.gpu")

Step = Callable[[], None]


@torch.inference_mode()
def compile_step(step: Step, device: torch.device) -> Step:
    """The same `step`, compiled, and on a GPU recorded as a CUDA graph.

    `step` must read and write the same tensors each time, in the same shapes, and the host must not
    read their values.  This function runs `step` a few times, so call it before slots are in use.
    """
    step = _try("compiled", _compile, step, device)
    return _try("recorded", _record, step, device) if device.type == "cuda" else step


def _try(
    what: str, make: Callable[[Step, torch.device], Step], step: Step, device: torch.device
) -> Step:
    """The step that `make` returns; where `make` fails, the slower `step` itself."""
    try:
        return make(step, device)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # no compiler, no Triton, a GPU that is too old …
        reason = shorten(str(error) or type(error).__name__, 200)  # one line
        log.warning("a step cannot be %s, and will take longer: %s", what, reason)
        return step


def _compile(step: Step, device: torch.device) -> Step:
    # Else torch would compile the same code for at most 8 numbers of slots.
    torch.compiler.reset()
    compiled = torch.compile(step, fullgraph=True, dynamic=False)
    compiled()  # the first call compiles
    return compiled


def _record(step: Step, device: torch.device) -> Step:
    with torch.cuda.device(device):
        aside, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # libraries allocate their memory before the recording
            step()
            step()
        torch.cuda.current_stream().wait_stream(aside)
        # Other threads may allocate memory meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            step()
    return graph.replay


class Throttle:
    """Keeps the host one step ahead of its GPU.

    The next step is queued when one ends, so the GPU does not wait.  With more steps queued, a new
    request would wait for all of them, and progress would be reported before it is made.
    """

    def __init__(self, device: torch.device):
        self._device = device
        self._previous: torch.cuda.Event | None = None  # the end of the previous step

    def wait(self) -> None:
        """Wait for the end of the previous step; call this after queueing the next one."""
        if self._device.type != "cuda":
            return
        event = torch.cuda.Event(blocking=True)  # a busy wait would take the CPU from other threads
        event.record(torch.cuda.current_stream(self._device))
        if self._previous is not None:
            self._previous.synchronize()
        self._previous = event


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor to a device; through pinned memory, so that the host does not wait."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def to_host(*tensors: Tensor) -> list[Tensor]:
    """Copy tensors of one device to the CPU; the host waits once for all of them."""
    copies = [tensor.to("cpu", non_blocking=True, copy=True) for tensor in tensors]
    if tensors[0].device.type == "cuda":
        torch.cuda.current_stream(tensors[0].device).synchronize()
    return copies
