"""Ids of requests: they begin with the user's id, so that /forget finds the keys named by them.

    7_12       from message 12 of user 7's chat with the bot
    7_u345     from update 345: a button, an edited message, or a message in a group
    7_12_3     from the third line of the message
    7_12_try2  the second attempt

Ids stand in Redis and in buttons, so these forms stay.  Only the bot makes ids; the worker takes
any text for one (`emojich_core.request.Request.id`).
"""

from typing import NewType

RequestId = NewType("RequestId", str)


def id_of_message(user_id: int, message_id: int) -> RequestId:
    """The id of the request of a new message in the user's private chat."""
    return RequestId(f"{user_id}_{message_id}")


def id_of_update(user_id: int, update_id: int) -> RequestId:
    """The id of a request from any other update."""
    return RequestId(f"{user_id}_u{update_id}")


def id_of_line(first: RequestId, line: int) -> RequestId:
    """The id of a message's line, counted from 0; `first` is that of its first line."""
    if line == 0:
        return first
    return RequestId(f"{first}_{line + 1}")


def id_of_next_attempt(request_id: RequestId) -> RequestId:
    """The id under which a request is made again: 7_12 → 7_12_try2 → 7_12_try3."""
    first, _, attempt = request_id.partition("_try")
    number = int(attempt or 1) + 1
    return RequestId(f"{first}_try{number}")


def is_next_attempt(request_id: RequestId) -> bool:
    """Whether `id_of_next_attempt` has made the id."""
    return "_try" in request_id


def user_of(request_id: RequestId) -> str:
    """The id of the user, as a text."""
    return request_id.partition("_")[0]


def ids_of_user(user_id: int) -> str:
    """The pattern of the ids of all of a user's requests, for SCAN."""
    return f"{user_id}_*"
