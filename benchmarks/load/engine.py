"""An engine that answers at once: it speaks the engine's protocol and draws nothing.

    python -m benchmarks.load.engine SOCKET SECONDS

Each request takes SECONDS, which stand for the drawing, and ends with stickers drawn beforehand.
"""

import random
import sys
import threading
import time
from io import BytesIO
from multiprocessing.connection import Connection, Listener

from PIL import Image, ImageDraw

from emojich_core.request import Candidate
from worker.engine.protocol import receive_task, send_event
from worker.queue.events import Finished, Progress
from worker.queue.results import Sticker

STICKERS = 32  # different ones
SIDE = 512  # pixels
CODES = tuple(range(144))  # as many as `mini` has


def draw(number: int) -> Sticker:
    """A sticker of some dozens of discs: its file is about as large as one of `mini`."""
    chance = random.Random(number)
    picture = Image.new("RGBA", (SIDE, SIDE))
    pencil = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y, radius = chance.randrange(SIDE), chance.randrange(SIDE), chance.randrange(8, 90)
        colour = (*(chance.randrange(256) for _ in range(3)), 255)
        pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    file = BytesIO()
    picture.save(file, "WEBP", quality=80)
    return Sticker(file.getvalue(), CODES)


def serve(connection: Connection, stickers: list[Sticker], seconds: float) -> None:
    """Answer one job process, or an RQ worker that only checks whether the engine is ready."""
    with connection:
        try:
            task = receive_task(connection)
        except (EOFError, OSError):
            return
        if task is None:  # a question for figures
            return
        request = task.request
        time.sleep(seconds / 2)
        try:
            send_event(connection, Progress(request.id, 0.5), [])
            time.sleep(seconds / 2)
            chosen = [stickers[(request.seed + n) % len(stickers)] for n in range(request.count)]
            candidates = tuple(Candidate(n, n, 1.0, "unet") for n in range(request.count))
            send_event(connection, Finished(request.id, candidates), chosen)
        except OSError:
            pass  # the job process has ended


def main() -> None:
    """Draw the stickers, then serve until killed."""
    socket, seconds = sys.argv[1], float(sys.argv[2])
    stickers = [draw(number) for number in range(STICKERS)]
    with Listener(socket, family="AF_UNIX", backlog=256) as listener:
        while True:
            arguments = (listener.accept(), stickers, seconds)
            threading.Thread(target=serve, args=arguments, daemon=True).start()


if __name__ == "__main__":
    main()
