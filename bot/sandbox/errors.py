"""The errors that a bot meets, in the Bot API's own words, and those that a test orders."""

import random
from dataclasses import dataclass, replace
from typing import Any

#: Of errors on order.
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

#: The ``error_code`` of a fault that is none, but for its delay.
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
    With ``answer`` the body is that, with HTTP's 200: what no Bot API would say.
    With ``after`` the call does its work and only then fails: an answer lost on its way back.
    With ``cut`` there is no answer at all: the connection ends.
    With ``delay`` the answer is that many seconds late; with LATE and ``after`` it is a good one.
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


#: What happens to a share of all calls (see `Weather`), as often as each is listed.
TROUBLES = (
    *2 * (Fault("", 429, retry_after=1), Fault("", 500), Fault("", cut=True)),
    *3 * (Fault("", 500, after=True), Fault("", after=True, cut=True)),
    Fault("", 502, after=True, delay=25),  # longer than bots wait for an answer
)


@dataclass(frozen=True)
class Weather:
    """``percent`` of all calls fail, at random from a seed, until the next weather is set."""

    percent: int
    seed: int = 0


class Faults:
    """The ordered failures, first come, first served; they do not survive a restart."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._chance = random.Random()
        self._percent = 0
        #: Calls that failed at random: their method, error code, whether they took effect, and
        #: the chat and id of a message that they sent.
        self.met: list[dict[str, Any]] = []

    def add(self, fault: Fault) -> None:
        """Order a failure."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Call off all that are still to come."""
        self._faults.clear()
        self._percent = 0

    def change(self, weather: Weather) -> None:
        """Let a share of all calls fail from now on."""
        self._percent, self._chance = weather.percent, random.Random(weather.seed)

    def take(self, method: str) -> Fault | None:
        """The failure due for this call of ``method``, used up by one."""
        for fault in self._faults:
            if fault.method.lower() == method.lower():
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        if 100 * self._chance.random() < self._percent:
            return replace(self._chance.choice(TROUBLES), method=method)
        return None

    def note(self, fault: Fault, result: Any) -> None:
        """Keep what a failed call has done, for the count of messages whose answer was lost."""
        met = {"method": fault.method, "error_code": fault.error_code, "after": fault.after}
        if isinstance(result, dict) and "chat" in result:
            met |= {"chat_id": result["chat"]["id"], "message_id": result["message_id"]}
        self.met.append(met)
