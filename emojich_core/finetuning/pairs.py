"""Pictures with captions to fine-tune on: a folder of images and a `captions.csv`.

    file,text
    cat.png,кот в космосе
    dogs/1.webp,"собака, пицца"

Semicolons and tabs, which spreadsheets write, separate columns, too.  All rows are checked before
training starts, so that no run fails at a bad row in its second hour.
"""

import codecs
import csv
import hashlib
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from unicodedata import normalize

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from emojich_core.errors import shown
from emojich_core.image_file import on_square
from emojich_core.reading.written_emoji import in_words
from emojich_core.request import InvalidRequest, clean_prompt

CAPTIONS = "captions.csv"
HEADER = ["file", "text"]
DELIMITERS = (",", ";", "\t")
HELD_OUT = 0.05  # share of the images that is not trained on
MAX_LISTED = 20  # problems that a message lists; it counts the rest
MAX_PROBLEM = 400  # characters of a problem in a message
# Pillow would try every format that it knows, and start Ghostscript for one of them.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 50_000_000
MAX_RATIO = 20  # of the longer side to the shorter one; a longer image would become a line

# In bytes.  Drawing programs store their settings as text in a PNG, and Pillow's limit is 1 MiB.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY


class BadData(ValueError):
    """A folder cannot be trained on; the message names every row that is wrong."""


@dataclass(frozen=True)
class Pair:
    """An image, and the prompt that a user would type for it."""

    file: Path
    text: str
    digest: str  # SHA-256 of the file


def read_pairs(folder: Path) -> list[Pair]:
    """All rows of `folder`/captions.csv in their order, checked.

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
        more = [f"… and {len(problems) - MAX_LISTED} more"] if len(problems) > MAX_LISTED else []
        lines = [f"{folder / CAPTIONS}:", *problems[:MAX_LISTED], *more]
        raise BadData("\n  ".join(shown(line, MAX_PROBLEM) for line in lines))
    return list(pairs.values())


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The pairs to train on, and those to hold out.

    The choice depends on the contents of the images alone, not on their names or order.  All
    captions of an image are on the same side.
    """
    images = sorted({pair.digest for pair in pairs})
    held_out = set(images[: max(1, round(len(images) * HELD_OUT))])
    return (
        [pair for pair in pairs if pair.digest not in held_out],
        [pair for pair in pairs if pair.digest in held_out],
    )


def picture(file: Path, size: int) -> Image.Image:
    """An image on a white square, (size, size) RGB.

    Raises BadData for an image that is too large, too long, or of 32 bits a pixel; for a file that
    is no image, Pillow's errors: OSError, ValueError, and others.
    """
    with _opened(file) as opened:
        opened.draft("RGB", (2 * size, 2 * size))  # a large JPEG is decoded smaller
        image = _in_8_bits(ImageOps.exif_transpose(opened))
    return on_square(image, size)


