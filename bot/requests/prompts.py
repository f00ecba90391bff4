"""From a message to requests: every line is a prompt; an edited line is drawn again."""

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

_NAMED = 10  # lines that are not drawn; of more, how many they are
# Seconds for the first message of a request to get into the chat: while Telegram fails, longer than
# a moment, and without it the edited prompt would have a second message.
_LOOKS, _PAUSE = 600, 0.1


class Prompts:
    """Takes messages."""

    def __init__(self, store: Store, intake: Intake, image_prompts: ImagePrompts):
        self._store = store
        self._intake = intake
        self._image_prompts = image_prompts

    async def take(
        self, user: User, message: Message, update_id: int, words: Texts, text: str | None = None
    ) -> list[str]:
        """Queue what a message asks for; returns the sentences why some of it is not drawn.

        That is its `text`, if this is not all of what it says.  What it asks for begins with its
        picture, or with that of the message that it answers.
        An edited message keeps its answers: where a line or the picture has changed, the new
        request takes over the message of the old one, and a line that has gone is not drawn any
        more.
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
        refusals: dict[str, list[str]] = {}  # why, and which lines
        over = ""  # the limit that is reached, or no picture: nor would the next lines be taken
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
            # What is not taken leaves the line with what it had, for the next edit to find.
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
        return [_about(refused, sentence, words) for sentence, refused in refusals.items()]

    async def has_taken(self, user: User, message: Message) -> bool:
        """Whether a message has been taken for prompts, and is remembered still."""
        return bool(await self._store.requests_of(user.id, message.chat_id, message.message_id))

    async def _records_before(self, user: User, message: Message) -> list[Record | None]:
        """What became of each line of a message that has been edited."""
        requests = await self._store.requests_of(user.id, message.chat_id, message.message_id)
        return [await self._store.latest(request_id) for request_id in requests]

    async def _take_line(
        self, record: Record, old: Record | None, picture: Picture | None
    ) -> RequestId:
        """Queue a line unless it is as it was; returns the id of its request."""

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
        """The record once its first message is in the chat, or is known never to get there."""
        for _ in range(_LOOKS):
            if record.message_id is not None or record.state is State.GONE:
                break
            await asyncio.sleep(_PAUSE)
            record = await self._store.load(record.id) or replace(record, state=State.GONE)
        return record


def _about(lines: list[str], sentence: str, words: Texts) -> str:
    """Why some lines of many are not drawn, and which, for their writer to send them again."""
    named = [f"«{shortened(' '.join(line.split()))}»" for line in lines[:_NAMED]]
    return words(
        "refused-lines", lines=", ".join(named), more=len(lines) - len(named), sentence=sentence
    )


def _lines(text: str) -> list[tuple[str, str]]:
    """The lines with something in them, each with what it asks for.

    Of a text without any, the whole, for `clean_prompt`.
    """
    lines = [(line, asked_for(line)) for line in text.splitlines() if line.strip()]
    return [line for line in lines if line[1]] or [(text, asked_for(text))]
