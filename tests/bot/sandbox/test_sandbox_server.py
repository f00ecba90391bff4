"""Updates, restarts and the process of the sandbox, and the callers that it refuses."""

import asyncio
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, FormData
from telegram import Bot, BotCommand, BotCommandScopeAllPrivateChats, InputSticker
from telegram.error import BadRequest, Conflict

from bot.sandbox import files
from bot.sandbox.server import PAGE

from .conftest import TOKEN, USERNAME, Launch


async def test_updates_are_delivered_until_the_bot_confirms_them(launch: Launch) -> None:
    async with launch() as box:
        await box.say("/start кот", language_code="en")
        await box.post("/sandbox/message", sticker=True)
        await box.post("/sandbox/message", photo=True)
        for _ in range(2):
            updates = await box.bot.get_updates()
            assert [update.update_id for update in updates] == [1, 2, 3]
        first, second, third = (update.message for update in updates)
        assert first
        assert first.from_user
        assert (first.from_user.first_name, first.from_user.language_code) == ("Саша", "en")
        assert first.entities[0].type == "bot_command"
        assert second
        assert second.sticker
        assert third
        assert third.photo
        assert len(await box.bot.get_updates(offset=3, limit=1)) == 1
        assert [update.update_id for update in await box.bot.get_updates()] == [3]
        await box.say("ещё")
        assert [update.update_id for update in await box.bot.get_updates(offset=-1)] == [4]
        assert not await box.bot.get_updates(offset=5)


async def test_a_long_poll_ends_with_a_message_or_with_another_poll(launch: Launch) -> None:
    async with launch() as box:
        first = asyncio.create_task(box.bot.get_updates(timeout=5))
        await asyncio.sleep(0.1)
        async with Bot(TOKEN, base_url=f"{box.url}/bot") as other:
            second = asyncio.create_task(other.get_updates(timeout=5))
            with pytest.raises(Conflict, match="terminated by other getUpdates request"):
                await first
            await box.say("кот")
            (update,) = await second
        assert update.message
        assert update.message.text == "кот"


async def test_allowed_updates_filter_the_delivery(launch: Launch) -> None:
    async with launch() as box:
        await box.bot.get_updates(allowed_updates=["callback_query"])
        said = await box.say("кот")
        await box.tap(said["message_id"], "data")
        (update,) = await box.bot.get_updates()
        assert update.callback_query
        assert update.callback_query.data == "data"
        await box.bot.delete_webhook(drop_pending_updates=True)
        assert not await box.bot.get_updates()
        assert (await box.bot.get_webhook_info()).url == ""


async def test_messages_packs_and_updates_survive_a_restart(
    launch: Launch, picture: Callable[..., bytes]
) -> None:
    name = f"cats_by_{USERNAME}"
    async with launch() as box:
        await box.say("кот")
        await box.bot.send_photo(box.user, picture(), caption="Кот")
        sticker = {"sticker": "attach://cat", "format": "static", "emoji_list": ["🐱"]}
        form = FormData({"user_id": str(box.user), "name": name, "title": "Коты"})
        form.add_field("stickers", str([sticker]).replace("'", '"'))
        form.add_field("cat", picture(), filename="cat.webp")
        url = f"{box.url}/bot{TOKEN}/createNewStickerSet"
        async with box.http.post(url, data=form) as response:
            assert response.status == 200, await response.text()
        changed, gone = [await box.bot.send_message(box.user, text) for text in ("кит", "рак")]
        await gone.delete()
        await changed.edit_text("сом")
        before = await box.get("/sandbox/chat"), await box.get("/sandbox/packs")
    async with launch() as box:
        assert (await box.get("/sandbox/chat"), await box.get("/sandbox/packs")) == before
        assert len(await box.bot.get_updates()) == 1
        unique_id = before[1][0]["stickers"][0]["file_unique_id"]
        async with box.http.get(f"{box.url}/sandbox/file/{unique_id}") as response:
            assert await response.read() == picture()
            assert response.content_type == "image/webp"


