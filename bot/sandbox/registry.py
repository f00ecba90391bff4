"""``@method``: a typed function becomes a Bot API method.

The name is the function's in camel case, the parameters are its own, and those without a default
are required. So a method's signature declares all of it.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.sandbox.params import Call, Parameter, bind, parameters_of
from bot.sandbox.sandbox import Sandbox

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True)
class Method:
    """A method of the Bot API as the sandbox offers it."""

    name: str
    handler: Callable[..., Any]
    parameters: dict[str, Parameter]

    async def __call__(self, sandbox: Sandbox, call: Call) -> Any:
        """Run the method; the result is what Telegram puts under ``result``."""
        result = self.handler(sandbox, **bind(self.parameters, call))
        return await result if inspect.isawaitable(result) else result


#: Every method by its name in lower case: the Bot API's names are case-insensitive.
METHODS: dict[str, Method] = {}


def method(handler: Handler) -> Handler:
    """Register ``handler`` under its name in camel case: ``send_photo`` is sendPhoto."""
    name = re.sub(r"_(\w)", lambda match: match[1].upper(), handler.__name__)
    METHODS[name.lower()] = Method(name, handler, parameters_of(handler))
    return handler
