"""Compares the keys of a Redis in use with the table of docs/operations.md."""

import re
from pathlib import Path
from typing import Any

import redis

DOCS = Path(__file__).parents[1] / "docs" / "operations.md"
_USERS = re.compile("USER|ID|CHAT")
# RQ's worker writes and deletes them while it works on a request.
_RQS_OWN = (
    "rq:execution:ID:RUN",
    "rq:executions:ID",
)
_GONE = -2  # what Redis answers for a key that a worker has deleted meanwhile
SECONDS = {"s": 1, "min": 60, "h": 3600, "days": 24 * 3600}


def check_keys(connection: redis.Redis) -> None:
    """Every key stands in the table, and goes by itself where the table says so."""
    table = _table()
    keys: Any = connection.keys()
    for key in map(bytes.decode, keys):
        stands_as = re.sub("^(rq:[^/]*)/[^:]*", r"\1", key)  # without the name of a bundle
        lives = [seconds for pattern, seconds in table.items() if re.fullmatch(pattern, stands_as)]
        assert lives, f"docs/operations.md does not tell of {key}"
        ttl: Any = connection.ttl(key)
        if lives[0] and ttl != _GONE:
            assert 0 <= ttl <= lives[0], f"{key} lives for {ttl} s"


def check_user_keys(keys: list[bytes], user_id: int) -> None:
    """Among the keys is one of each row of the table that is about a user or a request."""
    names = [name for row in _rows() for name in row[0] if name not in _RQS_OWN]
    beginnings = [name[: match.start()] for name in names if (match := _USERS.search(name))]
    assert len(beginnings) > 10
    for beginning in beginnings:
        assert any(key.startswith(f"{beginning}{user_id}".encode()) for key in keys), beginning


def _table() -> dict[str, int]:
    """Pattern of a key → its longest time to live in seconds; 0: it does not expire."""
    table = {}
    for names, lives in _rows():
        time = re.match(r"(\d+) (s|min|h|days)\b", lives)
        for name in names:
            table[re.sub("[A-Z]+", "[^:]+", name)] = int(time[1]) * SECONDS[time[2]] if time else 0
    return table


def _rows() -> list[tuple[list[str], str]]:
    """The names of keys and how long they live, row by row."""
    rows = []
    for line in DOCS.read_text().splitlines():
        if line.startswith(("| `emojich:", "| `rq:")):
            names, _, lives = line.strip("| ").split(" | ")
            rows.append((re.findall("`([^`]+)`", names), lives))
    return rows
