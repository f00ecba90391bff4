"""The bot's log, without the token, and without routine messages of its libraries."""

import logging
import os

from worker.queue import logs


def reason(error: Exception) -> str:
    """An error's class and message; `repr` of redis-py's errors leaves the message out."""
    return f"{type(error).__name__}: {error}"


def start_logging(secrets: tuple[str, ...]) -> None:
    """Log messages of level INFO and above, without the secrets.

    Raises SetupError for a wrong EMOJICH_LOG.
    """
    logs.start_logging(os.environ, secrets)
    for name in ("httpx", "telegram"):  # httpx logs every URL, and the token is in them
        logging.getLogger(name).setLevel(logging.WARNING)
    # These log a traceback for each answer that is not JSON (a page of a gateway), and for each
    # failed start; the callers log those in one line.  A filter, unlike a level, does not apply to
    # the loggers below "telegram.ext".
    logging.getLogger("telegram.request.BaseRequest").setLevel(logging.CRITICAL)
    logging.getLogger("telegram.ext").addFilter(lambda record: False)
