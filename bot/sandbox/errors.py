"""The errors a bot meets, in the Bot API's own words."""

from typing import Any


class ApiError(Exception):
    """An unsuccessful answer: https://core.telegram.org/bots/api#making-requests."""

    def __init__(self, error_code: int, description: str, **parameters: int | None) -> None:
        super().__init__(description)
        self.error_code = error_code
        self.description = description
        #: https://core.telegram.org/bots/api#responseparameters
        self.parameters = {name: value for name, value in parameters.items() if value is not None}

    def answer(self) -> dict[str, Any]:
        """The JSON body; its ``error_code`` is the HTTP status too."""
        body = {"ok": False, "error_code": self.error_code, "description": self.description}
        return {**body, "parameters": self.parameters} if self.parameters else body


class BadRequest(ApiError):
    """The bot asked for something that Telegram refuses (400)."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, f"Bad Request: {reason}")
