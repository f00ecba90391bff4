"""`python -m worker`: an engine, and the RQ worker that feeds it."""

import signal
import sys

import redis

from worker.embedded import connect, data_folder, redis_url
from worker.errors import SetupError
from worker.keeper import engine
from worker.logs import start_logging
from worker.worker import Worker


def main() -> None:
    """Work until a signal says to stop."""
    start_logging()
    for number in (signal.SIGINT, signal.SIGTERM):  # until RQ handles them
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        with redis_url(data_folder()) as url:
            connection = connect(url)
            with engine():
                work(connection)
    except SetupError as error:
        sys.exit(f"emojich: {error}")


def work(connection: redis.Redis) -> None:
    """Run jobs until a signal says to stop; raises SetupError if anything else ends it."""
    worker = Worker(connection)
    try:
        worker.work(logging_level="WARNING")
    except redis.RedisError as error:
        raise SetupError(f"The worker lost Redis ({error}): start both again.") from error
    if not worker.stopping:
        raise SetupError("The worker gave up, the log says why: start it again.")


if __name__ == "__main__":
    main()