async def test_files_that_nothing_shows_any_more_are_deleted(
    launch: Launch, picture: Callable[..., bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SPARE", 8)
    async with launch() as box:
        await box.say()
        name = f"cats_by_{USERNAME}"
        first = InputSticker(picture(colour=200), ["🐱"], "static")
        await box.bot.create_new_sticker_set(box.user, name, "Коты", [first])
        shown = await box.bot.send_photo(box.user, picture((1300, 1300), "JPEG"))
        assert len(shown.photo) > 2
        gone = await box.bot.send_photo(box.user, picture((1300, 1300), "JPEG", colour=90))
        await box.bot.delete_message(box.user, gone.message_id)
        for colour in range(50):
            uploaded = await box.bot.upload_sticker_file(box.user, picture(colour=colour), "static")
            await box.bot.get_file(uploaded.file_id)  # the newest are there
        for size in gone.photo:
            with pytest.raises(BadRequest, match=r"(?i)wrong file_id"):
                await box.bot.send_photo(box.user, size.file_id)
        again = await box.bot.send_photo(box.user, shown.photo[0].file_id)
        assert again.photo == shown.photo
        [sticker] = (await box.bot.get_sticker_set(name)).stickers
        for each in (*shown.photo, sticker):
            assert len(await (await each.get_file()).download_as_bytearray()) == each.file_size
    kept = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(kept) <= 2 * 8 + len(shown.photo) + 1


async def test_parameters_are_read_from_query_form_and_json(launch: Launch) -> None:
    async with launch() as box:
        await box.say()
        url, fields = f"{box.url}/bot{TOKEN}/sendMessage", {"chat_id": "1001", "text": "кот"}
        multipart = FormData(fields, default_to_multipart=True)
        ways: list[tuple[str, dict[str, Any]]] = [
            ("GET", {"params": fields}),
            ("POST", {"params": fields}),
            ("POST", {"data": fields}),
            ("POST", {"data": multipart}),
            ("POST", {"json": {"chat_id": 1001, "text": "кот"}}),
        ]
        for verb, options in ways:
            async with box.http.request(verb, url, **options) as response:
                assert (await response.json())["result"]["text"] == "кот"


async def test_bot_profile_has_a_text_for_each_language(launch: Launch) -> None:
    async with launch() as box:
        scope = BotCommandScopeAllPrivateChats()
        await box.bot.set_my_commands([BotCommand("pack", "My pack")])
        await box.bot.set_my_commands([BotCommand("pack", "Мой набор")], scope, "ru")
        await box.bot.set_my_description("Draws stickers")
        english, russian = [
            await box.get(f"/sandbox/bot?language_code={language}") for language in ("en", "ru")
        ]
        assert english["commands"] == [{"command": "pack", "description": "My pack"}]
        assert russian["commands"] == [{"command": "pack", "description": "Мой набор"}]
        assert english["description"] == russian["description"] == "Draws stickers"
        assert (await box.bot.get_my_description("ru")).description == "Draws stickers"


async def test_page_gets_messages_answers_and_deletions(launch: Launch) -> None:
    async with launch() as box:
        await box.say()
        async with box.http.ws_connect(f"{box.url}/sandbox/events") as page:
            await box.say("тихо", user_id=7)
            sent = await box.bot.send_message(box.user, "кот")
            heard = await page.receive_json(timeout=2)
            assert (heard["type"], heard["message"]["text"]) == ("message", "кот")
            tap = await box.tap(sent.message_id, "x")
            await box.bot.answer_callback_query(tap["id"], "Да")
            answer = (await page.receive_json(timeout=2))["tap"]
            assert (answer["message_id"], answer["answer"]["text"]) == (sent.message_id, "Да")
            await sent.delete()
            assert (await page.receive_json(timeout=2))["type"] == "deleted"


async def test_page_has_every_file_it_names(launch: Launch) -> None:
    async with launch() as box:
        async with box.http.get(box.url) as response:
            html = await response.text()
        for name in ("prompt", "send", "messages", "packs", "toggle-packs"):
            assert f'id="{name}"' in html
        files = [path.name for path in PAGE.iterdir()]
        sources = [path.read_text("utf-8") for path in PAGE.iterdir()]
        for name in re.findall(r"[\w-]+\.(?:js|css|svg)\b", "".join(sources)):
            assert name in files
            async with box.http.get(f"{box.url}/page/{name}") as response:
                assert response.status == 200


ROUTES = [
    ("GET", "/"),
    ("GET", "/page/chat.js"),
    ("GET", "/sandbox/chat"),
    ("GET", "/sandbox/events"),
    ("POST", "/sandbox/message"),
    ("GET", f"/bot{TOKEN}/sendMessage?chat_id=1001&text=x"),
    ("POST", f"/bot{TOKEN}/sendMessage?chat_id=1001&text=x"),
    ("GET", f"/file/bot{TOKEN}/photos/1.jpg"),
    ("GET", "/nowhere"),
    ("OPTIONS", f"/bot{TOKEN}/sendMessage"),
]
REFUSED = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Host": "evil.example"},
    {"Host": "EVIL.example:80"},
    {"Host": "evil.example."},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost.evil.example"},
    {"Host": "localhost:80@evil.example"},
    {"Host": "[::1]evil.example"},
    {"Host": "[::1"},
    {"Host": "[2001:db8::1]:80"},
    {"Host": "192.168.1.1"},
    {"Host": "0.0.0.0"},
    {"Host": ""},
]


@pytest.mark.parametrize("headers", REFUSED, ids=str)
async def test_request_from_another_site_is_forbidden(
    launch: Launch, headers: dict[str, str]
) -> None:
    async with launch() as box:
        await box.say()
        for verb, path in ROUTES:
            async with box.http.request(verb, box.url + path, headers=headers, json={}) as response:
                assert response.status == 403, (verb, path)
                assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                assert "Access-Control-Allow-Origin" not in response.headers
        assert len(await box.get("/sandbox/chat")) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "localhost:80"},
        {"Host": "LOCALHOST."},
        {"Host": "box.localhost:8081"},
        {"Host": "127.0.0.1"},
        {"Host": "127.1.2.3:1"},
        {"Host": "[::1]:80"},
        {"Host": "localhost:80", "Origin": "http://localhost:80"},
        {"Host": "LOCALHOST:80", "Origin": "http://localhost:80"},
    ],
    ids=str,
)
async def test_request_from_the_page_or_a_program_is_served(
    launch: Launch, headers: dict[str, str]
) -> None:
    async with launch() as box:
        for path in ("/", "/page/chat.js", "/sandbox/chat", f"/bot{TOKEN}/getMe"):
            async with box.http.get(box.url + path, headers=headers) as response:
                assert response.status == 200, path
                assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_link_from_another_site_opens_only_the_page(launch: Launch) -> None:
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    headers["Sec-Fetch-Site"] = "cross-site"
    async with launch() as box:
        for path, status in (("/", 200), ("/sandbox/chat", 403), (f"/bot{TOKEN}/getMe", 403)):
            async with box.http.get(box.url + path, headers=headers) as response:
                assert response.status == status


