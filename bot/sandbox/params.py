"""From an HTTP request to the typed parameters of a method.

https://core.telegram.org/bots/api#making-requests: GET and POST; the query string,
application/x-www-form-urlencoded, application/json and multipart/form-data.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.sandbox.decoding import DecodeError, Upload, decode, is_scalar
from bot.sandbox.errors import ApiError, BadRequest

#: How Telegram names a missing parameter, where it has words of its own for it.
MISSING = {
    "chat_id": "chat_id is empty",
    "media": "input media is not specified",
    "message_id": "message identifier is not specified",
    "old_sticker": "sticker is not specified",
    "photo": "there is no photo in the request",
    "sticker": "sticker is not specified",
    "text": "message text is empty",
    "user_id": "invalid user_id specified",
}


@dataclass(frozen=True)
class Call:
    """The content of a request: text by parameter name, and files by the name of their part."""

    fields: Mapping[str, str]
    uploads: Mapping[str, Upload]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a Bot API method."""

    name: str
    hint: Any
    required: bool


async def read_call(request: web.Request) -> Call:
    """The parameters of a request, from its query string and its body."""
    fields = dict(request.query)
    uploads: dict[str, Upload] = {}
    try:
        if request.content_type == "application/json":
            fields |= _json_fields(await request.text())
        else:
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    uploads[name] = Upload(value.filename, value.file.read())
                else:
                    fields[name] = value if isinstance(value, str) else bytes(value).decode()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large") from None
    except (ValueError, RecursionError):
        raise BadRequest("can't parse the request") from None
    return Call(fields, uploads)


def parameters_of(handler: Callable[..., Any]) -> dict[str, Parameter]:
    """The API parameters of ``handler``: all of its own but the first, which is the sandbox."""
    signature = inspect.signature(handler, eval_str=True)
    own = list(signature.parameters.values())[1:]
    return {p.name: Parameter(p.name, p.annotation, p.default is p.empty) for p in own}


def bind(parameters: Mapping[str, Parameter], call: Call) -> dict[str, Any]:
    """The keyword arguments for a method.  Raises BadRequest for a bad parameter."""
    arguments = {}
    for name, parameter in parameters.items():
        raw = call.uploads.get(name) or call.fields.get(name)
        if raw:
            arguments[name] = _value(parameter, raw, call.uploads)
        elif parameter.required:  # an empty value is a missing one, as at Telegram
            raise BadRequest(MISSING.get(name, f'parameter "{name}" is required'))
    return arguments


def _value(parameter: Parameter, raw: str | Upload, uploads: Mapping[str, Upload]) -> Any:
    try:
        if isinstance(raw, str) and not is_scalar(parameter.hint):
            return decode(json.loads(raw), parameter.hint, uploads)
        return decode(raw, parameter.hint, uploads)
    except DecodeError as error:
        raise BadRequest(f"can't parse {parameter.name}: {error}") from None
    except (ValueError, RecursionError):
        raise BadRequest(f"can't parse {parameter.name} JSON object") from None


def _json_fields(body: str) -> dict[str, str]:
    # As in the other encodings, a parameter that is not a string travels as JSON text.
    values = json.loads(body or "{}")
    if not isinstance(values, dict):
        raise ValueError("expected an Object")
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
