"""The updates of one user are handled in order; other users do not wait for them."""

import asyncio

from telegram import Update

from bot.telegram.update_processor import PerUserProcessor


def message(update_id: int, user_id: int) -> Update:
    person = {"id": user_id, "is_bot": False, "first_name": "x"}
    chat = {"id": user_id, "type": "private"}
    content = {"message_id": update_id, "date": 1, "chat": chat, "from": person, "text": "кот"}
    return Update.de_json({"update_id": update_id, "message": content})


async def flood() -> list[int]:
    """One user's many updates wait for Telegram; returns who is served meanwhile."""
    turns, telegram_answers, served = PerUserProcessor(), asyncio.Event(), []

    async def handle(user_id: int) -> None:
        if user_id == 1:
            await telegram_answers.wait()
        served.append(user_id)

    tasks = [
        asyncio.create_task(turns.process_update(message(number, user), handle(user)))
        for number, user in enumerate([*[1] * 1000, 2])
    ]
    await asyncio.wait_for(tasks[-1], 10)
    before = list(served)
    telegram_answers.set()
    await asyncio.gather(*tasks)
    assert served == [2] + [1] * 1000
    return before


def test_users_do_not_wait_for_a_user_with_many_updates() -> None:
    assert asyncio.run(flood()) == [2]
