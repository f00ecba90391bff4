"""The report finds each broken promise, and excuses messages that the bot cannot know of."""

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.people import TrackedRequest
from tests.chaos.report import Report, Seen

ASKED = TrackedRequest(7, "синий кот", taps={1})
DONE = "«синий кот»\n\nГотово, 4 стикера!"


def message(number: int, text: str, date: int = 100) -> dict[str, Any]:
    return {"message_id": number, "date": date, "text": text}


def pack(*prompts: str) -> dict[str, Any]:
    return {
        "stickers": [
            {"keywords": p.split(), "file_unique_id": str(n)} for n, p in enumerate(prompts)
        ]
    }


GOOD = Seen([message(1, DONE)], [pack("синий кот")])


def broken(asked: TrackedRequest, seen: Seen) -> list[str]:
    """The promises that are broken."""
    report = Report()
    report.read([asked], seen)
    return [name for name, found in report.breaches.items() if found]


def test_kept_promises_are_clean() -> None:
    assert broken(ASKED, GOOD) == []


@pytest.mark.parametrize(
    ("asked", "seen", "promises"),
    [
        (ASKED, replace(GOOD, chat=[]), ["lost"]),
        (ASKED, replace(GOOD, chat=[message(1, "«синий кот»\n\n🎨 Рисую…")]), ["lost"]),
        (ASKED, replace(GOOD, chat=[message(1, "«синий кот»\n\n✖ Остановлено.")]), ["lost"]),
        (ASKED, replace(GOOD, chat=[message(1, DONE), message(2, DONE)]), ["twice"]),
        (ASKED, replace(GOOD, packs=[]), ["sticker"]),
        (ASKED, replace(GOOD, packs=[pack("синий кот", "синий кот")]), ["sticker"]),
        (replace(ASKED, unconfirmed={1}), GOOD, ["sticker"]),
        (
            replace(ASKED, first="злой пёс"),
            replace(GOOD, chat=[message(1, DONE), message(2, "«злой пёс»\n\nГотово")]),
            ["twice"],
        ),
    ],
)
def test_broken_promise_is_found(asked: TrackedRequest, seen: Seen, promises: list[str]) -> None:
    assert broken(asked, seen) == promises


def test_repeated_message_is_excused_if_the_bot_could_not_record_the_first() -> None:
    twice = replace(GOOD, chat=[message(1, "«синий кот»\n\n⏳"), message(2, DONE, 200)])
    assert broken(ASKED, twice) == ["twice"]
    assert broken(ASKED, replace(twice, lost=frozenset({1}))) == []
    assert broken(ASKED, replace(twice, unrecorded=((98.0, 101.0),))) == []
    assert broken(ASKED, replace(twice, unrecorded=((150.0, 160.0),))) == ["twice"]
