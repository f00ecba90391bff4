"""Requests that begin with a picture: of the message, or of the one that it answers."""

import json
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
import redis
from PIL import Image

from bot.requests.limits import Limits
from emojich_core.image_file import SIDE
from emojich_core.request import ImageRef, Request
from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, Worker, buttons_of, text_of, wait_for
from tests.png import png_header
from worker.queue.image_prompts import IMAGE_TTL, load_image

pytestmark = pytest.mark.usefixtures("bot")


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> str:
    """An image's file in base64."""
    file = BytesIO()
    image.save(file, kind, **options)
    return b64encode(file.getvalue()).decode()


def photo(colour: str = "green", size: tuple[int, int] = (900, 600)) -> str:
    return encoded(Image.new("RGB", size, colour))


def picture_of(request: Request, connection: redis.Redis) -> Image.Image:
    """The small copy that a request begins with."""
    assert request.image
    return Image.open(BytesIO(load_image(connection, request.image.id)))


def is_green(image: Image.Image, x: int, y: int) -> bool:
    red, green, blue = image.getpixel((x, y))  # type: ignore[misc]
    return bool(green > red + 60 and green > blue + 60)


def test_photo_with_a_caption_becomes_stickers_that_keep_a_half_or_a_quarter(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say(file=photo(), caption="в шляпе")
    shown = user.sees("«в шляпе», сверху половина картинки")
    request = worker.take()
    assert request.prompt == "в шляпе"
    assert request.image
    assert request.image.share == 0.5
    image = picture_of(request, connection)
    assert (image.format, image.size) == ("WEBP", (SIDE, SIDE))
    assert is_green(image, 256, 256)
    assert image.getpixel((256, 30)) == (255, 255, 255)  # wide, so above it is white
    worker.finish(request)
    user.sees("Готово")
    assert user.press("🌘 Оставить четверть") == ""
    user.sees("«в шляпе», сверху четверть картинки")
    quarter = worker.take()
    assert quarter.image == ImageRef(request.image.id, 0.25)
    assert quarter.seed != request.seed
    worker.finish(quarter, 2)
    user.sees("Готово, 2")
    user.press("🌗 Оставить половину")
    user.sees("сверху половина")
    assert worker.take().image == request.image
    assert [m["message_id"] for m in user.messages()] == [shown["message_id"]]


def test_retry_and_more_keep_the_image_prompt_and_similar_candidates_do_not(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say(file=photo(), caption="в шляпе")
    first = worker.take()
    worker.fail(first, "failed")
    user.sees("не получилось")
    user.press("🔄")
    again = worker.take()
    assert again.image == first.image
    worker.finish(again, 1)
    message = user.sees("Готово")
    user.press("🎲", message)
    more = worker.take()
    assert more.image == first.image
    user.press("🪄", message)
    alike = worker.take()
    assert alike.like
    assert alike.image is None
    user.sees("похожие на стикер 1")
    user.say("/history")
    user.sees("Здесь будут ваши последние запросы")  # a picture is not kept for as long


def test_image_sent_as_a_file_is_turned_upright(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    lying = Image.new("RGB", (400, 400), "green")
    lying.paste("red", (200, 0, 400, 400))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° to the right: green comes up
    user.say(file=encoded(lying, exif=exif), file_name="cat.jpg", caption="зимой")
    image = picture_of(worker.take(), connection)
    assert is_green(image, 256, 100)
    assert not is_green(image, 256, 400)


@pytest.mark.parametrize("what", ["photo", "sticker", "foreign_sticker"])
def test_reply_to_a_picture_has_it_as_image_prompt(
    user: User, worker: Worker, connection: redis.Redis, what: str
) -> None:
    said = user.say(**{what: True})
    user.say("зимой", reply_to=said["message_id"])
    request = worker.take()
    assert request.prompt == "зимой"
    assert picture_of(request, connection).size == (SIDE, SIDE)


def test_reply_to_the_bots_own_picture_has_no_image_prompt(user: User, worker: Worker) -> None:
    user.say("кот")
    worker.finish(worker.take())
    shown = user.sees("Готово")
    user.say("пёс", reply_to=shown["message_id"])
    assert worker.take().image is None


@pytest.mark.parametrize("kind", ["animation", "animated_sticker", "video_sticker"])
def test_reply_to_a_video_or_animation_is_refused(user: User, worker: Worker, kind: str) -> None:
    said = user.say(moving=kind)
    user.sees("С видео и анимации")
    user.say("зимой", reply_to=said["message_id"])
    wait_for(lambda: len(user.messages()) == 2)
    user.sees("С видео и анимации")
    assert worker.queue.count_waiting() == 0


MOVING = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
HUGE = b64encode(png_header(10_000, 10_000)).decode()
CUT = b64encode(BytesIO(b"\xff\xd8\xff\xe0" + b"\0" * 200).getvalue()).decode()


@pytest.mark.parametrize(
    ("file", "name", "russian", "english"),
    [
        (
            b64encode(png_header(10_000, 10_000)).decode(),
            "a.png",
            "25 мегапикселей",
            "25 megapixels",
        ),
        (b64encode(bytes(20_000_001)).decode(), "a.jpg", "до 20 МБ", "20 MB"),
        (CUT, "a.jpg", "не получилось открыть", "could not open"),
        (encoded(Image.new("RGB", (9, 9)), "GIF"), "a.gif", "не получилось", "could not open"),
        (
            encoded(MOVING[0], "WEBP", save_all=True, append_images=MOVING[1:]),
            "a.webp",
            "С видео и анимации",
            "a video or an animation",
        ),
    ],
    ids=["100 megapixels", "20 MB", "damaged", "GIF", "animation"],
)
def test_bad_picture_is_refused_and_does_not_count(
    new_user: NewUser,
    worker: Worker,
    connection: redis.Redis,
    file: str,
    name: str,
    russian: str,
    english: str,
) -> None:
    for language, sentence in (("ru", russian), ("en", english)):
        user = new_user(language)
        user.say(file=file, file_name=name, caption="в шляпе\nзимой")
        user.sees(sentence)
        assert len(user.messages()) == 1
        assert connection.zcard(f"emojich:asked:{user.id}") == 0
        user.say("кот")  # nothing is lost: it goes on
        assert worker.take().prompt == "кот"
    assert worker.queue.count_waiting() == 0


def test_bad_caption_is_refused_before_the_picture_is_downloaded(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    sandbox.fault("getFile", 400)
    user.say(file=photo(), caption="Katze")
    user.sees("только по-русски")
    user.say(file=photo(), caption="зимой")
    user.sees("не получилось открыть")  # only now the file is asked for
    assert worker.queue.count_waiting() == 0


def test_picture_is_downloaded_through_errors_of_telegram(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    sandbox.fault("getFile", 500)
    user.say(file=photo(), caption="зимой")
    assert worker.take().image


def test_every_line_of_a_caption_has_the_picture_as_image_prompt(
    user: User, worker: Worker
) -> None:
    user.say(file=photo(), caption="зимой\nв шляпе")
    first, second = worker.take(), worker.take()
    assert first.image
    assert first.image == second.image


def test_edited_caption_replaces_the_request(user: User, worker: Worker) -> None:
    said = user.say(file=photo(), caption="летом")
    user.sees("«летом»")
    user.edit(said["message_id"], "зимой")
    user.sees("«зимой», сверху половина")
    assert len(user.messages()) == 1
    wait_for(lambda: worker.queue.count_waiting() == 1)
    assert worker.take().image


def test_edit_with_another_photo_replaces_the_request(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    said = user.say(file=photo("red"), caption="зимой\nв шляпе")
    old = [wait_for(worker.take) for _ in range(2)]
    user.edit(said["message_id"], "зимой\nв шляпе", file=photo())
    new = [worker.take(), worker.take()]
    assert [request.prompt for request in new] == [request.prompt for request in old]
    assert is_green(picture_of(new[0], connection), 256, 256)
    assert len(user.messages()) == 2
    user.edit(said["message_id"], "зимой\nлетом", file=photo())  # the same photo: one line is new
    assert worker.take().prompt == "летом"
    assert worker.queue.count_waiting() == 0


def test_edit_with_another_photo_replaces_a_request_for_another_share(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    said = user.say(file=photo("red"), caption="зимой")
    worker.finish(worker.take())
    user.sees("Готово")
    user.press("🌘 Оставить четверть")
    user.sees("сверху четверть")
    quarter = worker.take()
    worker.finish(quarter, 2)
    user.sees("Готово, 2")
    user.edit(said["message_id"], "зимой!", file=photo("red"))
    assert worker.take().prompt == "зимой!"
    user.edit(said["message_id"], "зимой!", file=photo())
    assert is_green(picture_of(worker.take(), connection), 256, 256)
    assert len(user.messages()) == 1


def test_only_the_picture_with_the_caption_of_an_album_counts(user: User, worker: Worker) -> None:
    user.say(file=photo(), album="1", caption="зимой")
    user.say(file=photo("red"), album="1")
    user.say(moving="video", album="1")
    assert worker.take().prompt == "зимой"
    for _ in range(3):  # an album without words: one sentence
        user.say(file=photo("red"), album="2")
    user.say("кот")
    assert worker.take().prompt == "кот"
    user.sees("«кот»")
    texts = [text_of(message) for message in user.messages()]
    assert len(texts) == 3
    assert "Что с этим сделать" in texts[1]


def test_buttons_of_an_expired_image_prompt_say_so(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say(file=photo(), caption="зимой")
    request = worker.take()
    worker.finish(request)
    message = user.sees("Готово")
    assert request.image
    key = f"emojich:image:{request.image.id}"
    connection.expire(key, 60)
    user.press("🎲", message)
    assert connection.ttl(key) > IMAGE_TTL - 60  # type: ignore[operator]
    worker.take()
    connection.delete(key, f"emojich:stickers:{request.id}")
    for label in ("🎲", "🌘", "2"):
        assert "кнопка уже не работает" in user.press(label, message)
    assert worker.queue.count_waiting() == 0


def test_image_prompt_that_expires_in_the_queue_is_reported_and_does_not_count(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say(file=photo(), caption="зимой")
    worker.fail(worker.take(), "no-image")
    shown = user.sees("Картинки, с которой надо было начать, у меня уже нет")
    assert buttons_of(shown) == []
    wait_for(lambda: connection.zcard(f"emojich:asked:{user.id}") == 0)


def test_second_press_for_another_share_changes_nothing(user: User, worker: Worker) -> None:
    user.say(file=photo(), caption="зимой")
    worker.finish(worker.take())
    message = user.sees("Готово")
    user.press("🌘", message)
    assert "Уже рисую заново" in user.press("🌘", message)
    worker.take()
    assert worker.queue.count_waiting() == 0


def test_pictures_count_towards_the_limit(user: User, worker: Worker) -> None:
    active = Limits().active
    for number in range(active):
        user.say(file=photo(), caption=f"зимой {number}")
        user.sees(f"«зимой {number}»")
    user.say(file=photo(), caption="летом")
    user.sees(f"уже рисую {active}")
    assert worker.queue.count_waiting() == active


def test_job_without_an_image_prompt_has_no_image_field(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    [request_id] = wait_for(worker.waiting)
    job = worker.queue.job(request_id)
    assert job
    assert "image" not in json.loads(json.dumps(job.args[0]))


@pytest.mark.parametrize("caption", ["/sticker зимой", "/sticker@{bot} зимой", "@{bot} зимой"])
def test_photo_in_a_group_is_drawn_if_its_caption_names_the_bot(
    new_user: NewUser, worker: Worker, sandbox: Sandbox, caption: str
) -> None:
    anna, boris = new_user(), new_user()
    group = sandbox.group(anna, boris)
    name = sandbox.api("getMe")["username"]
    anna.say(file=photo(), chat_id=group)
    anna.say(file=photo(), caption="летом", chat_id=group)
    anna.say(file=photo(), caption="/sticker@other_bot летом", chat_id=group)
    anna.say(file=photo(), caption=caption.replace("{bot}", name), chat_id=group)
    request = worker.take()
    assert request.prompt == "зимой"
    assert request.image
    assert worker.queue.count_waiting() == 0


def test_group_command_in_reply_to_a_picture_has_it_as_image_prompt(
    new_user: NewUser, worker: Worker, sandbox: Sandbox
) -> None:
    anna, boris = new_user(), new_user()
    group = sandbox.group(anna, boris)
    sticker = boris.say(sticker=True, chat_id=group)
    anna.say("/sticker зимой", chat_id=group, reply_to=sticker["message_id"])
    request = worker.take()
    assert (request.prompt, bool(request.image)) == ("зимой", True)
    described = boris.say(file=photo(), caption="кот", chat_id=group)
    anna.say("/sticker", chat_id=group, reply_to=described["message_id"])
    request = worker.take()
    assert (request.prompt, bool(request.image)) == ("кот", True)
