"""Commands of operators (EMOJICH_ADMINS), in their private chats with the bot."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import redis
from telegram import Update
from telegram.ext import CommandHandler, filters

from bot.admin.access import MAX_REASON, Access
from bot.config import MAX_ID
from bot.requests.intake import Intake
from bot.requests.record import Failure
from bot.telegram.context import Context, Handler
from bot.telegram.messages import PRIVATE_WORDS, reply
from bot.texts import Texts
from worker.queue.environment import is_number
from worker.queue.requests import RequestQueue
from worker.queue.stats import BANNED, FINISHED, count, counts_today, seconds_per_image, users_key

BROKEN = "broken"  # the key in the counts of the day: updates on which a handler failed

Command = Callable[[list[str], Texts], Awaitable[str]]  # the words after the command → the reply


class Admin:
    """Answers `/stats`, `/ban`, `/banned`, `/unban`, `/pause` and `/resume`."""

    def __init__(
        self, access: Access, intake: Intake, queue: RequestQueue, connection: redis.Redis
    ):
        self._access = access
        self._intake = intake
        self._queue = queue
        self._redis = connection

    def handlers(self, admins: frozenset[int]) -> list[Handler]:
        """Handlers of operators' commands; for other users these commands do not exist."""
        who = PRIVATE_WORDS & filters.User(admins)
        commands: dict[str, Command] = {
            "stats": self._stats,
            "ban": self._ban,
            "banned": self._banned,
            "unban": self._unban,
            "pause": self._pause,
            "resume": self._resume,
        }
        return [CommandHandler(name, _answer(does), who) for name, does in commands.items()]

    async def _stats(self, _: list[str], words: Texts) -> str:
        banned = await self._access.count_banned()
        return await asyncio.to_thread(stats, self._queue, self._redis, banned, words)

    async def _ban(self, arguments: list[str], words: Texts) -> str:
        user_id, reason = _user_id(arguments[:1]), " ".join(arguments[1:])
        if user_id is None:
            return words("ban-whom")
        if len(reason) > MAX_REASON:
            return words("ban-reason-too-long", most=MAX_REASON)
        stopped = await ban(self._access, self._intake, self._redis, user_id, reason)
        if stopped is None:
            return words("ban-not-admins")
        return words("user-banned", id=str(user_id), count=stopped)

    async def _banned(self, _: list[str], words: Texts) -> str:
        listed = await self._access.banned()
        more = await self._access.count_banned() - len(listed)
        lines = [f"{user_id}: {reason}" if reason else user_id for user_id, reason in listed]
        return "\n".join([words("banned-list", count=len(listed), more=max(more, 0)), *lines])

    async def _unban(self, arguments: list[str], words: Texts) -> str:
        user_id = _user_id(arguments)
        if user_id is None:
            return words("ban-whom")
        if not await self._access.unban(user_id):
            return words("user-was-not-banned", id=str(user_id))
        return words("user-unbanned", id=str(user_id))

    async def _pause(self, _: list[str], words: Texts) -> str:
        await asyncio.to_thread(self._queue.pause)
        return words("paused")

    async def _resume(self, _: list[str], words: Texts) -> str:
        await asyncio.to_thread(self._queue.resume)
        return words("resumed")


async def ban(
    access: Access, intake: Intake, connection: redis.Redis, user_id: int, reason: str
) -> int | None:
    """Ban a user and stop the user's requests; returns their number, None for operators."""
    if not await access.ban(user_id, reason):
        return None
    await asyncio.to_thread(count, connection, BANNED)
    return await intake.cancel_all(user_id)


def stats(queue: RequestQueue, connection: redis.Redis, banned: int, words: Texts) -> str:
    """The reply to /stats: queue, workers, speed, users, failures by reason."""
    counts = counts_today(connection)
    pace = seconds_per_image(connection)
    failures = {failure: counts[failure] for failure in Failure if failure in counts}
    lines = [
        words("stats-queue", waiting=queue.count_waiting(), started=queue.count_started()),
        words("stats-workers", count=queue.count_workers()),
        *_bundles(queue, words),
        words("stats-paused") if queue.is_paused() else "",
        words("stats-speed", seconds=f"{pace:.1f}") if pace else "",
        words("stats-users", users=connection.pfcount(users_key()), banned=banned),
        words("stats-ended", finished=counts.get(FINISHED, 0), failed=sum(failures.values())),
        *[f"· {failure}: {number}" for failure, number in failures.items()],
        words("stats-broken", count=counts.get(BROKEN, 0)),
    ]
    return "\n".join(filter(None, lines))


def _bundles(queue: RequestQueue, words: Texts) -> list[str]:
    """A line for each bundle that is served or has waiting requests, if there are several."""
    served = [bundle.name for bundle in queue.served()]
    waiting = {name: queue.count_waiting(name) for name in [*served, *queue.bundles_with_queues()]}
    names = [name for name in waiting if name in served or waiting[name]]
    if len(names) < 2:
        return []
    if served:  # the workers of the default draw requests that name no bundle
        waiting[served[0]] += queue.count_waiting("")
    loads = {name: queue.load(name) for name in names}
    return [
        words(
            "stats-bundle",
            name=name,
            waiting=waiting[name],
            started=load.started,
            count=load.workers,
        )
        for name, load in loads.items()
    ]


def _user_id(arguments: list[str]) -> int | None:
    """The user id after a command; None when it is missing or no id."""
    match arguments:
        case [text] if is_number(text, MAX_ID):
            return int(text)
    return None


def _answer(command: Command) -> Callable[..., Coroutine[Any, Any, None]]:
    """A handler that replies with what a command returns."""

    async def answer(update: Update, context: Context) -> None:
        if message := update.effective_message:
            await reply(message, await command(context.args or [], context.words))

    return answer
