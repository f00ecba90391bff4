"""Running both sides of a comparison, and the measures of how far apart they are."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One line of the table at the end."""

    check: str
    size: str
    error: str
    ours: float  # seconds
    theirs: float  # seconds


@dataclass
class Compare:
    """Runs both sides, notes error and times, and fails where the error is too large."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # lines below the table

    def __call__(
        self,
        check: str,
        size: str,
        *,
        ours: Callable[[], T],
        theirs: Callable[[], T],
        error: Callable[[T, T], float],
        limit: float = 0.0,
    ) -> None:
        """`error` measures (ours, theirs); the limit 0 asks for identity."""
        start = time.perf_counter()
        expected = theirs()
        between = time.perf_counter()
        found = ours()
        end = time.perf_counter()
        distance = error(found, expected)
        said = "identical" if distance == 0 else f"{distance:.1e}"
        self.rows.append(Row(check, size, said, end - between, between - start))
        assert distance <= limit, f"{check}, {size}: {said}, allowed {limit:.0e}"


def relative(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference at a position, as a share of the largest value there; the worst one.

    The last dimension is what a position holds; the others are positions.
    """
    _same_kind(ours, theirs)
    return ((ours - theirs).abs().amax(dim=-1) / theirs.abs().amax(dim=-1)).max().item()


def largest(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference."""
    _same_kind(ours, theirs)
    return (ours - theirs).abs().max().item()


def differing(ours: Tensor, theirs: Tensor) -> float:
    """The share of elements that are not the same."""
    _same_kind(ours, theirs)
    return (ours != theirs).float().mean().item()


def _same_kind(ours: Tensor, theirs: Tensor) -> None:
    """Broadcasting or rounding would hide a difference."""
    assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
    assert ours.dtype == theirs.dtype, (ours.dtype, theirs.dtype)
    assert ours.isfinite().all()
