"""Pictures with captions to fine-tune on: a folder of images and a `captions.csv`.

    file,text
    cat.png,кот в космосе
    dogs/1.webp,"собака, пицца"

Everything is checked before anything starts, so that no run ends in its second hour at a bad row.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from emojich_core.request import InvalidRequest, clean_prompt
from emojich_core.sticker import on_white

CAPTIONS = "captions.csv"
HEADER = ["file", "text"]
HELD_OUT = 0.05  # share of the images that is not trained on
SHOWN = 20  # so many problems are named, the rest counted


class BadData(ValueError):
    """A folder cannot be trained on; the message names every row that is wrong."""


@dataclass(frozen=True)
class Pair:
    """An image and what one would type to get it."""

    file: Path
    text: str
    digest: str  # SHA-256 of the file


def read_pairs(folder: Path) -> list[Pair]:
    """All rows of `folder`/captions.csv, every one of them checked, in their order.

    Raises BadData.
    """
    problems: list[str] = []
    pairs: dict[tuple[Path, str], Pair] = {}
    for line, row in _rows(folder / CAPTIONS, problems):
        try:
            pair = _pair(folder, row)
            if (pair.file, pair.text) in pairs:
                raise BadData(f"{row[0]} is there already with the same text")
            pairs[pair.file, pair.text] = pair
        except BadData as error:
            problems.append(f"line {line}: {error}")
    if not problems and len({pair.digest for pair in pairs.values()}) < 2:
        problems.append(
            "at least two different images are needed: one to train on, one to hold out"
        )
    if problems:
        more = [f"… and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise BadData("\n  ".join([f"{folder / CAPTIONS}:", *problems[:SHOWN], *more]))
    return list(pairs.values())


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The pairs to train on, and those to hold out.

    Which images are held out follows from what is in them alone, not from their names or order, and
    an image is on one side with all of its captions.
    """
    images = sorted({pair.digest for pair in pairs})
    held_out = set(images[: max(1, round(len(images) * HELD_OUT))])
    return (
        [pair for pair in pairs if pair.digest not in held_out],
        [pair for pair in pairs if pair.digest in held_out],
    )


def picture(file: Path, size: int) -> Image.Image:
    """An image on a white square, (size, size) RGB.

    Raises what Pillow raises for a file that is no image: OSError, ValueError, and others.
    """
    with Image.open(file) as opened:
        image = on_white(ImageOps.exif_transpose(opened))
    side = max(image.size)
    page = Image.new("RGB", (side, side), "white")
    page.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return page.resize((size, size), Image.Resampling.LANCZOS)


def _rows(file: Path, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and rows after the header; ends, and adds a problem, where quotes are wrong.

    Raises BadData for what is no table at all.
    """
    try:
        # What is not UTF-8 becomes surrogates, so that the other rows can be checked, too.
        text = file.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror}): the folder of images needs one."
        raise BadData(message) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    empty = True
    try:
        if (header := next(reader, [])) != HEADER:
            found = ",".join(header)[:40]
            raise BadData(f"{file}, line 1: the header must be file,text and is {found!r}")
        for row in reader:
            if row:
                empty = False
                yield reader.line_num, row
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}; what follows cannot be read")
    else:
        if empty:
            raise BadData(f"{file} has no rows under its header.")


def _pair(folder: Path, row: list[str]) -> Pair:
    """The pair of a row.  Raises BadData for a row that is wrong."""
    if len(row) != len(HEADER):
        raise BadData(f"{len(row)} columns and not 2 (a text with a comma needs quotes)")
    name, text = row
    if not _is_utf8(name + text):
        raise BadData("it is not UTF-8")
    try:
        text = clean_prompt(text)  # as every prompt is: else what is learned is never asked for
    except InvalidRequest as error:
        raise BadData(f"{name}: {error}") from error
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise BadData(f"{name} is outside of the folder")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadData(f"{name} cannot be read ({error.strerror})") from error
    _check_image(name, file)
    return Pair(file, text, hashlib.sha256(content).hexdigest())


def _is_utf8(text: str) -> bool:
    """Whether there is nothing in it that other encodings leave: surrogates, and UTF-16's nulls."""
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)


def _check_image(name: str, file: Path) -> None:
    try:
        picture(file, 1)
    except Exception as error:  # Pillow's decoders raise whatever happens to them
        raise BadData(f"{name} is no image that can be read") from error
