"""The bot's log: short lines on stderr, without tokens or passwords."""

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
    """An error's class and message; `repr` of redis-py's errors leaves the message out."""
    return f"{type(error).__name__}: {error}"


def start_logging(secrets: tuple[str, ...]) -> None:
    """Log messages of level INFO and above, without the secrets."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for talkative in ("httpx", "rq", "telegram"):  # httpx logs every URL, and the token is in them
        logging.getLogger(talkative).setLevel(logging.WARNING)
    # These log a traceback for each answer that is no JSON (a gateway's page, say), and for each
    # failed start; the callers log those in one line.  A filter, unlike a level, does not apply to
    # the loggers below "telegram.ext".
    logging.getLogger("telegram.request.BaseRequest").setLevel(logging.CRITICAL)
    logging.getLogger("telegram.ext").addFilter(lambda record: False)
