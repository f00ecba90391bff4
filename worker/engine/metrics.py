"""The figures of an engine, which the worker fetches over the engine's socket.

They live as long as the engine: Prometheus treats a counter that falls as reset.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from worker.engine.protocol import Task
from worker.queue.events import Finished

if TYPE_CHECKING:  # imports torch
    from emojich_core.pipeline import Pipeline
    from worker.engine.scheduler import Scheduler

disable_created_metrics()
REGISTRY = CollectorRegistry()

_LONG = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_SHORT = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

WAITING = Histogram(
    "emojich_waiting_seconds",
    "From a request's queuing until an engine has it for the first time.",
    buckets=_LONG,
    registry=REGISTRY,
)
DRAWING = Histogram(
    "emojich_drawing_seconds",
    "From a request's arrival in an engine until its stickers are ready.",
    buckets=_LONG,
    registry=REGISTRY,
)
RETRIES = Counter(
    "emojich_request_retries",
    "Requests that came again because an engine or a job process had died over them.",
    registry=REGISTRY,
)
STEP = Histogram(
    "emojich_step_seconds",
    "A decoding step: one more code in every slot.",
    buckets=_SHORT,
    registry=REGISTRY,
)
FINISHING = Histogram(
    "emojich_finishing_seconds",
    "From the codes of a batch of images to their stickers.",
    buckets=_SHORT,
    registry=REGISTRY,
)
_STAGE = Histogram(
    "emojich_stage_seconds",
    "A stage of finishing, of one image on a CPU, of a batch on a GPU.",
    ("stage",),
    buckets=_SHORT,
    registry=REGISTRY,
)
_SLOTS = Gauge("emojich_slots", "Images that are drawn at once.", registry=REGISTRY)
_TAKEN = Gauge("emojich_slots_taken", "Images that are being drawn.", registry=REGISTRY)
_MEMORY = Gauge(
    "emojich_engine_memory_bytes",
    "What an engine holds: of its GPU's memory, on a CPU of the machine's.",
    registry=REGISTRY,
)
_GPU_MEMORY = Gauge(
    "emojich_gpu_memory_bytes", "All of the GPU's memory; 0 on a CPU.", registry=REGISTRY
)


def watch(scheduler: "Scheduler", pipeline: "Pipeline") -> None:
    """Report the slots of a scheduler, and memory and stages of its pipeline, from now on."""
    from emojich_core.inference.memory import memory_size, memory_taken

    _SLOTS.set_function(lambda: scheduler.slot_count)
    _TAKEN.set_function(lambda: scheduler.slots_taken)
    _MEMORY.set_function(lambda: memory_taken(pipeline.device))
    _GPU_MEMORY.set(memory_size(pipeline.device))
    pipeline.on_stage = lambda stage, seconds: _STAGE.labels(stage).observe(seconds)


@contextmanager
def measured(task: Task) -> Iterator[None]:
    """Count a task, which arrives now and leaves at the end of the block."""
    if task.waited is None:
        RETRIES.inc()
    else:
        WAITING.observe(task.waited)
    arrival = time.monotonic()
    yield
    if task.ended.is_set() and isinstance(task.outcome[0], Finished):
        DRAWING.observe(time.monotonic() - arrival)


def exposition() -> bytes:
    """All figures in Prometheus's text format."""
    return generate_latest(REGISTRY)
