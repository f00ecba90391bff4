"""A request while it is in the engine."""

import threading

from emojich_core.request import Request
from worker.queue.events import Event, Failed
from worker.queue.results import Sticker


class Task:
    """A request, its progress and its outcome.

    The scheduler writes `fraction` and `outcome`, and the thread of the connection reads them: so a
    job process that does not listen never delays the scheduler.
    """

    def __init__(self, request: Request):
        self.request = request
        self.fraction = 0.0
        self.cancelled = False
        self.outcome: tuple[Event, list[Sticker]] = (Failed(request.id, "failed"), [])
        self.ended = threading.Event()
