"""Groups of the sandbox: two users and the bot, and which messages reach the bot."""

from typing import Any

import pytest
from telegram import BotCommand, BotCommandScopeAllGroupChats
from telegram.error import BadRequest, ChatMigrated, Forbidden

from .conftest import USERNAME, Launch, Running
from .test_sandbox_messages import keyboard

ANYA = 1002


async def gather(box: Running) -> int:
    """A group of the default user and Anya."""
    chat = await box.post("/sandbox/group", title="Друзья", user_ids=[box.user, ANYA])
    return int(chat["id"])


async def heard(box: Running) -> list[str]:
    """The texts that have reached the bot since the last time."""
    updates = await box.bot.get_updates()
    if updates:
        await box.bot.get_updates(offset=updates[-1].update_id + 1)
    return [str(u.effective_message.text) for u in updates if u.effective_message]


async def test_bot_added_to_a_group_gets_two_updates(launch: Launch) -> None:
    async with launch() as box:
        group = await gather(box)
        added, service = await box.bot.get_updates()
        assert added.my_chat_member
        assert added.my_chat_member.new_chat_member.status == "member"
        assert service.message
        assert service.message.chat.type == "supergroup"
        assert service.message.chat.title == "Друзья"
        assert service.message.new_chat_members[0].username == USERNAME
        chats = await box.get(f"/sandbox/chats?user_id={ANYA}")
        assert [entry["chat"]["id"] for entry in chats] == [group]
        assert [person["first_name"] for person in chats[0]["members"]] == ["Саша", "Аня"]
        assert await gather(box) != group


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        ("кот", False),
        ("/sticker кот", True),
        (f"/sticker@{USERNAME} кот", True),
        (f"/sticker@{USERNAME.upper()} кот", True),
        ("/sticker@another_bot кот", False),
        (f"😀 @{USERNAME} кот", True),
        ("@another_bot кот", False),
        (f"x@{USERNAME}", False),
        ("и/или", False),
    ],
)
async def test_privacy_mode_passes_only_commands_and_mentions(
    launch: Launch, text: str, reaches: bool
) -> None:
    async with launch() as box:
        group = await gather(box)
        await heard(box)
        await box.say(text, chat_id=group, user_id=ANYA)
        assert await heard(box) == ([text] if reaches else [])


async def test_privacy_mode_passes_replies_to_the_bot_and_edited_commands(launch: Launch) -> None:
    async with launch() as box:
        group = await gather(box)
        said = await box.say("кот", chat_id=group)
        sent = await box.bot.send_message(group, "Рисую")
        await heard(box)
        await box.say("да", chat_id=group, reply_to=said["message_id"])
        await box.say("ещё", chat_id=group, user_id=ANYA, reply_to=sent.message_id)
        assert await heard(box) == ["ещё"]
        edit: dict[str, Any] = {"chat_id": group, "message_id": said["message_id"]}
        await box.post("/sandbox/edit", **edit, text="пёс")
        assert await heard(box) == []
        await box.post("/sandbox/edit", **edit, text="/sticker пёс")
        assert await heard(box) == ["/sticker пёс"]
        refused = await box.refused("/sandbox/edit", **edit, text="мышь", user_id=ANYA)
        assert refused == "Bad Request: message can't be edited"


async def test_every_member_of_a_group_can_press_a_button(launch: Launch) -> None:
    async with launch() as box:
        group = await gather(box)
        sent = await box.bot.send_message(group, "Готово", reply_markup=keyboard())
        await heard(box)
        await box.tap(sent.message_id, "keep", chat_id=group, user_id=ANYA)
        (update,) = await box.bot.get_updates()
        assert update.callback_query
        assert update.callback_query.from_user.id == ANYA
        assert update.callback_query.message == sent
        async with box.http.ws_connect(f"{box.url}/sandbox/events?user_id={ANYA}") as page:
            await box.bot.answer_callback_query(update.callback_query.id, "Не ваша кнопка")
            answer = (await page.receive_json(timeout=2))["tap"]
            assert (answer["chat_id"], answer["message_id"]) == (group, sent.message_id)
            await box.bot.send_message(group, "всем")
            assert (await page.receive_json(timeout=2))["message"]["text"] == "всем"
        stranger = await box.refused("/sandbox/message", text="/x", chat_id=group, user_id=7)
        assert stranger == "Bad Request: the user is not a member of the chat"


async def test_bot_can_neither_delete_members_messages_nor_write_first(launch: Launch) -> None:
    async with launch() as box:
        group = await gather(box)
        said = await box.say("/sticker кот", chat_id=group, user_id=ANYA)
        with pytest.raises(BadRequest, match="Message can't be deleted"):
            await box.bot.delete_message(group, said["message_id"])
        sent = await box.bot.send_message(group, "Рисую")
        assert await sent.delete()
        with pytest.raises(Forbidden, match="can't initiate conversation with a user"):
            await box.bot.send_message(ANYA, "Привет")
        await box.say(user_id=ANYA)
        assert await box.bot.send_message(ANYA, "Привет")


async def test_group_and_its_command_menu_survive_a_restart(launch: Launch) -> None:
    async with launch() as box:
        group = await gather(box)
        scope = BotCommandScopeAllGroupChats()
        await box.bot.set_my_commands([BotCommand("help", "Помощь")])
        await box.bot.set_my_commands([BotCommand("sticker", "Нарисовать")], scope)
        await box.say("/sticker кот", chat_id=group)
        before = await box.get(f"/sandbox/chat?chat_id={group}")
    async with launch() as box:
        assert await box.get(f"/sandbox/chat?chat_id={group}") == before
        commands = (await box.get(f"/sandbox/bot?chat_id={group}"))["commands"]
        assert [command["command"] for command in commands] == ["sticker"]


async def test_group_that_becomes_a_supergroup_gets_a_new_id(launch: Launch) -> None:
    async with launch() as box:
        old = await gather(box)
        new = (await box.post("/sandbox/migrate", chat_id=old))["id"]
        with pytest.raises(ChatMigrated) as error:
            await box.bot.send_message(old, "кот")
        assert error.value.new_chat_id == new
        assert (await box.bot.send_message(new, "кот")).chat_id == new
        left, arrived = [u.message for u in (await box.bot.get_updates())[-2:]]
        assert left
        assert (left.chat_id, left.migrate_to_chat_id) == (old, new)
        assert arrived
        assert (arrived.chat_id, arrived.migrate_from_chat_id) == (new, old)
        chats = await box.get(f"/sandbox/chats?user_id={ANYA}")
        assert [entry["chat"]["id"] for entry in chats] == [new]
