"""Turns a message into requests: every line is a prompt; an edited line is drawn again."""

import asyncio
from dataclasses import replace

from telegram import Message, User

from bot.requests.image_prompts import HALF, BadPicture, ImagePrompts, Picture, picture_for
from bot.requests.intake import Intake
from bot.requests.limits import OverLimit, Refusal
from bot.requests.record import Record, State
from bot.requests.store import Store
from bot.russian.request_phrases import asked_for
from bot.telegram.messages import topic_of
from bot.texts import Texts, shortened
from emojich_core.request import ImageRef, InvalidRequest
from worker.queue.request_ids import RequestId, id_of_line, id_of_message, id_of_update

_MAX_QUOTED = 10  # refused lines that an answer quotes; it counts the others
# Wait up to a minute for the first message of a request: Telegram may be failing, and a new request
# that did not take that message over would send a second one.
_ATTEMPTS, _PAUSE = 600, 0.1


class Prompts:
    """Queues the requests of users' messages."""

    def __init__(self, store: Store, intake: Intake, image_prompts: ImagePrompts):
        self._store = store
        self._intake = intake
        self._image_prompts = image_prompts

    async def take(
        self, user: User, message: Message, update_id: int, words: Texts, text: str | None = None
    ) -> list[str]:
        """Queue a request for each line; returns sentences that say which lines are not drawn.

        The lines are those of `text` if given, else of the whole message.  A picture in the
        message, or in the message that it answers, becomes the image prompt of each request.
        In an edited message, the request of a changed line takes over the bot's message of the old
        request, and requests of removed lines are cancelled.
        Safe to repeat.
        """
        try:
            picture = picture_for(message)
        except BadPicture as error:
            return [error.say(words)]
        is_new = message.edit_date is None
        before = [] if is_new else await self._records_before(user, message)
        is_private = message.chat_id == user.id
        if is_new and is_private:
            first = id_of_message(user.id, message.message_id)
        else:
            first = id_of_update(user.id, update_id)
        said = (message.text or message.caption or "") if text is None else text
        lines = await asyncio.to_thread(_lines, said)
        requests: list[RequestId] = []
        refusals: dict[str, list[str]] = {}  # sentence → refused lines
        over = ""  # a refusal that also holds for the next lines: a limit, or the picture
        for number, (line, asked) in enumerate(lines):
            old = before[number] if number < len(before) else None
            record = Record(
                id=id_of_line(first, number),
                user_id=user.id,
                chat_id=message.chat_id,
                prompt=asked,
                language=words.language,
                reply_to=0 if is_private else message.message_id,
                thread_id=topic_of(message),
                image=ImageRef(first, HALF) if picture else None,
                picture=picture.file_unique_id if picture else "",
            )
            # A refused line keeps its old request, so that the next edit finds it.
            requests.append(old.id if old else record.id)
            if over:
                refusals[over].append(line)
                continue
            try:
                requests[number] = await self._take_line(record, old, picture)
            except InvalidRequest as error:
                refusals.setdefault(words(f"refusal-{error.reason}"), []).append(line)
            except Refusal as error:
                sentence = error.say(words)
                refusals.setdefault(sentence, []).append(line)
                over = sentence if isinstance(error, OverLimit | BadPicture) else ""
        for old in filter(None, before[len(lines) :]):
            await self._intake.cancel(old.id)
        await self._store.remember_prompt(user.id, message.chat_id, message.message_id, requests)
        if len(lines) == 1:
            return list(refusals)
        return [
            _refusal_of_lines(refused, sentence, words) for sentence, refused in refusals.items()
        ]

    async def has_taken(self, user: User, message: Message) -> bool:
        """Whether requests of a message are still stored."""
        return bool(await self._store.requests_of(user.id, message.chat_id, message.message_id))

    async def _records_before(self, user: User, message: Message) -> list[Record | None]:
        """The latest record of each line of a message before it was edited."""
        requests = await self._store.requests_of(user.id, message.chat_id, message.message_id)
        return [await self._store.latest(request_id) for request_id in requests]

    async def _take_line(
        self, record: Record, old: Record | None, picture: Picture | None
    ) -> RequestId:
        """Queue a line unless it is unchanged; returns the id of its request."""

        async def prepare() -> None:
            if picture and record.image:
                await self._image_prompts.keep(picture, record.image.id)

        if old is None or old.state is State.GONE:
            await self._intake.take(record, prepare=prepare)
        elif record.asks_the_same(old):
            return old.id
        else:
            instead_of = await self._with_message(old)
            await self._intake.take(record, instead_of, prepare)
        return record.id

    async def _with_message(self, record: Record) -> Record:
        """The record once its first message is in the chat, or can no longer get there."""
        for _ in range(_ATTEMPTS):
            if record.message_id is not None or record.state is State.GONE:
                break
            await asyncio.sleep(_PAUSE)
            record = await self._store.load(record.id) or replace(record, state=State.GONE)
        return record


def _refusal_of_lines(lines: list[str], sentence: str, words: Texts) -> str:
    """The refusal of some lines, which it quotes, so that the user can send them again."""
    named = [f"«{shortened(' '.join(line.split()))}»" for line in lines[:_MAX_QUOTED]]
    return words(
        "refused-lines", lines=", ".join(named), more=len(lines) - len(named), sentence=sentence
    )


def _lines(text: str) -> list[tuple[str, str]]:
    """Each line that has a prompt, and its prompt.

    Without such a line, the whole text, which `clean_prompt` then refuses.
    """
    lines = [(line, asked_for(line)) for line in text.splitlines() if line.strip()]
    return [line for line in lines if line[1]] or [(text, asked_for(text))]
