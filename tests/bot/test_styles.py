"""Styles: what users see where workers serve several bundles."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis
import rq

from bot.app import WORKERS_CACHE_TIME
from bot.requests.styles import code_of
from tests.bot.conftest import NewUser
from tests.bot.harness import (
    CODES,
    RunningBot,
    Sandbox,
    User,
    Worker,
    buttons_of,
    text_of,
    wait_for,
)
from tests.bot.test_image_prompts import photo
from worker.queue.bundles import ServedBundle
from worker.queue.image_prompts import forget as forget_images
from worker.queue.request_job import rq_queue

EMOJI = ServedBundle("emojich", 0, {"ru": "Эмодзи", "en": "Emoji"})
JUDGED = replace(EMOJI, judged_per_minute=500.0)
DALI = ServedBundle("surrealist", 1, {"ru": "Сюрреалист"})
ADMIN = 5003

pytestmark = pytest.mark.usefixtures("bot")
Serve = Callable[..., list[rq.Worker]]


@pytest.fixture
def serve(worker: Worker, connection: redis.Redis) -> Iterator[Serve]:
    """Has workers serve some bundles."""
    registered: list[rq.Worker] = []

    def begin(*bundles: ServedBundle) -> list[rq.Worker]:
        registered.extend(new := [worker.register(bundle) for bundle in bundles])
        return new

    yield begin
    for each in registered:
        each.register_death()
    for bundle in (EMOJI, DALI):
        connection.delete(rq_queue(connection, bundle.name).key)


@pytest.fixture
def both(serve: Serve) -> list[rq.Worker]:
    return serve(EMOJI, DALI)


def labels(message: dict[str, object]) -> list[str]:
    return [button["text"] for button in buttons_of(message)]


def drawn(user: User, worker: Worker, model: str = "emojich") -> None:
    user.say("кот")
    worker.finish(worker.take(), model=model)
    user.sees("Готово")


def test_one_bundle_shows_no_choice_of_styles(user: User, worker: Worker, serve: Serve) -> None:
    serve(EMOJI, EMOJI)
    drawn(user, worker)
    assert "🎭 В другом стиле…" not in labels(user.answer())
    user.press("🎲")
    assert worker.take().model == ""  # the default, in the queue that it has always had
    user.say("/settings")
    assert "Эмодзи" not in "".join(labels(user.sees("Сколько стикеров")))


@pytest.mark.usefixtures("both")
def test_user_chooses_a_style_in_settings(user: User, worker: Worker) -> None:
    user.say("/settings")
    shown = user.sees("в каком стиле")
    assert labels(shown)[-2:] == ["● Эмодзи", "Сюрреалист"]
    user.press("Сюрреалист")
    user.say("кот")
    assert worker.take("surrealist").model == "surrealist"
    user.say("/settings")
    assert labels(user.sees("в каком стиле"))[-2:] == ["Эмодзи", "● Сюрреалист"]
    user.press("Эмодзи")
    user.say("пёс")
    assert worker.take().model == ""


@pytest.mark.usefixtures("both")
def test_style_without_a_title_is_called_by_its_name(new_user: NewUser) -> None:
    user = new_user("en")
    user.say("/settings")
    assert labels(user.sees("in which style"))[-2:] == ["● Emoji", "surrealist"]


def test_chosen_style_that_is_not_served_becomes_the_default(
    user: User, worker: Worker, both: list[rq.Worker]
) -> None:
    user.say("/settings")
    user.sees("в каком стиле")
    user.press("Сюрреалист")
    both[1].register_death()
    user.say("кот")
    assert worker.take().model == ""
    user.sees("Вы следующий")
    assert "no longer works" not in user.answer()["text"]


def test_chosen_style_is_kept_while_a_bot_has_seen_no_worker(
    user: User, worker: Worker, both: list[rq.Worker], bot: RunningBot
) -> None:
    user.say("/settings")
    user.sees("в каком стиле")
    user.press("Сюрреалист")
    for each in both:
        each.register_death()
    bot.stop()
    bot.start()
    user.say("кот")
    user.sees("Запрос сохранён")
    assert worker.take("surrealist").model == "surrealist"


@pytest.mark.parametrize("code", ["00000000", "x"])
@pytest.mark.usefixtures("both")
def test_style_that_nobody_serves_cannot_be_chosen(user: User, code: str) -> None:
    user.say("/settings")
    user.sees("в каком стиле")
    assert "уже не работает" in user.tap(f"1:set:style:{user.id}:{code}")


@pytest.mark.usefixtures("both")
def test_prompt_is_drawn_in_another_style_in_the_same_message(user: User, worker: Worker) -> None:
    drawn(user, worker)
    user.press("🎭")
    assert labels(user.sees("В каком стиле")) == ["Сюрреалист", "← Назад"]
    user.press("← Назад")
    message = user.sees("Готово")
    user.press("🎭")
    user.sees("В каком стиле")
    user.press("Сюрреалист")
    request = worker.take("surrealist")
    assert (request.prompt, request.model, request.like) == ("кот", "surrealist", ())
    worker.finish(request, 2, first=7, model="surrealist")
    again = user.sees("Готово, 2 стикера")
    assert again["message_id"] == message["message_id"]
    user.press("🎭")
    assert labels(user.sees("В каком стиле"))[0] == "Эмодзи"
    user.press("← Назад")
    user.sees("Готово")
    user.press("🎲")
    assert worker.take("surrealist").model == "surrealist"


@pytest.mark.usefixtures("both")
def test_image_prompt_is_drawn_in_another_style_until_it_expires(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say(file=photo(), caption="в шляпе")
    first = worker.take()
    worker.finish(first, model="emojich")
    user.sees("Готово")
    user.press("🎭")
    user.sees("В каком стиле")
    user.press("Сюрреалист")
    second = worker.take("surrealist")
    assert second.image == first.image
    worker.finish(second, model="surrealist")
    user.sees("Готово")
    user.press("🎭")
    user.sees("В каком стиле")
    assert first.image
    forget_images(connection, user.id)
    assert "уже не работает" in user.press("Эмодзи")


def test_styles_that_are_no_longer_served_are_not_offered(
    user: User, worker: Worker, both: list[rq.Worker]
) -> None:
    drawn(user, worker)
    both[1].register_death()
    assert user.press("🎭") == "Других стилей сейчас нет."


@pytest.mark.usefixtures("both")
def test_stickers_that_were_drawn_again_can_be_drawn_in_another_style(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    worker.finish(request, model="emojich")
    shown = user.sees("Готово")
    connection.delete(*connection.keys("emojich:stickers:*"))  # type: ignore[misc]
    user.press_button(shown, 0)
    worker.finish(worker.take(), model="emojich")
    user.sees("Готово")
    style = f"1:style:{request.id}:{code_of('surrealist')}"
    assert user.tap(style, shown["message_id"]) == ""
    assert worker.take("surrealist").prompt == "кот"


@pytest.mark.usefixtures("both")
def test_retry_of_a_request_in_the_default_style_keeps_that_style(
    user: User, worker: Worker
) -> None:
    user.say("/settings")
    user.sees("в каком стиле")
    user.press("Сюрреалист")
    user.say("кот")
    worker.finish(worker.take("surrealist"), model="surrealist")
    user.sees("Готово")
    user.press("🎭")
    user.sees("В каком стиле")
    user.press("Эмодзи")
    worker.lose(worker.take())
    user.press_button(user.sees("потерялся по дороге"), 0)
    assert worker.take().model == ""


def test_style_that_is_no_longer_served_replaces_no_stickers(
    user: User, worker: Worker, both: list[rq.Worker], connection: redis.Redis
) -> None:
    drawn(user, worker)
    user.press("🎭")
    user.sees("В каком стиле")
    both[1].register_death()
    asked = f"emojich:asked:{user.id}"
    count = connection.zcard(asked)
    assert "больше никто не рисует" in user.press("Сюрреалист")
    assert worker.queue.count_waiting() == 0
    assert connection.zcard(asked) == count
    user.press("← Назад")
    user.sees("Готово")


@pytest.mark.usefixtures("both")
def test_button_of_an_unknown_style_is_old(user: User, worker: Worker) -> None:
    user.say("кот")
    request = worker.take()
    worker.finish(request, model="emojich")
    user.sees("Готово")
    assert "уже не работает" in user.tap(f"1:style:{request.id}:00000000")


def test_similar_stickers_are_drawn_by_the_bundle_of_the_first(
    user: User, worker: Worker, both: list[rq.Worker]
) -> None:
    drawn(user, worker)
    user.press("🪄")
    user.sees("На какой стикер")
    user.press("🪄 3")
    user.sees("похожие на стикер 3")
    request = worker.take("emojich")  # even if it is no longer the default by then
    assert (request.model, request.like) == ("emojich", CODES)
    worker.finish(request, model="emojich")
    user.sees("Готово")
    both[0].register_death()
    user.press("🪄")
    user.sees("На какой стикер")
    assert "сейчас никто не рисует" in user.press("🪄 3")
    assert worker.queue.count_waiting() == 0


def wait_for_a_stopped_bundle(user: User, both: list[rq.Worker]) -> None:
    """A request in a chosen style waits, and then its bundle's only worker ends."""
    user.say("/settings")
    user.sees("в каком стиле")
    user.press("Сюрреалист")
    user.say("кот")
    user.sees("Вы следующий")
    both[1].register_death()
    user.sees("Художник сейчас отдыхает")


