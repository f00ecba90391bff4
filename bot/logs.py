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


def start_logging(token: str) -> None:
    """Log from the level INFO on, without the token."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(token))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for talkative in ("httpx", "rq", "telegram"):  # httpx logs every URL, and the token is in them
        logging.getLogger(talkative).setLevel(logging.WARNING)
    # It logs each 429 with a traceback; whoever has called waits and says so in a line.
    logging.getLogger("telegram.ext.AIORateLimiter").setLevel(logging.CRITICAL)
