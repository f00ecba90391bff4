"""Reads the pictures and captions of the training set, which `emojich data build` wrote."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from emojich_core.training.data.captions import DETAIL, detailed
from emojich_core.training.data.compositions import SHARES

PICTURES, ROWS = "pictures.npy", "captions.jsonl"


@dataclass(frozen=True)
class Row:
    """The description of one picture."""

    kind: str  # a key of SHARES
    style: str
    hexcodes: tuple[str, ...]
    colour: str | None  # the adjective's dictionary form
    captions: dict[str, float]  # and their relative frequencies
    details: tuple[str, ...]  # words that sometimes follow a caption
    weight: float  # frequency in training, relative to the others of its kind

    def to_json(self) -> dict[str, Any]:
        """The row as the JSON of one line of captions.jsonl."""
        return {**vars(self)}

    @cached_property
    def _texts(self) -> tuple[list[str], np.ndarray]:
        weights = np.array(list(self.captions.values())).cumsum()
        return list(self.captions), weights / weights[-1]

    def sample_caption(self, rng: np.random.Generator) -> str:
        """A random caption, sometimes with a detail."""
        texts, reached = self._texts
        text = texts[int(reached.searchsorted(rng.random(), side="right"))]
        if self.details and rng.random() < DETAIL:
            return detailed(text, self.details[rng.integers(len(self.details))], rng)
        return text


class Dataset:
    """Pictures with captions; `open` a folder that `python -m emojich_core.training.data` made."""

    def __init__(self, pictures: np.ndarray, rows: Sequence[Row]):
        """`pictures` (N, S, S, 4) uint8, straight alpha, and a row for each."""
        self.pictures = pictures
        self.rows = list(rows)
        self._reached: dict[tuple[tuple[str, ...] | None, ...], np.ndarray] = {}

    @classmethod
    def open(cls, folder: Path) -> "Dataset":
        """Raises FileNotFoundError that says what to do when there is no dataset."""
        if not (folder / ROWS).exists():
            command = "python -m emojich_core.training.data"
            raise FileNotFoundError(f"No dataset in {folder}: run `{command}`.")
        rows = []
        with (folder / ROWS).open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                row["hexcodes"], row["details"] = tuple(row["hexcodes"]), tuple(row["details"])
                rows.append(Row(**row))
        return cls(np.load(folder / PICTURES, mmap_mode="r"), rows)

    def __len__(self) -> int:
        return len(self.rows)

    def sample(
        self,
        rng: np.random.Generator,
        size: int,
        styles: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
    ) -> tuple[np.ndarray, list[str]]:
        """Numbers of pictures (size,) int, of these styles and kinds only, and a caption for each.

        Kinds come in the proportions of SHARES, whatever there is of each.
        Raises ValueError when there is no such picture.
        """
        key = tuple(None if only is None else tuple(only) for only in (styles, kinds))
        if key not in self._reached:
            self._reached[key] = self._cumulate(styles, kinds)
        indices = self._reached[key].searchsorted(rng.random(size), side="right")
        return indices, [self.rows[i].sample_caption(rng) for i in indices]

    def captions(self) -> list[str]:
        """Every distinct caption without details, sorted: what a tokenizer can learn from."""
        return sorted({text for row in self.rows for text in row.captions})

    def _cumulate(self, styles: Sequence[str] | None, only: Sequence[str] | None) -> np.ndarray:
        weights = np.array(
            [
                row.weight
                if (styles is None or row.style in styles) and (only is None or row.kind in only)
                else 0.0
                for row in self.rows
            ]
        )
        kinds = np.array([row.kind for row in self.rows])
        for kind, share in SHARES.items():
            mine = kinds == kind
            if weights[mine].sum():
                weights[mine] *= share / weights[mine].sum()
        if not weights.sum():
            raise ValueError(f"The dataset has no pictures in the styles {styles}.")
        reached = weights.cumsum()
        return np.asarray(reached / reached[-1])
