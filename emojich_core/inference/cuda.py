"""What keeps a GPU busy: work that it does by itself, and a host that hardly ever waits for it.

Started one by one from Python, the kernels of a step would take longer to start than to run.
`torch.compile` makes few of them, and a CUDA graph starts them all at once.

`torch.compile(mode="reduce-overhead")` would do both, but its graphs belong to the thread that
recorded them, and the engine draws in another; and it takes what a graph changes in place, such as
the cache, for a reason not to record.  A graph recorded by hand has neither limit, and can do
without the compiler where there is none.
"""

import logging
from collections.abc import Callable
from textwrap import shorten

import torch
from torch import Tensor

log = logging.getLogger("emojich.gpu")

Work = Callable[[], None]


@torch.inference_mode()
def compile_step(work: Work, device: torch.device) -> Work:
    """The same `work`, done faster: compiled, and on a GPU recorded.

    It must read and write tensors that stay where they are, in shapes that stay the same, and the
    host must not look at them.  It is done a few times here, so it must not matter yet.
    """
    work = _tried("compiled", _compiled, work, device)
    return _tried("recorded", _recorded, work, device) if device.type == "cuda" else work


def _tried(
    what: str, make: Callable[[Work, torch.device], Work], work: Work, device: torch.device
) -> Work:
    """What is made of `work`, or that itself where it cannot be: slower, and no less right."""
    try:
        return make(work, device)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # no compiler, no Triton, a GPU that is too old …
        reason = shorten(str(error) or type(error).__name__, 200)  # one line
        log.warning("a step cannot be %s, and will take longer: %s", what, reason)
        return work


def _compiled(work: Work, device: torch.device) -> Work:
    torch.compiler.reset()  # else the same code is compiled for 8 counts of slots, and no more
    compiled = torch.compile(work, fullgraph=True, dynamic=False)
    compiled()  # only this compiles it
    return compiled


def _recorded(work: Work, device: torch.device) -> Work:
    with torch.cuda.device(device):
        aside, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # libraries take their memory before the recording
            work()
            work()
        torch.cuda.current_stream().wait_stream(aside)
        # Other threads may ask for memory meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            work()
    return graph.replay


class Throttle:
    """Keeps the host a step ahead of its GPU, and no further.

    The next step is there when one ends, so the GPU does not wait.  Were there more of them, who
    comes or goes would wait for all, and progress would be told that has not been made.
    """

    def __init__(self, device: torch.device):
        self._device = device
        self._before: torch.cuda.Event | None = None  # the end of the step before

    def wait(self) -> None:
        """A step has been put to the GPU: wait for the one before it."""
        if self._device.type != "cuda":
            return
        event = torch.cuda.Event(blocking=True)  # the other threads need the processor
        event.record(torch.cuda.current_stream(self._device))
        if self._before is not None:
            self._before.synchronize()
        self._before = event


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device.  Nobody waits: from pinned memory a GPU fetches it in its turn."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def to_host(*tensors: Tensor) -> list[Tensor]:
    """Copies on the CPU of tensors of one device, for which the host waits once."""
    copies = [tensor.to("cpu", non_blocking=True, copy=True) for tensor in tensors]
    if tensors[0].device.type == "cuda":
        torch.cuda.current_stream(tensors[0].device).synchronize()
    return copies
