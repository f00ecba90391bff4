"""A request while it is in the engine."""

import threading

from emojich_core.request import Request
from worker.queue.events import Event, Failed
from worker.queue.results import Sticker


class Task:
    """A request, how far it is, and how it ended.

    The scheduler writes `fraction` and `outcome`; the thread that talks to the horse
    reads them, so that a horse which does not listen never holds up the drawing.
    """

    def __init__(self, request: Request):
        self.request = request
        self.fraction = 0.0
        self.cancelled = False
        self.outcome: tuple[Event, list[Sticker]] = (Failed(request.id, "failed"), [])
        self.ended = threading.Event()