@pytest.mark.parametrize("token", ["9" * 5000 + ":a", "1:" + "a" * 5000, "٣:a", "1", "1:"])
async def test_malformed_token_is_unauthorized(launch: Launch, token: str) -> None:
    async with launch() as box, box.http.get(f"{box.url}/bot{token}/getMe") as response:
        assert response.status == 401


async def test_file_path_outside_the_folder_is_not_found(launch: Launch) -> None:
    async with launch() as box:
        for path in ("../state.json", "..%2Fstate.json", "stickers/..%2F..%2Fstate.json"):
            async with box.http.get(f"{box.url}/file/bot{TOKEN}/{path}") as response:
                assert response.status == 404


def start(data: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "bot.sandbox", "--port", "18081", "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


async def test_sandbox_process_prints_its_address_and_ends_on_a_signal(tmp_path: Path) -> None:
    first, address = start(tmp_path / "a")
    second, other_address = start(tmp_path / "b")
    third, nothing = start(tmp_path / "a")
    try:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
        assert other_address != address, "a port that is taken is passed over"
        assert nothing == ""
        assert "already running" in third.communicate()[1]
        async with ClientSession() as http:
            async with http.get(f"{other_address}/bot1:a/getMe") as response:
                assert (await response.json())["result"]["username"] == USERNAME
            waiting = asyncio.create_task(http.get(f"{address}/bot1:a/getUpdates?timeout=30"))
            await asyncio.sleep(0.2)
            first.send_signal(signal.SIGTERM)
            second.send_signal(signal.SIGINT)
            assert (await waiting).status == 200, "a long poll does not hold it up"
        assert (first.wait(5), second.wait(5)) == (0, 0)
        assert first.communicate()[1] == ""
    finally:
        for process in (first, second, third):
            process.kill()
            process.communicate()


@pytest.mark.parametrize("damage", ["state.json is binary", "state.json", ".lock"])
def test_damaged_folder_of_the_sandbox_is_one_sentence(tmp_path: Path, damage: str) -> None:
    name, _, binary = damage.partition(" is ")
    if binary:
        (tmp_path / name).write_bytes(b"\xff\xfe\x00")
    else:
        (tmp_path / name).mkdir()  # what root cannot open either
    process, address = start(tmp_path)
    log = process.communicate()[1]
    assert (process.returncode, address) == (1, "")
    assert log.startswith("emojich: ")
    assert log.count("\n") == 1
    assert name in log or str(tmp_path) in log


async def test_full_disk_is_one_line_for_each_call(
    launch: Launch, caplog: pytest.LogCaptureFixture
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with launch() as box:
        await box.say("/start")
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # no file may be longer
        try:
            async with box.http.post(f"{box.url}/sandbox/message", json={"text": "кот"}) as answer:
                assert answer.status == 500
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [record.getMessage() for record in caplog.records] == [
            "a call of the page failed (File too large): make room"
        ]
        assert not caplog.records[0].exc_info
        await box.say("пёс")
        texts = [update.message.text for update in await box.bot.get_updates() if update.message]
    assert texts == ["/start", "кот", "пёс"]


BODIES = [b"\xff\xfe", b"[" * 100_000, b'{"user_id": ' + b"9" * 5000 + b"}", b'{"text": "\\ud83d"}']


async def test_malformed_body_is_a_bad_request(
    launch: Launch, caplog: pytest.LogCaptureFixture
) -> None:
    async with launch() as box:
        for path in ("/sandbox/message", f"/bot{TOKEN}/sendMessage"):
            for body in BODIES:
                json = {"Content-Type": "application/json"}
                async with box.http.post(box.url + path, data=body, headers=json) as response:
                    assert response.status == 400
    assert "Traceback" not in caplog.text
