"""The bot's log: short lines on stderr, and never a token."""

import logging

HIDDEN = "<token>"


class _Formatter(logging.Formatter):
    """Hides the token in everything that is logged, tracebacks and other libraries' URLs too."""

    def __init__(self, token: str):
        super().__init__(
            "%(asctime)s %(levelname).1s %(name)s: %(message)s", datefmt="%Y-%m-%d %H:%M:%S"
        )
        self._token = token

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace(self._token, HIDDEN)


def reason(error: Exception) -> str:
    """What has happened: redis-py's errors, as `repr` has them, do not say it."""
    return f"{type(error).__name__}: {error}"


def start_logging(token: str) -> None:
    """Log from the level INFO on, without the token."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(token))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for talkative in ("httpx", "rq", "telegram"):  # httpx logs every URL, and the token is in them
        logging.getLogger(talkative).setLevel(logging.WARNING)
    # With a traceback they log each 429, what is no JSON (a gateway's page, say), and what cannot
    # begin; whoever has called says so in a line.  Loggers below the last one may speak.
    for verbose in ("telegram.ext.AIORateLimiter", "telegram.request.BaseRequest"):
        logging.getLogger(verbose).setLevel(logging.CRITICAL)
    logging.getLogger("telegram.ext").addFilter(lambda record: False)
