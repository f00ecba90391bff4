"""Sticker sets of the sandbox: the accepted stickers, names and limits."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from telegram import InputSticker
from telegram.error import BadRequest

from bot.sandbox import sticker_rules
from bot.sandbox.errors import ApiError

from .conftest import USERNAME, Launch, Running

Draw = Callable[..., bytes]
NAME = f"emojich_1_by_{USERNAME}"


def sticker(data: bytes | str, *emoji: str, keywords: list[str] | None = None) -> InputSticker:
    return InputSticker(data, emoji or ("🐱",), "static", keywords=keywords)


async def create(box: Running, data: bytes | str, name: str = NAME, kind: str = "regular") -> None:
    await box.say()
    await box.bot.create_new_sticker_set(box.user, name, "Мои коты", [sticker(data)], kind)


async def test_bot_adds_moves_and_deletes_stickers_of_a_set(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await create(box, picture(colour=1))
        uploaded = await box.bot.upload_sticker_file(box.user, picture(colour=2), "static")
        await box.bot.add_sticker_to_set(box.user, NAME, sticker(uploaded.file_id, "🐶", "🦮"))
        whole = await box.bot.get_sticker_set(NAME.upper())
        assert (whole.name, whole.title, whole.sticker_type) == (NAME, "Мои коты", "regular")
        assert [(s.emoji, s.set_name) for s in whole.stickers] == [("🐱", NAME), ("🐶", NAME)]
        dog = whole.stickers[1]
        assert dog.file_unique_id == uploaded.file_unique_id
        await box.bot.set_sticker_position_in_set(dog.file_id, 0)
        await box.bot.set_sticker_emoji_list(dog.file_id, ["🐺"])
        await box.bot.set_sticker_set_title(NAME, "Звери")
        whole = await box.bot.get_sticker_set(NAME)
        assert (whole.title, whole.stickers[0].emoji) == ("Звери", "🐺")
        await box.bot.delete_sticker_from_set(dog.file_id)
        assert len((await box.bot.get_sticker_set(NAME)).stickers) == 1
        await box.bot.delete_sticker_set(NAME)
        with pytest.raises(BadRequest, match="Stickerset_invalid"):
            await box.bot.get_sticker_set(NAME)


async def test_adding_the_same_sticker_twice_changes_nothing(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await create(box, picture())
        before = await box.bot.get_sticker_set(NAME)
        for same in (picture(), before.stickers[0].file_id):
            assert await box.bot.add_sticker_to_set(box.user, NAME, sticker(same, "🐶"))
        assert await box.bot.get_sticker_set(NAME) == before
        for _ in range(2):  # each upload is another file
            uploaded = await box.bot.upload_sticker_file(box.user, picture(), "static")
            for _ in range(2):
                await box.bot.add_sticker_to_set(box.user, NAME, sticker(uploaded.file_id))
        assert len((await box.bot.get_sticker_set(NAME)).stickers) == 3


async def test_picture_in_two_sets_has_two_file_ids(launch: Launch, picture: Draw) -> None:
    other = f"more_by_{USERNAME.upper()}"
    async with launch() as box:
        await create(box, picture())
        await create(box, picture(), name=other)
        first, second = [(await box.bot.get_sticker_set(n)).stickers[0] for n in (NAME, other)]
        assert first.file_unique_id == second.file_unique_id
        assert first.file_id != second.file_id
        await box.bot.delete_sticker_from_set(second.file_id)
        assert len((await box.bot.get_sticker_set(NAME)).stickers) == 1
        assert not (await box.bot.get_sticker_set(other)).stickers


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        (f"A1_b_by_{USERNAME}", True),
        (f"a_BY_{USERNAME.upper()}", True),
        ("a" * (60 - len(USERNAME)) + f"_by_{USERNAME}", True),
        ("a" * (61 - len(USERNAME)) + f"_by_{USERNAME}", False),
        (f"1a_by_{USERNAME}", False),
        (f"a__b_by_{USERNAME}", False),
        (f"кот_by_{USERNAME}", False),
        (f"a-b_by_{USERNAME}", False),
        ("a_by_another_bot", False),
    ],
)
def test_set_name_follows_the_rules_of_telegram(name: str, accepted: bool) -> None:
    with nullcontext() if accepted else pytest.raises(ApiError):
        sticker_rules.check_set_name(name, USERNAME)


async def test_invalid_name_title_or_owner_of_a_set_is_refused(
    launch: Launch, picture: Draw
) -> None:
    async with launch() as box:
        first = [sticker(picture())]
        with pytest.raises(BadRequest, match="User not found"):
            await box.bot.create_new_sticker_set(box.user, NAME, "Коты", first)
        await create(box, picture())
        with pytest.raises(BadRequest, match="Sticker set name is already occupied"):
            await box.bot.create_new_sticker_set(box.user, NAME.upper(), "Коты", first)
        with pytest.raises(BadRequest, match="Invalid sticker set name is specified"):
            await box.bot.create_new_sticker_set(box.user, "cats", "Коты", first)
        with pytest.raises(BadRequest, match="Sticker set title must be non-empty"):
            await box.bot.set_sticker_set_title(NAME, " ")
        await box.bot.set_sticker_set_title(NAME, "я" * 300)
        assert (await box.bot.get_sticker_set(NAME)).title == "я" * 64, "cut, as Telegram does"
        await box.say(user_id=7)
        with pytest.raises(BadRequest, match="Stickerset_invalid"):
            await box.bot.add_sticker_to_set(7, NAME, sticker(picture(colour=1)))
        bad = [sticker(picture(colour=1)), sticker(picture((300, 300)))]
        with pytest.raises(BadRequest, match="Sticker_png_dimensions"):
            await box.bot.create_new_sticker_set(7, f"x_by_{USERNAME}", "Коты", bad)
        with pytest.raises(BadRequest, match="Stickerset_invalid"):
            await box.bot.get_sticker_set(f"x_by_{USERNAME}")


async def test_picture_of_wrong_format_or_size_is_refused(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await create(box, picture())

        async def add(data: bytes | str) -> None:
            await box.bot.add_sticker_to_set(box.user, NAME, sticker(data))

        for size in ((512, 1), (200, 512)):
            await add(picture(size, "PNG"))
        for size in ((511, 511), (512, 513), (100, 100)):
            with pytest.raises(BadRequest, match="Sticker_png_dimensions"):
                await add(picture(size))
        for data in (b"no image", picture(kind="JPEG"), picture(kind="PNG")[:-40]):
            with pytest.raises(BadRequest, match="Sticker_png_nopng"):
                await add(data)
        with pytest.raises(BadRequest, match="File is too big"):
            await add(picture(kind="PNG") + b"\0" * sticker_rules.MAX_STICKER_BYTES)
        with pytest.raises(BadRequest, match="Wrong file_id"):
            await add("CAACAQADnothing")
        with pytest.raises(BadRequest, match="sandbox fetches nothing"):
            await add("https://example.com/cat.webp")


async def test_custom_emoji_must_measure_100_pixels(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await create(box, picture((100, 100)), kind="custom_emoji")
        whole = await box.bot.get_sticker_set(NAME)
        assert whole.sticker_type == "custom_emoji"
        assert whole.stickers[0].custom_emoji_id is not None
        uploaded = await box.bot.upload_sticker_file(box.user, picture(), "static")
        with pytest.raises(BadRequest, match="Sticker_png_dimensions"):
            await box.bot.add_sticker_to_set(box.user, NAME, sticker(uploaded.file_id))


async def test_replaced_sticker_keeps_its_position(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await create(box, picture(colour=0))
        for colour in (1, 2):
            await box.bot.add_sticker_to_set(box.user, NAME, sticker(picture(colour=colour)))
        before = await box.bot.get_sticker_set(NAME)
        middle = before.stickers[1].file_id
        new = sticker(picture(colour=3), "🐶", keywords=["пёс"])
        await box.bot.replace_sticker_in_set(box.user, NAME, middle, new)
        after = await box.bot.get_sticker_set(NAME)
        assert (after.stickers[0], after.stickers[2]) == (before.stickers[0], before.stickers[2])
        assert after.stickers[1].emoji == "🐶"
        (pack,) = await box.get(f"/sandbox/packs?user_id={box.user}")
        assert pack["stickers"][1]["keywords"] == ["пёс"]
        with pytest.raises(BadRequest, match="Sticker_invalid"):
            await box.bot.replace_sticker_in_set(box.user, NAME, middle, new)
        known = sticker(picture(colour=0), "🐺")
        await box.bot.replace_sticker_in_set(box.user, NAME, after.stickers[1].file_id, known)
        assert await box.bot.get_sticker_set(NAME) == after, "the very same one is there already"
        await box.say(user_id=7)
        with pytest.raises(BadRequest, match="Stickerset_invalid"):
            await box.bot.replace_sticker_in_set(7, NAME, after.stickers[1].file_id, new)


async def test_custom_emoji_are_found_by_their_identifiers(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await create(box, picture((100, 100)), kind="custom_emoji")
        (cat,) = (await box.bot.get_sticker_set(NAME)).stickers
        assert cat.custom_emoji_id is not None
        assert await box.bot.get_custom_emoji_stickers([cat.custom_emoji_id, "1"]) == (cat,)
        with pytest.raises(BadRequest, match="Invalid custom emoji identifier"):
            await box.bot.get_custom_emoji_stickers(["кот"])
        with pytest.raises(BadRequest, match="Too many custom emoji identifiers"):
            await box.bot.get_custom_emoji_stickers(["1"] * 201)


async def test_custom_emoji_set_holds_200(
    launch: Launch, picture: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sticker_rules.MAX_STICKERS["custom_emoji"] == 200
    monkeypatch.setitem(
        sticker_rules.MAX_STICKERS, "custom_emoji", 52
    )  # the same way to the end, shorter
    async with launch() as box:
        await box.say()
        first = [sticker(picture((100, 100), "PNG", colour)) for colour in range(50)]
        await box.bot.create_new_sticker_set(box.user, NAME, "Коты", first, "custom_emoji")
        *fitting, last = [sticker(picture((100, 100), "PNG", colour)) for colour in range(50, 53)]
        for added in fitting:
            await box.bot.add_sticker_to_set(box.user, NAME, added)
        with pytest.raises(BadRequest, match="Stickers_too_much"):
            await box.bot.add_sticker_to_set(box.user, NAME, last)
        with pytest.raises(BadRequest, match="Only custom emoji stickers support repainting"):
            await box.bot.create_new_sticker_set(
                box.user, f"x_by_{USERNAME}", "x", [sticker(picture())], needs_repainting=True
            )


async def test_sticker_set_holds_120(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await box.say()
        many = [sticker(picture((512, 1), "PNG", colour)) for colour in range(50)]
        await box.bot.create_new_sticker_set(box.user, NAME, "Много", many)
        for colour in range(50, 120):
            added = sticker(picture((512, 1), "PNG", colour))
            await box.bot.add_sticker_to_set(box.user, NAME, added)
        with pytest.raises(BadRequest, match="Stickers_too_much"):
            await box.bot.add_sticker_to_set(box.user, NAME, sticker(picture((512, 1), "PNG", 120)))
        await box.bot.add_sticker_to_set(box.user, NAME, sticker(picture((512, 1), "PNG", 5)))
        assert len((await box.bot.get_sticker_set(NAME)).stickers) == 120
        with pytest.raises(BadRequest, match="Too many stickers specified"):
            await box.bot.create_new_sticker_set(
                box.user, f"c_by_{USERNAME}", "51", [*many, many[0]]
            )


@pytest.mark.parametrize(
    "emoji", ["🐱", "❤️", "❤", "👨‍👩‍👧", "🇷🇺", "👍🏽", "#️⃣", "☺️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🧑‍🚀", "⭐"]
)
def test_list_of_emoji_is_accepted(emoji: str) -> None:
    sticker_rules.check_emoji_list([emoji] * 20)


@pytest.mark.parametrize("emoji", [[], ["кот"], ["🐱🐶"], [""], ["1"], ["🐱"] * 21])
def test_list_with_something_else_than_emoji_is_refused(emoji: list[str]) -> None:
    with pytest.raises(ApiError, match="can't parse emoji list"):
        sticker_rules.check_emoji_list(emoji)


async def test_sandbox_refuses_too_many_or_too_long_keywords(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await create(box, picture())
        for words in (["кот"] * 21, ["я" * 65]):
            added = sticker(picture(colour=1), keywords=words)
            with pytest.raises(BadRequest, match="eywords"):
                await box.bot.add_sticker_to_set(box.user, NAME, added)


async def test_set_is_created_only_for_a_user_who_started_the_bot(
    launch: Launch, picture: Draw
) -> None:
    async with launch() as box:
        await box.post("/sandbox/group", title="Друзья", user_ids=[box.user])
        pictures = [sticker(picture())]
        with pytest.raises(BadRequest, match="Peer_id_invalid"):
            await box.bot.create_new_sticker_set(box.user, NAME, "Мои коты", pictures)
        await create(box, picture())


@pytest.mark.parametrize("emoji", ["🐱", "✔", "⚽️", "❤️‍🔥", "👍🏽", "🇫🇷", "1️⃣", "👩🏽‍🚀", "©️", "©"])
async def test_emoji_up_to_unicode_16_is_accepted(
    launch: Launch, picture: Draw, emoji: str
) -> None:
    async with launch() as box:
        await create(box, picture(colour=1))
        added = sticker(picture(colour=2), emoji)
        await box.bot.add_sticker_to_set(box.user, NAME, added)
        whole = await box.bot.get_sticker_set(NAME)
        await box.bot.set_sticker_emoji_list(whole.stickers[0].file_id, [emoji])


@pytest.mark.parametrize("emoji", ["✓", "☆", "→", "♡", "1", "кот", "🐱🐱", "🇫", "\U0001facd", ""])
async def test_symbol_that_is_no_emoji_of_telegram_is_refused(
    launch: Launch, picture: Draw, emoji: str
) -> None:
    async with launch() as box:
        await create(box, picture(colour=1))
        added = sticker(picture(colour=2), emoji)
        with pytest.raises(BadRequest, match="expected a unicode emoji"):
            await box.bot.add_sticker_to_set(box.user, NAME, added)
        whole = await box.bot.get_sticker_set(NAME)
        with pytest.raises(BadRequest, match="expected a unicode emoji"):
            await box.bot.set_sticker_emoji_list(whole.stickers[0].file_id, [emoji])
