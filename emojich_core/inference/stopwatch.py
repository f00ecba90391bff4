"""Times the stages after the transformer, without making a GPU wait."""

import time

import torch


class Stopwatch:
    """Times stages that follow one another, in the current stream of a device.

    On a GPU the host runs ahead of the kernels, so events of the stream note when each stage ends.
    """

    def __init__(self, device: torch.device):
        self._on_gpu = device.type == "cuda"
        self._begin = self._now()
        self._ends: dict[str, float | torch.cuda.Event] = {}

    def stop(self, stage: str) -> None:
        """Note that a stage has ended, and the next one begins."""
        self._ends[stage] = self._now()

    def seconds(self) -> dict[str, float]:
        """Stage → its seconds.  Waits until the last stage has ended."""
        times, before = {}, self._begin
        for stage, end in self._ends.items():
            if isinstance(end, torch.cuda.Event):
                end.synchronize()
                times[stage] = before.elapsed_time(end) / 1000  # type: ignore[union-attr]
            else:
                times[stage] = end - before  # type: ignore[operator]
            before = end
        return times

    def _now(self) -> "float | torch.cuda.Event":
        if not self._on_gpu:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event
