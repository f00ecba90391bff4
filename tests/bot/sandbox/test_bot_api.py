"""The sandbox against Telegram's own description of the Bot API, as data."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import inputs
from bot.sandbox import methods as registers_all_methods
from bot.sandbox.registry import METHODS, Method

from .conftest import USERNAME, Launch, Running

API_FILE = Path(__file__).parents[3].parent / "shared" / "telegram" / "bot-api.json"
PRIMITIVES: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "String": (str,),
    "Boolean": (bool,),
    "Float": (float, int),
}
#: What the sandbox requires beyond the API: it has no inline messages and no rich ones.
STRICTER = {"chat_id", "message_id", "text"}

assert registers_all_methods


@pytest.fixture(scope="module")
def api() -> dict[str, Any]:
    if not API_FILE.exists():
        pytest.skip(f"the Bot API as data is not at {API_FILE}")
    data: dict[str, Any] = json.loads(API_FILE.read_text("utf-8"))
    return data


@pytest.mark.parametrize(
    "method", [pytest.param(method, id=method.name) for method in METHODS.values()]
)
def test_sandbox_methods_take_the_parameters_of_the_bot_api(
    api: dict[str, Any], method: Method
) -> None:
    assert method.name in api["methods"]
    known = {field["name"]: field for field in api["methods"][method.name].get("fields", [])}
    required = {name for name, field in known.items() if field["required"]}
    assert set(method.parameters) <= set(known)
    ours = {name for name, parameter in method.parameters.items() if parameter.required}
    assert required <= ours
    assert ours - required <= STRICTER


async def test_sandbox_refuses_a_call_without_a_required_parameter(launch: Launch) -> None:
    async with launch() as box:
        for method in METHODS.values():
            required = {name for name, parameter in method.parameters.items() if parameter.required}
            for missing in required:
                answer = await box.call(method.name, **dict.fromkeys(required - {missing}, "1"))
                assert (answer["ok"], answer["error_code"]) == (False, 400)
                assert answer["description"].startswith("Bad Request: ")


@pytest.mark.parametrize(
    "name", [name for name, value in vars(inputs).items() if isinstance(value, type)]
)
def test_sandbox_reads_only_fields_of_the_bot_api(api: dict[str, Any], name: str) -> None:
    if name == "BotCommandScope":  # a union; BotCommandScopeChat has all that we read
        name = "BotCommandScopeChat"
        known = fields(inputs.BotCommandScope)
    else:
        known = fields(getattr(inputs, name))
    described = {field["name"] for field in api["types"][name]["fields"]}
    assert {field.name for field in known} <= described


def no_match(api: dict[str, Any], value: Any, kinds: list[str], where: str) -> str | None:
    """Why ``value`` is none of ``kinds``, all the way down, or None if it is one."""
    problems = [mismatch(api, value, kind, where) for kind in kinds]
    return None if None in problems else str(problems)


def mismatch(api: dict[str, Any], value: Any, kind: str, where: str) -> str | None:
    """Why ``value`` is no ``kind``, or None if it is."""
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return f"{where}: no list"
        for number, item in enumerate(value):
            if problem := mismatch(api, item, kind.removeprefix("Array of "), f"{where}[{number}]"):
                return problem
        return None
    if kind in PRIMITIVES:
        # In Python, a bool is an int too.
        right = isinstance(value, PRIMITIVES[kind]) and isinstance(value, bool) == (
            kind == "Boolean"
        )
        return None if right else f"{where}: {value!r} is no {kind}"
    if subtypes := api["types"][kind].get("subtypes"):
        return no_match(api, value, subtypes, where)
    return mismatched_fields(api, value, kind, where)


def mismatched_fields(api: dict[str, Any], value: Any, kind: str, where: str) -> str | None:
    described = {field["name"]: field for field in api["types"][kind]["fields"]}
    if not isinstance(value, dict):
        return f"{where}: no {kind}"
    missing = {name for name, field in described.items() if field["required"]} - set(value)
    if missing or set(value) - set(described):
        return f"{where}: {kind} lacks {missing}, has unknown {set(value) - set(described)}"
    for name, item in value.items():
        if problem := no_match(api, item, described[name]["types"], f"{where}.{name}"):
            return problem
    return None


async def test_sandbox_results_have_the_types_of_the_bot_api(
    api: dict[str, Any], launch: Launch, picture: Callable[..., bytes]
) -> None:
    called: set[str] = set()
    async with launch() as box:

        async def call(method: str, **parameters: Any) -> Any:
            answer = await box.call(method, **parameters)
            assert answer["ok"], answer
            assert not no_match(api, answer["result"], api["methods"][method]["returns"], method)
            called.add(method)
            return answer["result"]

        await story(box, call, picture)
        # uploadStickerFile needs a multipart body; python-telegram-bot reads its File in the story.
        assert called | {"uploadStickerFile"} == {method.name for method in METHODS.values()}


async def story(box: Running, call: Callable[..., Any], picture: Callable[..., bytes]) -> None:
    """Call every method with success, so that every kind of result is seen."""
    chat, name = {"chat_id": box.user}, f"cats_by_{USERNAME}"
    keyboard = {
        "inline_keyboard": [
            [{"text": "Да", "callback_data": "yes", "style": "success"}],
            [{"text": "Набор", "url": f"https://t.me/addstickers/{name}"}],
            [{"text": "Найти", "switch_inline_query_current_chat": "кот"}],
            [{"text": "Ссылка", "copy_text": {"text": "кот"}}],
        ]
    }
    said = await box.say("/start")
    await box.post("/sandbox/message", photo=True, caption="/sticker кот", album="1")
    await box.post("/sandbox/message", file="eA==", file_name="cat.png")
    for kind in ("video", "animation", "video_note", "animated_sticker", "video_sticker"):
        await box.post("/sandbox/message", moving=kind)
    shown = await box.post("/sandbox/message", sticker=True)
    await call("getMe")
    await call("setMyCommands", commands=[{"command": "start", "description": "Начать"}])
    await call("setMyDescription")
    await call("getMyDescription")
    sent = await call(
        "sendMessage",
        **chat,
        text="кот https://t.me/x /pack",
        reply_markup=keyboard,
        reply_parameters={"message_id": said["message_id"]},
    )
    message = {**chat, "message_id": sent["message_id"]}
    await box.tap(sent["message_id"], "yes")
    *_, update = await call("getUpdates")
    await call("answerCallbackQuery", callback_query_id=update["callback_query"]["id"])
    await call("editMessageText", **message, text="ещё")
    photo = await box.bot.send_photo(box.user, picture())
    file_id = photo.photo[-1].file_id
    await call("sendPhoto", **chat, photo=file_id, caption="кот")
    await call("editMessageMedia", **message, media={"type": "photo", "media": file_id})
    await call("editMessageCaption", **message, caption="кот")
    await call("deleteMessage", **message)
    await call("getFile", file_id=file_id)
    await call("setWebhook", url=f"{box.url}/nowhere", allowed_updates=[])
    await call("getWebhookInfo")
    await call("deleteWebhook")
    await call("getWebhookInfo")
    first = {
        "sticker": shown["sticker"]["file_id"],
        "format": "static",
        "emoji_list": ["🐱"],
        "keywords": ["кот"],
    }
    uploaded = await box.bot.upload_sticker_file(box.user, picture(), "static")
    owner = {"user_id": box.user, "name": name}
    await call("createNewStickerSet", **owner, title="Коты", stickers=[first])
    await call("addStickerToSet", **owner, sticker={**first, "sticker": uploaded.file_id})
    member = (await call("getStickerSet", name=name))["stickers"][0]["file_id"]
    await call("setStickerEmojiList", sticker=member, emoji_list=["🐶"])
    await call("setStickerPositionInSet", sticker=member, position=1)
    await call("setStickerSetTitle", name=name, title="Псы")
    await call("replaceStickerInSet", **owner, old_sticker=member, sticker=first)
    await call("deleteStickerFromSet", sticker=member)
    await call("deleteStickerSet", name=name)
    await custom_emoji(box, call, picture)
    await group_and_inline(box, call)


async def group_and_inline(box: Running, call: Callable[..., Any]) -> None:
    """Every other kind of update."""
    said = await box.say("кот")
    await box.post("/sandbox/edit", message_id=said["message_id"], text="пёс")
    group = await box.post("/sandbox/group", title="Друзья", user_ids=[box.user, 1002])
    await box.say("/help", chat_id=group["id"])
    await box.post("/sandbox/block", blocked=True)
    asked = await box.post("/sandbox/inline", query="кот")
    await call("getUpdates")
    await call("answerInlineQuery", inline_query_id=asked["id"], results=[])


async def custom_emoji(
    box: Running, call: Callable[..., Any], picture: Callable[..., bytes]
) -> None:
    """The methods that only sets of custom emoji have."""
    small = await box.bot.upload_sticker_file(box.user, picture((100, 100)), "static")
    first = {"sticker": small.file_id, "format": "static", "emoji_list": ["🐱"]}
    owner = {"user_id": box.user, "name": f"emoji_by_{USERNAME}", "title": "Коты"}
    await call("createNewStickerSet", **owner, stickers=[first], sticker_type="custom_emoji")
    (emoji,) = (await call("getStickerSet", name=owner["name"]))["stickers"]
    await box.post("/sandbox/message", sticker_file_id=emoji["file_id"])
    await call("getUpdates")
    await call("getCustomEmojiStickers", custom_emoji_ids=[emoji["custom_emoji_id"]])
