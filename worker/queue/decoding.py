"""Decodes JSON by type annotations, because another version or a person may have written it."""

import json
import math
import types
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")


def from_json(kind: type[Kind], text: str | bytes) -> Kind:
    """The value of a JSON text as `kind`.  Raises ValueError where it has another shape."""
    try:
        value: Kind = decode(kind, json.loads(text))
    except RecursionError:
        raise ValueError("it is too deep") from None
    return value


def decode(kind: Any, value: Any) -> Any:
    """The JSON value as an instance of `kind`: a scalar, a container, an enumeration, a dataclass.

    Missing fields of a dataclass take their defaults; unknown ones are left out, because a newer
    version may write more.  Raises ValueError where the value has another shape.
    """
    if kind is Any:
        return value
    if isinstance(kind, NewType):
        return decode(kind.__supertype__, value)
    if is_dataclass(kind):
        return _dataclass(kind, value)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _first_of(arguments, value)
    if origin in (list, tuple):
        return origin(decode(arguments[0], item) for item in _checked(list, value))
    if origin is dict:  # its keys are strings in JSON
        key, item = arguments
        return {key(k): decode(item, v) for k, v in _checked(dict, value).items()}
    if issubclass(kind, Enum):
        return kind(value)
    return _number(value) if kind is float else _checked(kind, value)


def _number(value: Any) -> float:
    try:
        number = float(_checked(int | float, value))
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("it is no number")
    return number


def _dataclass(kind: Any, value: Any) -> Any:
    given = _checked(dict, value)
    known = {name: decode(hint, given[name]) for name, hint in _hints(kind) if name in given}
    try:
        return kind(**known)
    except TypeError as error:  # a field is missing
        raise ValueError(str(error)) from None


@cache
def _hints(kind: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind)
    return [(field.name, hints[field.name]) for field in fields(kind)]


def _first_of(kinds: tuple[Any, ...], value: Any) -> Any:
    for kind in kinds:
        try:
            return decode(kind, value)
        except ValueError:
            continue
    raise ValueError(f"it is none of {kinds}")


def _checked(kind: Any, value: Any) -> Any:
    is_number = kind in (int, int | float)
    if not isinstance(value, kind) or (is_number and isinstance(value, bool)):
        raise ValueError(f"it is no {kind}")
    return value
