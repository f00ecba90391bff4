"""What was measured: a table, what the plot shows, and the numbers of `make bench-quick`."""

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
    """All of it, in the order measured."""

    rows: list[Row] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)

    def row(self, what: str, measured: str, target: str = "") -> None:
        """Add a row to the table, and show it now."""
        self.rows.append(Row(what, measured, target))
        print(f"{what}: {measured}" + (f" (wanted: {target})" if target else ""), flush=True)

    def to_json(self) -> str:
        """One line, for another process."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Results":
        """What `to_json` wrote."""
        other = json.loads(line)
        rows = [Row(**row) for row in other["rows"]]
        return cls(rows, [Curve(**curve) for curve in other["curves"]], other["numbers"])

    def add(self, other: "Results") -> None:
        """Add what another process measured."""
        self.rows += other.rows
        self.curves += other.curves
        self.numbers |= other.numbers
