"""Reports of stickers in groups: a user presses a button, and the admins decide.

    emojich:report:<request id>   string       a `Report` as JSON, two days
    emojich:reports:<user id>     sorted set   requests that a user has reported, by time, one day

/forget deletes neither: else a user could report without limit, or hide from the admins.
"""

import asyncio
import json
import time
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import redis
import redis.asyncio
from telegram import Bot, InlineKeyboardMarkup, MaybeInaccessibleMessage, Message
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.ext import CallbackQueryHandler

from bot.admin.access import Access
from bot.admin.commands import ban
from bot.admin.notices import Notices
from bot.admin.redis_repair import log, read
from bot.requests.intake import Intake
from bot.requests.limits import DAY
from bot.requests.record import MessageGone, Record
from bot.requests.store import RECORD_TTL, Store
from bot.requests.view import ReportButton
from bot.telegram.callbacks import ButtonPress, Callback, OldButton, on_press
from bot.telegram.errors import is_everyday
from bot.telegram.messages import Screen, edit, is_reachable
from bot.telegram.retry import with_retries
from bot.texts import Texts, shortened
from worker.queue.decoding import from_json
from worker.queue.request_ids import RequestId
from worker.queue.stats import REPORTED, count

MAX_PER_DAY = 5  # reports of one user, so that no user can flood the admins


class Verdict(StrEnum):
    """An admin's decision about a report."""

    BAN = "ban"  # the user who requested the stickers
    DELETE = "delete"  # the message with the stickers
    DISMISS = "dismiss"


@dataclass(frozen=True)
class VerdictButton(Callback):
    """Decides about a report."""

    kind = "verdict"
    verdict: Verdict
    request_id: RequestId


@dataclass(frozen=True)
class Report:
    """Stickers that users have reported, and the decisions of the admins."""

    request_id: RequestId
    user_id: int  # the user who requested the stickers
    chat_id: int
    message_id: int
    chat: str  # its title
    prompt: str
    has_picture: bool
    count: int = 1  # number of reports
    messages: dict[int, int] = field(default_factory=dict)  # admin → id of the notice
    verdicts: list[Verdict] = field(default_factory=list)

    def screen(self, words: Texts) -> Screen:
        """The text that an admin sees."""
        lines = [
            words("report-of", count=self.count, prompt=self.prompt),
            words("report-where", chat=shortened(self.chat), user=str(self.user_id)),
            *[words(f"verdict-{verdict}-done") for verdict in self.verdicts],
        ]
        return Screen("\n".join(lines), self._keyboard(words))

    def _keyboard(self, words: Texts) -> InlineKeyboardMarkup | None:
        left = [verdict for verdict in Verdict if verdict not in self.verdicts]
        if Verdict.DISMISS in self.verdicts or left == [Verdict.DISMISS]:
            return None
        return InlineKeyboardMarkup(
            [
                [VerdictButton(verdict, self.request_id).button(words(f"verdict-{verdict}"))]
                for verdict in left
            ]
        )