def _opened(file: Path) -> Image.Image:
    """An image whose header has been read.  Raises BadData when it is too large or too long."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=FORMATS)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise BadData(f"has more than {MAX_PIXELS} pixels: scale it down") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadData(f"has more than {MAX_PIXELS} pixels: scale it down")
    if max(width, height) > MAX_RATIO * min(width, height):
        raise BadData(f"has {width} × {height} pixels: crop it to its subject")
    return image


def _in_8_bits(image: Image.Image) -> Image.Image:
    """The image; 16 bits a pixel are scaled to 8, where Pillow's `convert` would clip at 255."""
    if image.mode in ("I", "F"):
        raise BadData("has 32 bits a pixel: save it with 8 or 16")
    if not image.mode.startswith("I;16"):
        return image
    values = np.asarray(image.convert("I"))
    grey = ((values + 128) // 257).astype(np.uint8)
    opaque = 255 * (values != image.info.get("transparency", -1)).astype(np.uint8)
    return Image.fromarray(np.dstack((grey, opaque)), "LA")


def _rows(file: Path, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and rows after the header; ends, and adds a problem, where quotes are wrong.

    Raises BadData for a file that is no table.
    """
    try:
        if file.exists() and not file.is_file():  # reading a pipe or a device may never end
            raise BadData(f"{shown(file, MAX_PROBLEM)} is no file: the folder of images needs one.")
        text = _decoded(file.read_bytes())
    except OSError as error:
        name = shown(file, MAX_PROBLEM)
        message = f"{name} cannot be read ({error.strerror}): the folder of images needs one."
        raise BadData(message) from error
    delimiter = next((d for d in DELIMITERS if text.startswith(d.join(HEADER))), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    empty = True
    first = 1  # line of the row that is read
    try:
        if (header := next(reader, [])) != HEADER:
            found = ",".join(header)[:40]
            name = shown(file, MAX_PROBLEM)
            raise BadData(f"{name}, line 1: the header must be file,text and is {found!r}")
        first = reader.line_num + 1
        for row in reader:
            if _has_rows_inside(row, delimiter):
                problems.append(f"line {first}: a quote is not closed, and takes in the next row")
            elif row:
                yield reader.line_num, row
            empty = empty and not row
            first = reader.line_num + 1
    except csv.Error as error:
        problems.append(f"line {first}: {error}; what follows cannot be read")
    else:
        if empty:
            raise BadData(f"{shown(file, MAX_PROBLEM)} has no rows under its header.")


def _decoded(content: bytes) -> str:
    """The table.  Bytes that are not UTF-8 become surrogates, so that all rows can be checked."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # Excel's "Unicode text"
        return content.decode("utf-16", errors="replace")
    return content.decode("utf-8-sig", errors="surrogateescape")


def _has_rows_inside(row: list[str], delimiter: str) -> bool:
    """Whether an open quote took in other rows: a name has lines, or a later line has columns."""
    later = [line for field in row for line in field.splitlines()[1:]]
    return any(delimiter in line for line in later) or any(
        len(name.splitlines()) > 1 for name in row[:1]
    )


def _pair(folder: Path, row: list[str]) -> Pair:
    """The pair of a row.  Raises BadData for a row that is wrong."""
    if len(row) != len(HEADER):
        raise BadData(f"{len(row)} columns and not 2 (a text with a comma needs quotes)")
    name, text = row
    if not _is_utf8(name + text):
        raise BadData("it is not UTF-8: save the table as CSV in UTF-8")
    try:
        # Captions are cleaned like prompts, so that prompts can match them.
        text = in_words(clean_prompt(text))
    except InvalidRequest as error:
        raise BadData(f"{name}: {error}") from error
    try:
        # Not `Path.resolve`: before Python 3.13 it raises RuntimeError for circular links.
        file = Path(os.path.realpath(_found(folder, name)))
        if not file.is_relative_to(os.path.realpath(folder)):
            raise BadData(f"{name} is outside of the folder")
        if file.exists() and not file.is_file():  # reading a pipe, say, may never end
            raise BadData(f"{name} is no file")
        content = file.read_bytes()
    except OSError as error:
        raise BadData(f"{name} cannot be read ({error.strerror})") from error
    _check_image(name, file)
    return Pair(file, text, hashlib.sha256(content).hexdigest())


def _found(folder: Path, name: str) -> Path:
    """The path of a name, however й and ё are written in it: Macs decompose them in file names."""
    path = folder
    for part in PurePath(name).parts:
        ways = (part, normalize("NFC", part), normalize("NFD", part))
        path = next((path / way for way in ways if (path / way).exists()), path / part)
    return path


def _is_utf8(text: str) -> bool:
    """Whether a text has no trace of another encoding: no surrogates, and no nulls of UTF-16."""
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)


def _check_image(name: str, file: Path) -> None:
    try:
        picture(file, 1)
    except BadData as error:
        raise BadData(f"{name} {error}") from error
    except Exception as error:  # Pillow's decoders may raise any error
        formats = ", ".join(FORMATS)
        raise BadData(f"{name} is no image that can be read ({formats})") from error
