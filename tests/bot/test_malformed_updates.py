"""Updates with fields of a wrong type are skipped, or handled as far as possible."""

import json
from typing import Any

import pytest

from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, text_of, wait_for

pytestmark = pytest.mark.usefixtures("bot")

SECRET = "то что человек написал"
LONG = "9" * 5000


def person(user: User, **fields: Any) -> dict[str, Any]:
    return {"id": user.id, "is_bot": False, "first_name": "Анна", "language_code": "ru"} | fields


def chat(user: User, **fields: Any) -> dict[str, Any]:
    return {"id": user.id, "type": "private", "first_name": "Анна"} | fields


def said(user: User, **fields: Any) -> dict[str, Any]:
    message = {"message_id": 1, "date": 1_700_000_000, "chat": chat(user), "from": person(user)}
    found = message | {"text": SECRET} | fields
    return {"message": {name: value for name, value in found.items() if value is not None}}


def tapped(user: User, data: Any, message: Any = None) -> dict[str, Any]:
    tap = {"id": "1", "from": person(user), "chat_instance": "1", "data": data}
    return {"callback_query": tap | ({"message": message} if message else {})}


def asked(user: User, **fields: Any) -> dict[str, Any]:
    return {"inline_query": {"id": "1", "from": person(user), "query": SECRET} | fields}


def entity(kind: Any = "bot_command", **fields: Any) -> list[dict[str, Any]]:
    return [{"type": kind, "offset": 0, "length": 2} | fields]


def malformed_updates(user: User) -> list[dict[str, Any]]:
    put_away = {"chat": chat(user), "message_id": 5, "date": 0}
    sticker = {"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1, "type": "regular"}
    still = sticker | {"is_animated": False, "is_video": False}
    topic = {"is_topic_message": True, "message_thread_id": "x", "text": "/sticker кот"}
    return [
        *[said(user, text=text) for text in (5, True, [SECRET], {"a": SECRET}, "\ud83d кот")],
        *[said(user, **{"from": person(user, id=id_)}) for id_ in (True, 1.5, 10**400, "7", None)],
        *[said(user, **{"from": person(user, language_code=code)}) for code in (5, [SECRET])],
        *[said(user, **{"from": person(user, first_name=name)}) for name in (5, "\ud83d")],
        *[said(user, chat=chat(user, id=id_)) for id_ in ("x", [1], 10**400)],
        *[said(user, chat=chat(user, type=kind)) for kind in ("x", 5, [1])],
        *[said(user, message_id=id_) for id_ in ("x", [SECRET], 10**400, 1e308, True)],
        *[said(user, entities=entity(offset=at)) for at in (1000, -10, "0", 10**30)],
        *[said(user, entities=entity(length=length)) for length in (-5, 10**30, None, "5")],
        *[said(user, entities=entity(kind)) for kind in ("kind_of_2031", 7)],
        said(user, text="🙂", entities=entity("custom_emoji", offset=-1, length=9)),
        said(user, text="🙂", entities=entity("custom_emoji", offset=1, length=1)),
        said(user, text=None, sticker=still | {"set_name": 5}),
        said(user, text=None, sticker=still | {"set_name": f"emojich_x_{LONG}_by_bot"}),
        said(user, quote={"text": 5, "position": 0}),
        said(user, sender_chat={"id": [1], "type": "channel"}),
        said(user, **topic, entities=entity(length=8)),
        *[tapped(user, data) for data in (5, [SECRET], f"1:set:count:{user.id}:3")],
        *[tapped(user, f"1:forget:no:{user.id}", message) for message in (None, put_away)],
        *[tapped(user, f"1:set:count:{user.id}:{count}", put_away) for count in (3, "²", LONG)],
        *[tapped(user, f"1:pack:open:{LONG}:1", put_away), tapped(user, "1:pack:open:٣:٣")],
        tapped(user, f"1:pack:open:{user.id}:{LONG}", put_away),
        *[asked(user, offset=offset) for offset in (5, LONG, "-1", "²")],
        asked(user, query=5, offset=""),
        asked(user, offset="", **{"from": {}}),
        *[{kind: {"chat": chat(user)}} for kind in ("my_chat_member", "message_reaction", "poll")],
        {"business_message": {}},
    ]  # fmt: skip


def test_updates_with_fields_of_wrong_type_are_skipped(
    sandbox: Sandbox, new_user: NewUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot")
    stranger, user = new_user(), new_user()
    updates = malformed_updates(stranger)
    for update in updates:
        body = json.dumps({"update": update})
        sandbox.http.post("/sandbox/update", content=body).raise_for_status()
    user.say("кот")
    user.sees("«кот»")
    wait_for(lambda: sandbox.api("getWebhookInfo")["pending_update_count"] == 0)
    wait_for(lambda: caplog.text.count("left out") > len(updates) / 2)
    assert "Traceback" not in caplog.text
    assert SECRET not in caplog.text
    assert repr(SECRET)[1:-1].encode("unicode_escape").decode() not in caplog.text


@pytest.mark.parametrize("items", ["null", 'null, 1, "x", [], {}', '{"update_id": NaN}', "{}"])
def test_malformed_list_of_updates_loses_no_prompt(
    sandbox: Sandbox, new_user: NewUser, items: str
) -> None:
    users = [new_user() for _ in range(3)]
    for user in users:  # the next poll has this answer, while the prompts wait
        sandbox.fault("getUpdates", 200, answer=f'{{"ok": true, "result": [{items}]}}')
        user.say("кот")
        user.say("пёс")
    for user in users:
        wait_for(lambda user=user: {text_of(m)[:5] for m in user.messages()} >= {"«кот»", "«пёс»"})
