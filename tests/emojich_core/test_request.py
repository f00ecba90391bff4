import json
from dataclasses import replace

import pytest

from emojich_core.request import (
    MAX_PROMPT_LENGTH,
    MAX_SEED,
    Candidate,
    ImageRef,
    InvalidRequest,
    Reason,
    Request,
    clean_prompt,
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        (" \n\t ", Reason.EMPTY),
        ("\u200b\u200d\u202e\ufeff", Reason.EMPTY),
        ("к" * 10_000, Reason.TOO_LONG),
        ("\u200b" * 10_000 + "кот", Reason.TOO_LONG),
        ("☆ →", Reason.NO_WORDS),
        ("42 !?", Reason.NO_WORDS),
        ("a qwrtz in space", Reason.NOT_RUSSIAN),
        ("猫", Reason.NOT_RUSSIAN),
    ],
)
def test_refused_prompt_has_a_reason(text: str, reason: Reason) -> None:
    with pytest.raises(InvalidRequest) as caught:
        clean_prompt(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("кот", "кот"),
        ("  кот\n в   космосе ", "кот в космосе"),
        ("Ёжик 🦔 и DJ", "Ёжик 🦔 и DJ"),
        ("к\u200bо\u200dт\ufeff \u200e в\u00adкос\x00мосе\u202e", "кот вкосмосе"),
        ("\u2067кот 👩\u200d🚀 ❤️\u200d🔥\u200d", "кот 👩\u200d🚀 ❤️\u200d🔥"),
        ("и\u0306ога", "йога"),
        ("ко\u0301т", "кот"),
        ("ко\u0300т и к\u0301от", "кот и кот"),
        ("е\u0301\u0308ж, и\u0301\u0306од, Ё и Й", "ёж, йод, Ё и Й"),
        ("\u0450жик, \u045cот", "ежик, кот"),
        ("к\u034fо\u0483т\u0336 в ш\ufe0fл\u20ddя\u0e31пе\u3164", "кот в шляпе"),
        ("кот" + "\u0316\u0301" * 2000, "кот"),
        ("кот, café и हिन्दी", "кот, café и हिन्दी"),
        ("кот 1\ufe0f\u20e3 ☺\ufe0e 👍🏽 🇫🇷", "кот 1\ufe0f\u20e3 ☺\ufe0e 👍🏽 🇫🇷"),
        ("кoт и Cобака, Xбокс", "кот и Собака, Хбокс"),
        ("iPhone и iPhoneчик, 3D-кот, DJ", "iPhone и iPhoneчик, 3D-кот, DJ"),
        ("ко\udcd0т", "кот"),
        ("кот <b>_*[`", "кот <b>_*[`"),
        ("😺 ❤️", "😺 ❤️"),
        ("A cat in space", "кот в космосе"),
        ("rjn", "кот"),
        ("Kotik v shlyape!", "котик в шляпе"),
        ("я" * MAX_PROMPT_LENGTH, "я" * MAX_PROMPT_LENGTH),
    ],
)
def test_a_prompt_is_cleaned(text: str, prompt: str) -> None:
    assert clean_prompt(text) == prompt
    assert clean_prompt(prompt) == prompt


def test_requests_and_candidates_survive_json() -> None:
    request = Request(id="1_2", prompt="кот", count=3, seed=7, like=(1, 2))
    assert Request.from_json(json.loads(json.dumps(request.to_json()))) == request
    candidate = Candidate(number=0, seed=7, perplexity=1.5, matting="unet")
    assert Candidate.from_json(candidate.to_json()) == candidate
    assert "score" not in candidate.to_json()
    judged = replace(candidate, score=0.25)
    assert judged.to_json()["score"] == 0.25
    assert Candidate.from_json(judged.to_json()) == judged
    # A newer version may write this while machines are upgraded one by one.
    assert Request.from_json(request.to_json() | {"new": 1}) == request
    assert Candidate.from_json(candidate.to_json() | {"new": 1}) == candidate


def test_picture_survives_json_and_its_absence_leaves_no_field() -> None:
    plain = Request(id="1", prompt="кот")
    assert "image" not in plain.to_json()
    begun = Request(id="1", prompt="кот", seed=7, image=ImageRef("1_2", 0.25))
    data = json.loads(json.dumps(begun.to_json()))
    assert data["image"] == {"id": "1_2", "share": 0.25}
    assert Request.from_json(data) == begun
    assert Request.from_json(data | {"image": data["image"] | {"new": 1}}) == begun
    for bad in ({}, 7, {"id": "1_2"}, {"id": 7, "share": 0.5}, {"id": "1_2", "share": 1}):
        with pytest.raises((TypeError, ValueError)):
            Request.from_json(data | {"image": bad or [1]})


@pytest.mark.parametrize(
    ("share", "side", "rows"),
    [(0.5, 12, 6), (0.25, 12, 3), (0.5, 15, 8), (0.25, 15, 4), (0.25, 2, 1), (0.9, 2, 1)],
)
def test_share_of_a_picture_is_rounded_to_rows_and_leaves_one(
    share: float, side: int, rows: int
) -> None:
    assert ImageRef("1", share).rows(side) == rows


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"count": 0}, Reason.BAD_COUNT),
        ({"count": 10}, Reason.BAD_COUNT),
        ({"seed": -1}, Reason.BAD_SEED),
        ({"boldness": 0.0}, Reason.BAD_BOLDNESS),
        ({"boldness": 5.0}, Reason.BAD_BOLDNESS),
        ({"seed": MAX_SEED + 1}, Reason.BAD_SEED),
    ],
)
def test_numbers_outside_their_limits_are_refused(fields: dict[str, int], reason: Reason) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Request(id="1", prompt="кот", **fields)
    assert caught.value.reason == reason


def test_seeds_differ() -> None:
    assert len({Request(id="1", prompt="кот").seed for _ in range(20)}) > 1
