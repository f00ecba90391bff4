"""`python -m worker`: an engine, and the RQ workers that feed it."""

import os
import sys

from emojich_core.errors import SetupError
from worker.config import Settings
from worker.jobs.clock import check_clock
from worker.jobs.feeders import feeders, leave_on_signals, work
from worker.keeper import engine
from worker.logs import start_logging
from worker.queue.connection import connect
from worker.queue.environment import data_folder
from worker.queue.valkey import redis_url


def main() -> None:
    """Work until a signal says to stop."""
    start_logging()
    leave_on_signals()
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
