"""Compares the keys of a Redis in use with the table of docs/operations.md."""

import re
from pathlib import Path
from typing import Any

import redis

DOCS = Path(__file__).parents[1] / "docs" / "operations.md"
SECONDS = {"s": 1, "min": 60, "h": 3600, "days": 24 * 3600}


def check_keys(connection: redis.Redis) -> None:
    """Every key stands in the table, and goes by itself where the table says so."""
    table = _table()
    keys: Any = connection.keys()
    for key in map(bytes.decode, keys):
        lives = [seconds for pattern, seconds in table.items() if re.fullmatch(pattern, key)]
        assert lives, f"docs/operations.md does not tell of {key}"
        if lives[0] and connection.exists(key):
            ttl: Any = connection.ttl(key)
            assert 0 <= ttl <= lives[0], f"{key} lives for {ttl} s"


def _table() -> dict[str, int]:
    """Pattern of a key → seconds that it lives at most; 0 for what stays."""
    table = {}
    for line in DOCS.read_text().splitlines():
        if line.startswith(("| `emojich:", "| `rq:")):
            names, _, lives = line.strip("| ").split(" | ")
            time = re.match(r"(\d+) (s|min|h|days)\b", lives)
            for name in re.findall("`([^`]+)`", names):
                table[re.sub("[A-Z]+", "[^:]+", name)] = (
                    int(time[1]) * SECONDS[time[2]] if time else 0
                )
    return table
