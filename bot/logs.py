"""The bot's log: short lines on stderr, and never a token or password."""

import logging

HIDDEN = "<secret>"


class _Formatter(logging.Formatter):
    """Hides secrets in everything that is logged, tracebacks and other libraries' URLs too."""

    def __init__(self, secrets: tuple[str, ...]):
        super().__init__(
            "%(asctime)s %(levelname).1s %(name)s: %(message)s", datefmt="%Y-%m-%d %H:%M:%S"
        )
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return hide(super().format(record), self._secrets)


def hide(text: str, secrets: tuple[str, ...]) -> str:
    """The text without the secrets."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def reason(error: Exception) -> str:
    """What has happened: redis-py's errors, as `repr` has them, do not say it."""
    return f"{type(error).__name__}: {error}"


def start_logging(secrets: tuple[str, ...]) -> None:
    """Log from the level INFO on, without the secrets."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for talkative in ("httpx", "rq", "telegram"):  # httpx logs every URL, and the token is in them
        logging.getLogger(talkative).setLevel(logging.WARNING)
    # With a traceback they log each 429, what is no JSON (a gateway's page, say), and what cannot
    # begin; the caller says so in a line.  Loggers below the last one may speak.
    for verbose in ("telegram.ext.AIORateLimiter", "telegram.request.BaseRequest"):
        logging.getLogger(verbose).setLevel(logging.CRITICAL)
    logging.getLogger("telegram.ext").addFilter(lambda record: False)
