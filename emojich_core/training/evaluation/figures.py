"""The figures of an evaluation: a table for the terminal, JSON, a section of the model card."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emojich_core.errors import BundleError

SECTION = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


@dataclass(frozen=True)
class Figure:
    """One number, and what it should reach if anything."""

    key: str
    title: str
    value: float  # shares are 0…1
    unit: str = "%"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether it reaches what it should; None where nothing is asked."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    @property
    def reached(self) -> str:
        """The value with its unit."""
        return self._written(self.value)

    @property
    def wanted(self) -> str:
        """The bound with its unit; nothing where there is none."""
        if self.at_least is not None:
            return f"≥ {self._written(self.at_least)}"
        return "" if self.at_most is None else f"≤ {self._written(self.at_most)}"

    @property
    def mark(self) -> str:
        """✓ or ✗; nothing where nothing is asked."""
        return {True: "✓", False: "✗", None: ""}[self.met]

    def to_json(self) -> dict[str, Any]:
        """All fields, and whether it is met."""
        return {**asdict(self), "met": self.met}

    def _written(self, value: float) -> str:
        if self.unit == "%":
            return f"{value * 100:.1f} %"
        # A bound is met or not by the number itself; with three digits it looks so, too.
        return f"{value:.3f}" if not self.unit else f"{value:.4g} {self.unit}"


def table(figures: Sequence[Figure]) -> str:
    """The figures in columns, for a terminal."""
    rows = [("", "reached", "floor", "")]
    rows += [(f.title, f.reached, f.wanted, f.mark) for f in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join(
        f"{title:<{widths[0]}}  {reached:>{widths[1]}}  {wanted:>{widths[2]}}  {mark}".rstrip()
        for title, reached, wanted, mark in rows
    )


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a table for a page."""
    rows = ["| figure | reached | floor | |", "| --- | ---: | ---: | --- |"]
    rows += [f"| {f.title} | {f.reached} | {f.wanted} | {f.mark} |" for f in figures]
    return "\n".join(rows)


def check_card(card: Path) -> None:
    """See that `write_section` will be able to.

    Raises BundleError where there is no model card with marks for figures, OSError where it cannot
    be written.
    """
    if card.exists():
        with card.open("r+", encoding="utf-8") as page:
            if SECTION.search(page.read()):
                return
    raise BundleError(f"{card} has no section <!-- figures --> … <!-- /figures --> to rewrite.")


def write_section(card: Path, text: str) -> None:
    """Put text between the marks of a model card, in the place of what was there."""
    page = card.read_text("utf-8")
    written = SECTION.sub(lambda marks: f"{marks[1]}{text.strip()}\n{marks[2]}", page)
    card.write_text(written, "utf-8")
