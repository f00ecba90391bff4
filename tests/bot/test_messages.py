"""The bot's answers to prompts, commands and other messages."""

from typing import Any

import pytest
import redis

from bot.requests.limits import Limits
from bot.telegram.profile import COMMANDS, GROUP_COMMANDS
from tests.bot.conftest import NewUser
from tests.bot.harness import (
    RunningBot,
    Sandbox,
    User,
    Worker,
    buttons_of,
    open_of,
    wait_for,
)

ACTIVE = Limits().active

pytestmark = pytest.mark.usefixtures("bot")


def test_bot_description_is_set_and_an_own_one_kept(sandbox: Sandbox, bot: RunningBot) -> None:
    def description(language: str) -> str:
        return str(sandbox.get("/sandbox/bot", language_code=language)["description"])

    wait_for(lambda: "your own pack" in description("de"))  # the last one that the bot sets
    assert "сложу" in description("ru")
    sandbox.api("setMyDescription", description="Рисую для друзей", language_code="ru")
    sandbox.api("setMyDescription", description="")
    bot.stop()
    bot.start()
    wait_for(lambda: "your own pack" in description("de"))
    assert description("ru") == "Рисую для друзей"


@pytest.mark.parametrize(
    ("language", "welcome"), [("ru", "Привет"), ("uk", "Привет"), ("en", "Hi!"), ("de", "Hi!")]
)
def test_start_in_the_users_language(new_user: NewUser, language: str, welcome: str) -> None:
    user = new_user(language)
    user.say("/start")
    message = user.sees(welcome)
    assert len(buttons_of(message)) == 3


def test_help_names_every_command(new_user: NewUser, sandbox: Sandbox) -> None:
    commands = [f"/{name}" for name in {*COMMANDS, *GROUP_COMMANDS} - {"start", "help"}]
    mention = f"@{sandbox.api('getMe')['username']} "
    for language, phrases in (("ru", ("наборы эмодзи",)), ("en", ("those of emoji",))):
        user = new_user(language)
        user.say("/help")
        message = user.sees("«кот в шляпе»", "✖", mention, *commands, *phrases)
        assert len(buttons_of(message)) == 3


def test_pressed_example_becomes_a_request(user: User, worker: Worker) -> None:
    user.say("/start")
    buttons = buttons_of(user.answer())
    assert user.tap(buttons[0]["callback_data"]) == ""
    user.sees(f"«{buttons[0]['text']}»")
    assert worker.take().prompt == buttons[0]["text"]


@pytest.mark.parametrize(
    ("message", "russian", "english"),
    [
        ({"text": "кот " * 1000}, "слишком длинно", "too long"),
        ({"text": "☆☆"}, "нужны слова", "need words"),
        ({"text": "eine Katze im All"}, "только по-русски", "only read Russian"),
        ({"sticker": True}, "не из ваших наборов", "not from your packs"),
        ({"foreign_sticker": True}, "не из ваших наборов", "not from your packs"),
        ({"photo": True}, "Что с этим сделать", "what shall I do with it"),
        ({"moving": "video"}, "не умею", "I cannot begin with a video"),
        ({"moving": "video_note", "caption": "кот"}, "не умею", "I cannot begin with a video"),
        ({"moving": "animation", "caption": "кот"}, "не умею", "I cannot begin with a video"),
        ({"moving": "animated_sticker"}, "не умею", "I cannot begin with a video"),
        ({"moving": "video_sticker"}, "не умею", "I cannot begin with a video"),
        ({"file": "eA==", "file_name": "cat.pdf", "caption": "кот"}, "такое — нет", "but not this"),
        ({"text": "/nosuchcommand"}, "Такой команды нет", "no such command"),
    ],
)
def test_bad_input_gets_a_friendly_sentence(
    new_user: NewUser, worker: Worker, message: dict[str, Any], russian: str, english: str
) -> None:
    for language, sentence in (("ru", russian), ("en", english)):
        user = new_user(language)
        user.say(**message)
        user.sees(sentence)
    assert worker.queue.count_waiting() == 0


def test_user_is_told_the_place_in_the_queue(
    new_user: NewUser, worker: Worker, at_work: None
) -> None:
    first, second, third = new_user(), new_user("en"), new_user()
    first.say("кот")
    first.sees("Вы следующий")
    second.say("кот")
    second.sees("You are number 2 in the queue")
    third.say("кот")
    third.sees("Вы 3-й в очереди")
    worker.finish(worker.take())
    second.sees("You are next")
    third.sees("Вы 2-й в очереди")
    first.sees("Готово")


def test_user_is_told_that_no_worker_runs(user: User, worker: Worker) -> None:
    user.say("кот")
    user.sees("Запрос сохранён")
    worker.progress(worker.take(), 0.1)
    user.sees("Рисую")


def test_user_over_the_limit_of_open_requests_is_refused(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    for number in range(ACTIVE):
        user.say(f"кот номер {number}")
        user.sees(f"кот номер {number}")
    user.say("ещё кот")
    user.sees(f"уже рисую {ACTIVE}")
    assert worker.queue.count_waiting() == ACTIVE
    worker.finish(worker.take())
    wait_for(lambda: open_of(user, connection) == ACTIVE - 1)
    user.say("последний кот")
    user.sees("«последний кот»")


def test_markup_in_a_prompt_is_shown_as_text(user: User) -> None:
    user.say("кот <b>жирный</b> & *важный* «кот»")
    user.sees("кот <b>жирный</b> & *важный* „кот“")
