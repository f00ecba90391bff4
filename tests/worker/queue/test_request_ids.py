"""Ids of requests: Redis and buttons hold them, so their forms stay."""

from fnmatch import fnmatchcase

from worker.queue.request_ids import (
    RequestId,
    id_of_line,
    id_of_message,
    id_of_next_attempt,
    id_of_update,
    ids_of_user,
)

MESSAGE, UPDATE = id_of_message(7, 12), id_of_update(7, 345)


def test_formats_of_ids_do_not_change() -> None:
    assert (MESSAGE, UPDATE) == ("7_12", "7_u345")
    assert [id_of_line(UPDATE, line) for line in range(3)] == ["7_u345", "7_u345_2", "7_u345_3"]


def test_attempts_are_counted() -> None:
    assert id_of_next_attempt(MESSAGE) == "7_12_try2"
    assert id_of_next_attempt(RequestId("7_u345_3_try2")) == "7_u345_3_try3"
    assert id_of_next_attempt(RequestId("7_u345_3_try9")) == "7_u345_3_try10"


def test_pattern_finds_all_ids_of_one_user_and_no_others() -> None:
    ids = [MESSAGE, UPDATE, id_of_line(MESSAGE, 1), id_of_next_attempt(UPDATE)]
    assert all(fnmatchcase(id_, ids_of_user(7)) for id_ in ids)
    assert not any(fnmatchcase(id_of_message(user, 7), ids_of_user(7)) for user in (77, 17, 1))
