"""The log of bot and worker: short lines on stderr, or JSON for a log collector (EMOJICH_LOG).

A message about a request begins with `request ID: `, in both formats; JSON repeats the id as a
field of its own.
"""

import json
import logging
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import redis

from emojich_core.errors import SetupError

HIDDEN = "<secret>"
_OF_REQUEST = re.compile(r"request (\S+): ")
# In its errors redis-py quotes the beginning of a pipeline's command, and with it a prompt.
_COMMAND = re.compile(r"Command # \d+ \((?s:.{0,300})\) of pipeline caused error: ")


def hide(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without the secrets, and without the commands that redis-py quotes."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _COMMAND.sub("", text)


def _shorten(record: logging.LogRecord) -> bool:
    """Replace the traceback that RQ logs each time that Redis is away or full by its error.

    A filter of `logging`: True lets the record pass.
    """
    error = record.exc_info and record.exc_info[1]
    if record.name.startswith("rq.") and isinstance(error, redis.RedisError):
        record.msg, record.args, record.exc_info = f"{record.getMessage()} ({error})", (), None
    return True


class _LineFormatter(logging.Formatter):
    """Hides secrets in everything that is logged, tracebacks and other libraries' URLs too."""

    def __init__(self, secrets: tuple[str, ...]):
        super().__init__(
            "%(asctime)s %(levelname).1s %(name)s: %(message)s", datefmt="%Y-%m-%d %H:%M:%S"
        )
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return hide(super().format(record), self._secrets)


class _JsonFormatter(logging.Formatter):
    """Writes one JSON object a line: time, level, logger, message, request, exception."""

    def __init__(self, secrets: tuple[str, ...]):
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        if found := _OF_REQUEST.search(message):
            fields["request"] = found[1]
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        # Before JSON escapes the characters of a secret.
        clean = {name: hide(text, self._secrets) for name, text in fields.items()}
        return json.dumps(clean, ensure_ascii=False)


FORMATTERS = {"text": _LineFormatter, "json": _JsonFormatter}


def start_logging(
    environment: Mapping[str, str] = os.environ, secrets: tuple[str, ...] = ()
) -> None:
    """Log messages of level INFO and above, without the secrets; of RQ only warnings.

    Raises SetupError for an EMOJICH_LOG that is neither `json` nor `text`.
    """
    kind = environment.get("EMOJICH_LOG", "").strip() or "text"
    if kind not in FORMATTERS:
        raise SetupError("EMOJICH_LOG must be json or text: set one of them, or leave it unset.")
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATTERS[kind](secrets))
    handler.addFilter(_shorten)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("rq").setLevel(logging.WARNING)