def test_request_whose_bundle_is_no_longer_served_waits(
    user: User, worker: Worker, both: list[rq.Worker]
) -> None:
    wait_for_a_stopped_bundle(user, both)
    assert worker.take("surrealist").prompt == "кот"


def test_request_that_expires_leaves_the_queue_of_a_bundle_that_nobody_serves(
    user: User, worker: Worker, both: list[rq.Worker], connection: redis.Redis
) -> None:
    wait_for_a_stopped_bundle(user, both)
    [request_id] = rq_queue(connection, "surrealist").job_ids
    connection.delete(f"rq:job:{request_id}")
    user.sees("не вернулся за целые сутки")
    assert worker.queue.count_waiting("surrealist") == 0


@pytest.mark.usefixtures("both")
def test_history_draws_again_with_the_same_bundle(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    drawn(user, worker, model="surrealist")
    connection.delete(*connection.keys("emojich:stickers:*"))  # type: ignore[misc]
    user.say("/history")
    user.sees("последний запрос")
    user.press("кот")
    assert worker.take("surrealist").model == "surrealist"


def test_stats_have_a_line_for_each_bundle(
    sandbox: Sandbox, server: str, bot: RunningBot, worker: Worker, serve: Serve, user: User
) -> None:
    bot.stop()  # the sandbox has one bot
    own = RunningBot(f"{sandbox.url}/bot", server, admins=frozenset({ADMIN}))
    try:
        admin = User(sandbox, ADMIN, "ru")
        [emoji] = serve(EMOJI)
        admin.say("/stats")
        assert "emojich" not in admin.sees("В очереди: 0")["text"]
        serve(DALI, DALI)
        user.say("кот")
        user.sees("Вы следующий")
        time.sleep(WORKERS_CACHE_TIME)  # the first answer read the workers
        admin.say("/stats")
        admin.sees(
            "В очереди: 1, рисуются: 0\nРисуется сразу: до 3\n"
            "· emojich: в очереди 1, рисуются 0, сразу до 1\n"
            "· surrealist: в очереди 0, рисуются 0, сразу до 2"
        )
        emoji.register_death()
    finally:
        own.stop()
        bot.start()


def longer_of(message: dict[str, object]) -> list[str]:
    return [label for label in labels(message) if "дольше" in label]


def test_longer_drawing_chooses_stickers_among_more_candidates(
    user: User, worker: Worker, serve: Serve
) -> None:
    serve(JUDGED)
    user.say("/settings")
    assert longer_of(user.sees("Сколько стикеров")) == ["Рисовать дольше, выбирать лучше"]
    user.press("Рисовать дольше")
    wait_for(lambda: longer_of(user.answer()) == ["● Рисовать дольше, выбирать лучше"])
    user.say("кот")
    request = worker.take()
    assert request.longer
    worker.finish(request, model="emojich", judge="ruCLIP")
    user.sees("Вариантов было в 4 раза больше, лучшие выбрала модель ruCLIP.", "Готово")
    user.say("/settings")
    user.sees("Сколько стикеров")
    user.press("● Рисовать дольше")
    user.press("🎲", user.messages()[1])
    assert not worker.take().longer


def test_longer_drawing_needs_a_judge_that_is_fast_enough(
    user: User, worker: Worker, serve: Serve
) -> None:
    serve(JUDGED)
    user.say("/settings")
    user.sees("Сколько стикеров")
    user.press("Рисовать дольше")
    serve(replace(JUDGED, judged_per_minute=5.0))  # any of the two may take the request
    user.say("/settings")
    wait_for(lambda: len(user.messages()) == 2)
    assert longer_of(user.sees("Сколько стикеров")) == []
    user.say("кот")
    request = worker.take()
    assert not request.longer
    worker.finish(request, model="emojich", judge="ruCLIP")  # of EMOJICH_BEST_OF: nothing new
    assert "ruCLIP" not in text_of(user.sees("Готово"))


def test_history_repeats_longer_drawing(
    user: User, worker: Worker, serve: Serve, connection: redis.Redis
) -> None:
    serve(JUDGED)
    user.say("/settings")
    user.sees("Сколько стикеров")
    user.press("Рисовать дольше")
    user.say("кот")
    first = worker.take()
    worker.finish(first, model="emojich", judge="ruCLIP")
    user.sees("Готово")
    user.say("/settings")
    user.sees("Сколько стикеров")
    user.press("● Рисовать дольше")
    connection.delete(*connection.keys("emojich:stickers:*"))  # type: ignore[misc]
    user.say("/history")
    user.sees("последний запрос")
    user.press("кот")
    again = worker.take()
    assert (again.longer, again.seed) == (True, first.seed)


def test_forget_deletes_the_choice_to_draw_longer(user: User, worker: Worker, serve: Serve) -> None:
    serve(JUDGED)
    user.say("/settings")
    user.sees("Сколько стикеров")
    user.press("Рисовать дольше")
    user.say("/forget")
    user.sees("Забыть всё")
    user.press("Забыть, наборы")
    user.sees("ничего о вас не помню")
    user.say("кот")
    assert not worker.take().longer
