"""Results: rows of the table, curves of the plot, and the numbers of `make bench-quick`."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    measured: str
    target: str


@dataclass(frozen=True)
class Curve:
    """A line of the plot."""

    name: str
    points: list[tuple[int, float]]
    of: Literal["images", "users"] = "images"


@dataclass
class Results:
    """All results, in the order in which they were measured."""

    rows: list[Row] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)

    def row(self, what: str, measured: str, target: str = "") -> None:
        """Add a row to the table, and print it."""
        self.rows.append(Row(what, measured, target))
        print(f"{what}: {measured}" + (f" (wanted: {target})" if target else ""), flush=True)

    def to_json(self) -> str:
        """One line of JSON, for another process."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Results":
        """The results that `to_json` wrote."""
        other = json.loads(line)
        rows = [Row(**row) for row in other["rows"]]
        return cls(rows, [Curve(**curve) for curve in other["curves"]], other["numbers"])

    def add(self, other: "Results") -> None:
        """Add the results of another process."""
        self.rows += other.rows
        self.curves += other.curves
        self.numbers |= other.numbers
