"""`python -m worker`: an engine, and the RQ workers that feed it."""

import os
import signal
import sys

from worker.clock import check_clock
from worker.embedded import connect, data_folder, redis_url
from worker.errors import SetupError
from worker.feeders import feeders, work
from worker.keeper import engine
from worker.logs import start_logging
from worker.settings import Settings


def main() -> None:
    """Work until a signal says to stop."""
    start_logging()
    for number in (signal.SIGINT, signal.SIGTERM):  # until RQ handles them
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        settings = Settings.from_environment(os.environ)
        with redis_url(data_folder()) as url:
            connection = connect(url)
            check_clock(connection)
            with engine(), feeders(settings.requests - 1, url) as others:
                work(connection, others)
    except SetupError as error:
        sys.exit(f"emojich: {error}")


if __name__ == "__main__":
    main()