class Reports:
    """Takes reports, sends them to the admins, and carries out their decisions."""

    def __init__(
        self,
        bot: Bot,
        store: Store,
        intake: Intake,
        access: Access,
        notices: Notices,
        connection: redis.Redis,
        async_connection: redis.asyncio.Redis,
    ):
        self._bot = bot
        self._store = store
        self._intake = intake
        self._access = access
        self._notices = notices
        self._sync_redis = connection
        self._redis: Any = async_connection  # redis-py types some commands as synchronous
        self._lock = asyncio.Lock()  # because two users may report the same stickers at once

    def handlers(self) -> list[CallbackQueryHandler[Any, Any]]:
        """The handlers of the buttons of users and admins."""
        return [on_press(ReportButton, self._press), on_press(VerdictButton, self._decide)]

    async def _press(self, press: ButtonPress[ReportButton]) -> str:
        """Report stickers, once for each user."""
        record = await self._store.load(press.button.request_id)
        message = press.query.message
        if record is None or record.is_private or message is None:
            raise OldButton
        words, key = press.words, _reports_key(press.user.id)
        now = time.time()
        await self._redis.zremrangebyscore(key, 0, now - DAY)
        if await self._redis.zscore(key, record.id) is not None:
            return words("report-twice")
        if await self._redis.zcard(key) >= MAX_PER_DAY:
            return words("report-limit", allowed=MAX_PER_DAY)
        async with self._lock:
            if not await self._send(record, message):
                return words("report-unsent")
        async with self._redis.pipeline() as pipe:
            pipe.zadd(key, {record.id: now})
            pipe.expire(key, DAY)
            await pipe.execute()
        await asyncio.to_thread(count, self._sync_redis, REPORTED)
        return words("report-sent")

    async def _send(self, record: Record, message: MaybeInaccessibleMessage) -> bool:
        """Send a new report to the admins, or count one more; False where no admin can get it."""
        known = await self._load(record.id)
        if known:
            counted = replace(known, count=known.count + 1)
            await self._save(counted)
            await self._show(counted)
            return True
        photo = message.photo[-1].file_id if isinstance(message, Message) and message.photo else ""
        report = Report(
            record.id,
            record.user_id,
            record.chat_id,
            record.message_id or message.message_id,  # the bot may not have Telegram's answer yet
            message.chat.title or str(record.chat_id),
            record.prompt,
            bool(photo),
        )
        sent = await self._notices.send_all(
            lambda words: replace(report.screen(words), picture=photo or None)
        )
        if sent:
            await self._save(replace(report, messages=sent))
        return bool(sent)

    async def _decide(self, press: ButtonPress[VerdictButton]) -> str | None:
        """Carry out an admin's decision, and show it in the notices of all admins."""
        verdict, words = press.button.verdict, press.words
        if press.user.id not in self._notices.admins or not is_reachable(press.query):
            raise OldButton
        async with self._lock:
            report = await self._load(press.button.request_id)
            if report is None:
                raise OldButton
            if verdict in report.verdicts or Verdict.DISMISS in report.verdicts:
                return words("verdict-given")
            if refusal := await self._act(report, verdict, words):
                return refusal
            decided = replace(report, verdicts=[*report.verdicts, verdict])
            await self._save(decided)
        await self._show(decided)
        return None

    async def _act(self, report: Report, verdict: Verdict, words: Texts) -> str | None:
        """Carry out a decision; returns a sentence if that is not possible."""
        match verdict:
            case Verdict.BAN:
                reason = words("ban-reason-report", prompt=shortened(report.prompt))
                parts = (self._access, self._intake, self._sync_redis)
                if await ban(*parts, report.user_id, reason) is None:
                    return words("ban-not-admins")
            case Verdict.DELETE:
                # Another request may have taken the message over: its next edit must not fail.
                shown = await self._store.latest(report.request_id)
                where = shown or report
                message_id = where.message_id or report.message_id
                try:
                    await with_retries(lambda: self._bot.delete_message(where.chat_id, message_id))
                except (BadRequest, Forbidden) as error:
                    log.info("request %s: not deleted: %s", report.request_id, error)
                    return words("verdict-delete-not")
                if shown:
                    await self._store.change(shown.id, MessageGone())
        return None

    async def _show(self, report: Report) -> None:
        """Edit the notices of all admins, so that they show all decisions."""
        for admin, message_id in report.messages.items():
            screen = report.screen(await self._notices.words(admin))
            try:
                await edit(self._bot, admin, message_id, screen, is_photo=report.has_picture)
            except TelegramError as error:
                if not is_everyday(error):
                    log.warning("admin %d: the report stays as it was: %s", admin, error)

    async def _load(self, request_id: RequestId) -> Report | None:
        key = _report_key(request_id)
        data = await self._redis.get(key)
        return None if data is None else read(key, data, lambda text: from_json(Report, text))

    async def _save(self, report: Report) -> None:
        text = json.dumps(asdict(report))
        await self._redis.set(_report_key(report.request_id), text, ex=RECORD_TTL)


def _report_key(request_id: RequestId) -> str:
    return f"emojich:report:{request_id}"


def _reports_key(user_id: int) -> str:
    return f"emojich:reports:{user_id}"
