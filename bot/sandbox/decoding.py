"""JSON into typed values, guided by type hints; for API parameters and for our own state."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Upload:
    """A file that came with the request (``InputFile`` in the Bot API)."""

    filename: str
    data: bytes


#: What the Bot API calls "InputFile or String": a new file, or the ``file_id`` of a known one.
FileRef: TypeAlias = Upload | str

Uploads: TypeAlias = Mapping[str, Upload]
ATTACH = "attach://"


class DecodeError(ValueError):
    """A value that does not have the shape its hint asks for."""


def decode(value: object, hint: Any, uploads: Uploads | None = None) -> Any:
    """``value`` as the type ``hint``; dataclasses, lists, dicts and ``X | None`` are followed."""
    hint = without_none(hint)
    if hint is Any:
        return value
    if hint == FileRef:
        return _file(value, uploads or {})
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is list:
        return [decode(item, arguments[0], uploads) for item in _expect(list, value)]
    if origin is dict:
        key, item = arguments
        pairs = _expect(dict, value).items()
        return {decode(k, key): decode(v, item, uploads) for k, v in pairs}
    if isinstance(hint, UnionType):
        return decode(value, _variant(_expect(dict, value), arguments), uploads)
    if is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(_expect(dict, value), hint, uploads)
    return _SCALARS[hint](value)


def is_scalar(hint: Any) -> bool:
    """Whether a parameter of this type is plain text in a request, not JSON."""
    hint = without_none(hint)
    return hint == FileRef or hint in _SCALARS


def without_none(hint: Any) -> Any:
    """``X`` for the hint ``X | None``, and any other hint as it is."""
    if NoneType not in get_args(hint):
        return hint
    first, *others = (argument for argument in get_args(hint) if argument is not NoneType)
    for other in others:
        first = first | other
    return first


def _dataclass(value: Json, hint: type, uploads: Uploads | None) -> Any:
    hints = get_type_hints(hint)
    arguments = {}
    for field in fields(hint):
        if value.get(field.name) is not None:
            arguments[field.name] = decode(value[field.name], hints[field.name], uploads)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise DecodeError(f'can\'t find field "{field.name}"')
    return hint(**arguments)


def _variant(value: Json, kinds: tuple[Any, ...]) -> Any:
    """The dataclass whose first field is there: the Bot API tells such objects apart by it."""
    for kind in kinds:
        if fields(kind)[0].name in value:
            return kind
    return kinds[0]


def _file(value: object, uploads: Uploads) -> FileRef:
    if isinstance(value, Upload):
        return value
    reference = _string(value)
    if not reference.startswith(ATTACH):
        return reference
    name = reference.removeprefix(ATTACH)
    if name not in uploads:
        raise DecodeError(f'file "{name}" is not attached')
    return uploads[name]


def _expect(kind: type, value: object) -> Any:
    if not isinstance(value, kind):
        raise DecodeError("expected an Array" if kind is list else "expected an Object")
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise DecodeError("expected a String")
    return value


def _integer(value: object) -> int:
    try:
        if isinstance(value, int | str):
            return int(value)
    except ValueError:
        pass
    raise DecodeError("expected a Number")


def _boolean(value: object) -> bool:
    # The Bot API takes "true", "yes" and "1" for true, and anything else for false.
    return str(value).strip().lower() in ("true", "yes", "1")


_SCALARS: dict[Any, Callable[[object], Any]] = {str: _string, int: _integer, bool: _boolean}
