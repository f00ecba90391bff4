"""Reads the tables of this room: `.tsv` files with comments after "# "."""

from pathlib import Path


def rows(file: Path) -> list[list[str]]:
    """The rows of a table, each as its columns."""
    lines = file.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("# ")]
