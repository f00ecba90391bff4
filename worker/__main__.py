"""`python -m worker`: an engine, and the RQ workers that feed it."""

import sys

from worker.clock import check_clock
from worker.embedded import connect, data_folder, redis_url
from worker.errors import SetupError
from worker.feeders import feeders, leave_on_signals, requests_at_once, work
from worker.keeper import engine
from worker.logs import start_logging


def main() -> None:
    """Work until a signal says to stop."""
    start_logging()
    leave_on_signals()
    try:
        with redis_url(data_folder()) as url:
            connection, count = connect(url), requests_at_once()
            check_clock(connection)
            with engine(), feeders(count - 1, url) as others:
                work(connection, others)
    except SetupError as error:
        sys.exit(f"emojich: {error}")


if __name__ == "__main__":
    main()
