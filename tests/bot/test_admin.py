"""Admins of the bot: statistics, bans, pauses, blocked words, a private bot."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import redis

from bot.admin import access
from bot.admin.access import BANNED
from bot.admin.commands import _user_id
from bot.requests.limits import BlockedPrompt, Blocklist
from emojich_core.errors import SetupError
from tests.bot.conftest import NewUser
from tests.bot.harness import (
    RunningBot,
    Sandbox,
    User,
    Worker,
    ask_inline,
    buttons_of,
    text_of,
    wait_for,
)
from worker.queue.connection import connect
from worker.queue.stats import counts_key, users_key

ADMIN, GUEST = 5001, 5002


@pytest.fixture(scope="module")
def our_bot(
    sandbox: Sandbox, server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningBot]:
    words = tmp_path_factory.mktemp("words") / "blocked.txt"
    words.write_text("бомба\n\nножи\n[groups]\nпиво\n", encoding="utf-8")
    bot = RunningBot(f"{sandbox.url}/bot", server, admins=frozenset({ADMIN}), blocked_words=words)
    yield bot
    bot.stop()


@pytest.fixture(autouse=True)
def clean(our_bot: RunningBot, server: str) -> Iterator[None]:
    """Delete queued requests and the counts of the day after a test."""
    yield
    with connect(server) as connection:
        keys = ("emojich:open", "rq:queue:emojich", "rq:suspended", BANNED)
        connection.delete(*keys, counts_key(), users_key())


@pytest.fixture
def admin(sandbox: Sandbox) -> User:
    return User(sandbox, ADMIN, "ru")


def test_admin_reads_counts_with_stats(admin: User, user: User, worker: Worker) -> None:
    user.say("кот")
    worker.finish(worker.take())
    user.sees("Готово")
    user.say("пёс")
    worker.fail(worker.take(), "memory")
    user.sees("слишком много людей")
    user.say("сова")
    user.sees("«сова»")
    admin.say("/stats")
    admin.sees("В очереди: 1, рисуются: 0", "Никто не рисует", "пользователей: 1, закрыт доступ: 0")
    admin.sees("нарисовано запросов: 1, не удалось: 1\n· memory: 1", "ошибок бота: 0")


def test_user_who_is_no_admin_is_told_the_command_does_not_exist(user: User) -> None:
    for command in ("/stats", "/ban 5001", "/pause"):
        user.say(command)
        user.sees("Такой команды нет")
    user.say("кот")
    user.sees("«кот»")


def test_banned_user_loses_requests_and_gets_no_answers(
    admin: User, user: User, worker: Worker
) -> None:
    user.say("кот\nпёс")
    user.sees("«пёс»")
    old = user.messages()[0]
    admin.say(f"/ban {user.id}")
    admin.sees(f"Доступ закрыт: {user.id}. Остановлены 2 запроса.")
    assert worker.queue.count_waiting() == 0
    user.say("ещё кот")
    user.sees("Хозяин бота закрыл вам доступ")
    [button] = buttons_of(old)
    assert "закрыл вам доступ" in user.tap(button["callback_data"], old["message_id"])
    assert worker.queue.count_waiting() == 0

    answer = ask_inline(user)
    assert answer["results"] == []
    assert answer["button"] is None

    admin.say(f"/unban {user.id}")
    admin.sees(f"Доступ открыт: {user.id}")
    assert ask_inline(user)["button"]
    user.say("кот вернулся")
    user.sees("«кот вернулся»")
    admin.say(f"/unban {user.id}")
    admin.sees("и не был закрыт")


def test_ban_with_a_reason_is_shown_to_the_user_and_listed(
    admin: User, user: User, connection: redis.Redis
) -> None:
    connection.sadd(BANNED, "13")  # by an older version, which knew no reasons
    admin.say(f"/ban {user.id} ругается   в запросах")
    admin.sees(f"Доступ закрыт: {user.id}.")
    user.say("кот")
    assert user.sees("закрыл вам доступ")["text"].endswith("доступ: ругается в запросах")
    admin.say("/banned")
    assert text_of(admin.sees("Кому закрыт доступ:")).splitlines()[1:] == [
        "13",
        f"{user.id}: ругается в запросах",
    ]
    admin.say(f"/ban {user.id}")
    admin.sees(f"Доступ закрыт: {user.id}. Запросов")
    user.say("кот")
    wait_for(lambda: text_of(user.messages()[-1]) == "Хозяин бота закрыл вам доступ.")
    for who in ("13", user.id):
        admin.say(f"/unban {who}")
        admin.sees(f"Доступ открыт: {who}")
    admin.say("/banned")
    admin.sees("Доступ никому не закрыт.")
    assert not connection.exists("emojich:banned:reasons")


def test_long_list_of_banned_users_is_cut(
    admin: User, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "LISTED", 2)
    connection.sadd(BANNED, "11", "12", "13")
    admin.say("/banned")
    assert len(text_of(admin.sees("Кому закрыт доступ (и ещё 1):")).splitlines()) == 3


def test_reason_fits_into_the_answer_to_a_button(admin: User, user: User) -> None:
    admin.say(f"/ban {user.id} {'я' * 121}")
    admin.sees("уложитесь в 120 символов")
    user.say("кот")
    shown = user.sees("«кот»")
    admin.say(f"/ban {user.id} {'я' * 120}")
    admin.sees("Доступ закрыт")
    said = user.tap(buttons_of(shown)[0]["callback_data"], shown["message_id"])
    assert said.endswith("я" * 120)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/ban", "Назовите номер"),
        ("/ban Анна", "Назовите номер"),
        ("/unban 1 2", "Назовите номер"),
        (f"/ban {ADMIN}", "один из тех, кто держит бота"),
    ],
)
def test_ban_without_a_valid_user_id_is_refused(admin: User, command: str, said: str) -> None:
    admin.say(command)
    admin.sees(said)


@pytest.mark.usefixtures("at_work")
def test_paused_worker_keeps_requests_until_resume(admin: User, user: User, worker: Worker) -> None:
    admin.say("/pause")
    admin.sees("Приостановлено")
    user.say("кот")
    user.sees("Запрос сохранён")
    admin.say("/stats")
    admin.sees("Приостановлено: /resume", "Рисуется сразу: до 1", "В очереди: 1")
    admin.say("/resume")
    admin.sees("Рисую дальше")
    user.sees("Вы следующий")


@pytest.mark.parametrize("origin", ["forwarded", "via_bot"])
def test_admin_command_forwarded_from_another_user_is_not_run(
    admin: User, user: User, worker: Worker, origin: str
) -> None:
    for command in ("/pause", f"/ban {user.id}", "/stats", "/start", "/forget", "/nonsense"):
        count = len(admin.messages())
        admin.say(command, **{origin: True})
        wait_for(partial(lambda seen: len(admin.messages()) > seen, count))
        admin.sees("Команды я выполняю, только когда вы пишете их сами")
    assert not worker.queue.is_paused()
    user.say("кот")
    user.sees("«кот»")


def test_prompt_with_a_blocked_word_is_refused(user: User, worker: Worker) -> None:
    user.say("кот с бомбами\nкот с цветами")
    # The answer to the other line may come right after it.
    wait_for(lambda: any("Такое я не рисую" in text_of(said) for said in user.messages()))
    assert worker.take().prompt == "кот с цветами"
    assert worker.queue.count_waiting() == 0


@pytest.mark.parametrize(
    ("prompt", "is_blocked"),
    [
        ("БОМБУ!", True),
        ("кот-бомба", True),
        ("много ножей", True),  # the list has the plural
        ("бомбардир", False),
        ("ножницы", False),
        ("кот", False),
    ],
)
def test_blocked_word_is_found_in_every_inflected_form(prompt: str, is_blocked: bool) -> None:
    blocklist = Blocklist(["Бомба", " ножи ", ""])
    if is_blocked:
        with pytest.raises(BlockedPrompt):
            blocklist.check(prompt)
    else:
        blocklist.check(prompt)


def test_private_bot_refuses_users_not_on_the_list(
    sandbox: Sandbox, server: str, our_bot: RunningBot, new_user: NewUser, worker: Worker
) -> None:
    our_bot.stop()  # the sandbox has one bot
    private = RunningBot(f"{sandbox.url}/bot", server, allowed=frozenset({GUEST}))
    try:
        stranger, guest = new_user("en"), User(sandbox, GUEST, "ru")
        stranger.say("кот")
        stranger.sees(f"This bot is private. To get in, tell its owner your number: {stranger.id}")
        assert ask_inline(stranger)["button"] is None
        guest.say("кот")
        guest.sees("«кот»")
        assert worker.queue.count_waiting() == 1
    finally:
        private.stop()
        our_bot.start()


def test_exception_in_a_handler_is_counted_in_stats(
    admin: User, user: User, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.requests.prompts._lines", None)
    user.say("кот")
    user.sees("что-то сломалось")
    admin.say("/stats")
    admin.sees("ошибок бота: 1")


@pytest.mark.parametrize(
    "prompt",
    [
        "бо\u0301мба", "бо\u0300мба", "бомб\u0301а", "бо\u0336м\u0336ба", "бо\u200bмба",
        "бо\u00adмба", "бо\u2060мба", "бо\u034fмба", "бо\ufe0fмба", "бо\u3164мба", "бо\u0e31мба",
        "бо\U000e0062мба",
        "бoмбa", "БOMБA", "бοмба", "бӧмба", "бомб\u0430\u0306", "больша́я бо́мба", "б𝐨мба",
        "бомбá", "злой ёжик", "злои\u0306 е\u0308жик", "z\u0430p",
    ],
)  # fmt: skip
def test_no_mark_or_lookalike_hides_a_blocked_word(prompt: str) -> None:
    with pytest.raises(BlockedPrompt):
        Blocklist(["бомба", "злой ёжик", "zap"]).check(prompt)


@pytest.mark.parametrize("prompt", ["злой кот", "ёжик", "бом ба", "ромб", "йод", "zip"])
def test_prompt_without_a_blocked_word_is_accepted(prompt: str) -> None:
    Blocklist(["бомба", "злой ёжик", "zap", "---", "\ufeff"]).check(prompt)


@pytest.mark.parametrize(
    "line", ["\ufeffкот", "ко\u0301т", "кoт", " КОТ\u00a0", "\u200bкот", "кот\r", "кот,", "«кот»"]
)
def test_blocked_word_is_read_whatever_its_spelling_in_the_file(tmp_path: Path, line: str) -> None:
    words = tmp_path / "blocked.txt"
    words.write_text(f"{line}\nпёс\n", encoding="utf-8")
    for prompt in ("рыжие коты", "пёс"):
        with pytest.raises(BlockedPrompt):
            Blocklist.read(words).check(prompt)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be", "cp1251"])
def test_list_of_blocked_words_in_another_encoding_is_an_error(
    tmp_path: Path, encoding: str
) -> None:
    words = tmp_path / "blocked.txt"
    words.write_text("кот\nпёс\n", encoding=encoding)
    with pytest.raises(SetupError, match="it is not UTF-8"):
        Blocklist.read(words)


SECTIONS = """бомба
[groups]
пиво
[users 1001, 1002]
кот
[private]
нож
[everyone]
злой пёс
"""


@pytest.mark.parametrize(
    ("prompt", "user_id", "private", "is_blocked"),
    [
        ("бомба", 1, True, True),
        ("бомба", 1001, False, True),
        ("пиво", 1, False, True),
        ("пиво", 1, True, False),
        ("коты", 1002, True, True),
        ("коты", 1001, False, True),
        ("коты", 1003, True, False),
        ("ножи", 1, True, True),
        ("ножи", 1, False, False),
        ("пёс злой", 1, False, True),
        ("пёс", 1001, True, False),
    ],
)
def test_section_of_the_word_list_is_for_its_users_and_chats(
    prompt: str, user_id: int, private: bool, is_blocked: bool
) -> None:
    blocklist = Blocklist(SECTIONS.splitlines())
    if is_blocked:
        with pytest.raises(BlockedPrompt):
            blocklist.check(prompt, user_id, private)
    else:
        blocklist.check(prompt, user_id, private)


@pytest.mark.parametrize("line", ["[gruops]", "[users]", "[users Анна]", "[users 1 -2]", "[]"])
def test_unknown_section_of_the_word_list_is_one_sentence(tmp_path: Path, line: str) -> None:
    words = tmp_path / "blocked.txt"
    words.write_text(f"кот\n\n{line}\nпёс\n", encoding="utf-8")
    with pytest.raises(SetupError) as error:
        Blocklist.read(words)
    assert str(error.value) == (
        f"EMOJICH_BLOCKED_WORDS: {words}, line 3: {line} is no section: write [everyone], "
        "[groups], [private] or [users 1001, 1002]."
    )


def test_group_words_are_refused_in_groups_only(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    group = sandbox.group(user)
    user.say("/sticker пиво", chat_id=group)
    wait_for(lambda: "Такое я не рисую" in str([text_of(m) for m in user.messages(group)]))
    user.say("пиво")
    user.sees("«пиво»")
    assert worker.take().prompt == "пиво"


@pytest.mark.parametrize("arguments", ["9" * 4000, "0", "1 2", "²", "-5"])
def test_invalid_user_id_is_not_parsed(arguments: str) -> None:
    assert _user_id(arguments.split()) is None
