"""The bot's answers when the model does not know a word, over HTTP, in the sandbox."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from bot.requests.limits import Limits
from bot.russian.words import accusative
from emojich_core.model_options import SHIPPED
from emojich_core.pipeline import Pipeline
from emojich_core.request import Request
from tests.bot.conftest import NewUser
from tests.bot.harness import RunningBot, Sandbox, User, Worker, buttons_of, text_of, wait_for
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler
from worker.queue.events import publish
from worker.queue.results import save_stickers


@pytest.fixture(scope="module", autouse=True)
def bot(sandbox: Sandbox, server: str) -> Iterator[None]:
    bot = RunningBot(f"{sandbox.url}/bot", server, limits=Limits(per_day=1, per_minute=1))
    yield
    bot.stop()


@pytest.fixture(scope="module")
def scheduler() -> Scheduler:
    """The engine's, with the bundle that ships."""
    scheduler = Scheduler(Pipeline.load(str(SHIPPED / "mini"), "cpu"), 1)
    scheduler.start()
    return scheduler


def draw(scheduler: Scheduler, connection: redis.Redis, request: Request) -> None:
    """Draw one candidate for a request and tell the bot, as a job does."""
    task = Task(replace(request, count=1))
    scheduler.put(task)
    assert task.ended.wait(300)
    event, stickers = task.outcome
    if stickers:
        save_stickers(connection, request.id, stickers)
    publish(connection, event)


def test_user_is_told_which_word_was_drawn_instead(
    user: User, worker: Worker, connection: redis.Redis, scheduler: Scheduler
) -> None:
    user.say("буксир")
    draw(scheduler, connection, worker.take())
    message = user.sees("Буксир я ещё не умею, вот корабль.")
    assert text_of(message).startswith("«буксир»")
    assert buttons_of(message)


def test_user_is_told_that_the_drawn_emoji_is_only_similar(
    new_user: NewUser, worker: Worker, connection: redis.Redis, scheduler: Scheduler
) -> None:
    user = new_user("ru")
    user.say("капибара")
    draw(scheduler, connection, worker.take())
    user.sees("Капибару я ещё не умею, вот бобр.")


def test_unknown_word_is_refused_and_does_not_count(
    user: User, worker: Worker, connection: redis.Redis, scheduler: Scheduler
) -> None:
    user.say("абырвалг")
    draw(scheduler, connection, worker.take())
    message = user.sees("Не знаю, как это нарисовать. Попробуйте: «кот в шляпе»")
    assert buttons_of(message) == []
    # One a day is allowed, and the refusal was none.
    wait_for(lambda: not connection.zcard(f"emojich:asked:{user.id}"))
    user.say("кот в шляпе")
    assert worker.take().prompt == "кот в шляпе"


def test_english_user_is_told_which_word_was_drawn_instead(
    new_user: NewUser, worker: Worker
) -> None:
    user = new_user("en")
    user.say("капибара")
    worker.finish(worker.take(), unknown="капибара", instead="бобёр")
    user.sees("I cannot draw «капибара» yet, so here is «бобёр».")


def test_event_without_unknown_words_shows_no_hint(user: User, worker: Worker) -> None:
    user.say("кот")
    worker.finish(worker.take())
    assert "не умею" not in text_of(user.sees("Готово, 4 стикера"))


@pytest.mark.parametrize(
    ("noun", "form"),
    [
        ("капибара", "Капибару"),
        ("бобр", "Бобра"),
        ("буксир", "Буксир"),
        ("ножницы", "Ножницы"),
        ("морская свинка", "Морскую свинку"),
        ("белый аист", "Белого аиста"),
        ("утка с яблоками", "Утку с яблоками"),
        ("варёные раки", "Варёных раков"),
        ("кондитерская", "Кондитерскую"),
        ("аист с младенцем", "Аиста с младенцем"),
        # Phrases other than a noun with its adjectives stay unchanged.
        ("три вишни", "«три вишни»"),
        ("серый кот спит на диване", "«серый кот спит на диване»"),
        ("очень жарко тут", "«очень жарко тут»"),
    ],
)
def test_nouns_are_put_into_the_accusative(noun: str, form: str) -> None:
    assert accusative(noun) == form
