"""Errors of the Bot API, in its own words, and faults that a test requests."""

import random
from dataclasses import dataclass, replace
from typing import Any

#: Of faults that give no description.
DESCRIPTIONS = {
    400: "Bad Request: fault",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: fault",
    429: "Too Many Requests: retry after {retry_after}",
    500: "Internal Server Error",
    502: "Bad Gateway",
}

#: The ``error_code`` of a fault that only delays a successful answer.
LATE = 200


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


@dataclass
class Fault:
    """The next ``times`` calls of ``method`` fail.

    With ``migrate_to_chat_id``, as in a group that has become a supergroup of this id.
    With ``answer`` the body is that text, with the HTTP status 200, as no Bot API would answer.
    With ``after`` the call takes effect before it fails: the answer is lost on its way back.
    With ``cut`` the connection ends without an answer.
    With ``delay`` the answer is that many seconds late; with LATE and ``after`` it is successful.
    """

    method: str
    error_code: int = 500
    retry_after: int | None = None
    times: int = 1
    description: str | None = None
    after: bool = False
    cut: bool = False
    migrate_to_chat_id: int | None = None
    answer: str = ""
    delay: int = 0

    def error(self) -> ApiError:
        """The answer the bot gets."""
        description = self.description or DESCRIPTIONS.get(self.error_code, "Fault")
        description = description.replace("{retry_after}", str(self.retry_after))
        return ApiError(
            self.error_code,
            description,
            retry_after=self.retry_after,
            migrate_to_chat_id=self.migrate_to_chat_id,
        )


#: The faults that `RandomFaults` draws from; a fault listed twice is twice as likely.
RANDOM_FAULTS = (
    *2 * (Fault("", 429, retry_after=1), Fault("", 500), Fault("", cut=True)),
    *3 * (Fault("", 500, after=True), Fault("", after=True, cut=True)),
    Fault("", 502, after=True, delay=25),  # longer than bots wait for an answer
)


@dataclass(frozen=True)
class RandomFaults:
    """``percent`` of all calls fail, at random from a seed, until the next setting."""

    percent: int
    seed: int = 0


class Faults:
    """The requested faults, the oldest first; they do not survive a restart."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random()
        self._percent = 0
        #: Calls that failed at random: their method, error code, whether they took effect, and
        #: the chat and id of a message that they sent.
        self.occurred: list[dict[str, Any]] = []

    def add(self, fault: Fault) -> None:
        """Let the next calls of a method fail."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Cancel all faults that are still to come."""
        self._faults.clear()
        self._percent = 0

    def set_random(self, faults: RandomFaults) -> None:
        """Let a random share of all calls fail from now on."""
        self._percent, self._random = faults.percent, random.Random(faults.seed)

    def take(self, method: str) -> Fault | None:
        """The fault for this call of ``method``, if one is due; counts it as used."""
        for fault in self._faults:
            if fault.method.lower() == method.lower():
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        if 100 * self._random.random() < self._percent:
            return replace(self._random.choice(RANDOM_FAULTS), method=method)
        return None

    def note(self, fault: Fault, result: Any) -> None:
        """Record a fault and the message that the failed call sent, for GET /sandbox/faults."""
        occurred = {"method": fault.method, "error_code": fault.error_code, "after": fault.after}
        if isinstance(result, dict) and "chat" in result:
            occurred |= {"chat_id": result["chat"]["id"], "message_id": result["message_id"]}
        self.occurred.append(occurred)
