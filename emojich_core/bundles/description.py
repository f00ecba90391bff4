"""Reads bundle.json, and checks every value, because a bundle may come from anybody."""

import json
import math
import re
import sys
import types
import typing
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal

from emojich_core.errors import BundleError

FORMAT = 1
STAGES = ("transformer", "vqgan", "upscale", "matting")
TOKENIZER = "bpe.model"
FILES = (TOKENIZER, *(f"{stage}.safetensors" for stage in STAGES))
VOCABULARY = "vocabulary.tsv"  # not every bundle has one
JUDGE = "judge"  # a stage that not every bundle has
JUDGE_TOKENIZER = "judge-bpe.model"
JUDGE_FILES = (JUDGE_TOKENIZER, f"{JUDGE}.safetensors")

MAX_BYTES = {
    "bundle.json": 2**16,
    TOKENIZER: 4 * 2**20,
    JUDGE_TOKENIZER: 4 * 2**20,
    VOCABULARY: 4 * 2**20,
}
MAX_TEXT = 200  # letters of a name or licence
MAX_ITEMS = 16  # of a tuple
LANGUAGES = ("ru", "en")  # of a title
MAX_NUMBER = 2**17
# Larger values would take minutes, or all memory, before the weights turn out not to fit.
MAX_NUMBERS = {
    "num_layers": 256,
    "image_tokens_per_dim": 64,
    "text_seq_length": 1024,
    "num_res_blocks": 32,
    "num_block": 256,
    "resolution": 2048,
    "tile": 1024,
    "size": 2048,
    "image_resolution": 2048,
    "vision_layers": 256,
    "context_length": 1024,
    "transformer_layers": 256,
}


def brief(error: Exception) -> str:
    """An error's message, which may quote the file, as a part of a sentence."""
    text = " ".join(str(error).split())[:MAX_TEXT]
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def check_readable(file: Path) -> None:
    """Raise BundleError for a missing file, a folder, and a file whose reading might not end.

    Reading a pipe, a device or a huge file might not end.
    """
    if not file.is_file():
        problem = "is no regular file" if file.exists() else "is missing"
    elif file.stat().st_size > MAX_BYTES.get(file.name, sys.maxsize):
        problem = "is too large"
    else:
        return
    raise BundleError(f"{file} {problem}: restore the bundle.")


def read_description(path: Path) -> dict[str, Any]:
    """The content of a bundle's bundle.json; checked are the fields that `to_config` does not read.

    Raises BundleError when the file cannot be read, or is of another format.
    """
    file = path / "bundle.json"
    check_readable(file)
    try:
        description = read_json(file)
    except ValueError as error:
        raise BundleError(f"{file} cannot be read ({brief(error)}): restore the bundle.") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise BundleError(f"{file} is not of bundle format {FORMAT}: update Emojich or the bundle.")
    try:
        _check(description)
    except ValueError as error:
        raise BundleError(f"{file} is not as it was written ({error}): restore it.") from error
    return description


def read_json(file: Path) -> Any:
    """The content of a JSON file.  Raises ValueError when it cannot be read."""
    try:
        return json.loads(
            file.read_text("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_number,
        )
    except (OSError, RecursionError) as error:
        raise ValueError(error) from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def files_of(description: dict[str, Any]) -> tuple[str, ...]:
    """The files of a bundle besides bundle.json; Emojich touches no other file that it names."""
    files = [*FILES]
    if VOCABULARY in description["files"]:
        files.append(VOCABULARY)
    if has_judge(description):
        files += JUDGE_FILES
    return tuple(files)


def has_judge(description: dict[str, Any]) -> bool:
    """Whether a bundle has a judge, or a part of one, and so must have all of it."""
    return JUDGE in description or any(file in description["files"] for file in JUDGE_FILES)


def _check(description: dict[str, Any]) -> None:
    for key in ("name", "licence"):
        _check_value(key, str, description.get(key, "" if key == "licence" else None))
    title = description.get("title", {})  # what users read, by language
    if not isinstance(title, dict) or not set(title) <= set(LANGUAGES):
        raise ValueError(f"title is {title!a:.60}")
    for language, text in title.items():
        _check_value(f"title in {language}", str, text)
    sources = description.get("sources", {})
    if not isinstance(sources, dict) or not all(isinstance(s, str) for s in sources.values()):
        raise ValueError("its sources are no names")
    files = description.get("files")
    if not isinstance(files, dict):
        raise ValueError("it does not name its files")
    for name in files_of(description):
        checksum = files.get(name)
        if not isinstance(checksum, str) or not re.fullmatch("[0-9a-f]{64}", checksum):
            raise ValueError(f"it has no check sum of {name}")


def to_config(kind: type, values: Any) -> Any:
    """The configuration of a stage, or Sampling, from JSON, where tuples have become lists.

    Raises ValueError for an unknown or missing name, and for a value of another type or beyond its
    limits.
    """
    if not isinstance(values, dict):
        raise ValueError(f"it has no {kind.__name__}")
    hints = typing.get_type_hints(kind)
    if unknown := values.keys() - hints.keys():
        raise ValueError(f"{kind.__name__} has no {min(unknown)!a:.60}")
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    if missing := [name for name in needed if name not in values]:
        raise ValueError(f"{kind.__name__} has no {missing[0]}")
    for name, value in values.items():
        _check_value(name, hints[name], value)
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def _check_value(name: str, hint: Any, value: Any) -> None:
    """Raise ValueError unless a JSON value is of the type of a field, and within its limits."""
    if not _fits(name, hint, value):
        raise ValueError(f"{name} is {value!a:.60}")


def _fits(name: str, hint: Any, value: Any) -> bool:
    if isinstance(hint, types.UnionType):
        return any(_fits(name, option, value) for option in typing.get_args(hint))
    if typing.get_origin(hint) is Literal:
        options = typing.get_args(hint)
        return type(value) in map(type, options) and value in options
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        least = 0 if item is str else 1
        is_list = isinstance(value, list) and least <= len(value) <= MAX_ITEMS
        return is_list and all(_fits(name, item, each) for each in value)
    if hint is int:
        least = 0 if name == "rim" else 1
        return type(value) is int and least <= value <= MAX_NUMBERS.get(name, MAX_NUMBER)
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= MAX_NUMBER
    if hint is str:
        return isinstance(value, str) and len(value) <= MAX_TEXT and value.isprintable()
    return type(value) is hint  # bool, None
