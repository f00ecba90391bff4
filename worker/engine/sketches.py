"""When a request gets a sketch, a picture of its half-drawn images, and how long that may take.

A sketch interrupts the drawing of all requests.  So each request counts the seconds that all
sketches have delayed it, and allows another one only if the sum stays within SHARE of its time.
"""

import math

INTERVAL = 5.0  # seconds from one sketch of a request to the next
SLOW = 10.0  # seconds; a request that is drawn sooner needs none
SHARE = 0.05  # of the seconds that a request is drawn
PAUSE = 1.0  # seconds until a sketch that takes too long is considered again


class Sketches:
    """The sketches of one request; times are those of `time.monotonic`."""

    def __init__(self) -> None:
        self._began = math.inf
        self._spent = 0.0  # seconds, also on other requests' sketches
        self._next = math.inf
        self.count = 0

    def begin(self, now: float) -> None:
        """Note that an image of the request is in a slot: from the first one on, it is drawn."""
        if self._began == math.inf:
            self._began, self._next = now, now + INTERVAL

    def is_due(self, now: float, done: float) -> bool:
        """Whether the request, of which the share `done` is decoded, is slow and waits for one."""
        return now >= self._next and done > 0 and self._drawn(now) / done > SLOW

    def allows(self, now: float, seconds: float) -> bool:
        """Whether a sketch of `seconds` seconds keeps this request's delay within SHARE."""
        return self._spent + seconds <= SHARE * self._drawn(now)

    def _drawn(self, now: float) -> float:
        return now - self._began - self._spent

    def delay(self, seconds: float) -> None:
        """Note how long a sketch of any request has taken."""
        self._spent += seconds

    def postpone(self, now: float) -> None:
        """Postpone a sketch that would take too long by PAUSE."""
        self._next = now + PAUSE

    def add(self, now: float) -> int:
        """Note that a sketch is there; returns its number, from 1."""
        self._next = now + INTERVAL
        self.count += 1
        return self.count

    def stop(self) -> None:
        """Stop making sketches of this request."""
        self._next = math.inf
