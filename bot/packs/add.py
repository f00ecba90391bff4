"""Puts a candidate of a request into a pack of the request's user."""

import asyncio
import logging
import re

import redis
from telegram import User

from bot.inline.index import LabelStore
from bot.packs.names import Kind
from bot.packs.sticker_menu import StickerMenu
from bot.packs.sticker_sets import Owner, StickerSets, input_sticker
from bot.pictures.sticker import sticker_of
from bot.pictures.threads import in_picture_thread
from bot.requests.delivery import Delivery
from bot.requests.record import Added, CandidateRef, Record, Uploaded
from bot.requests.store import Store
from bot.russian.emoji import FALLBACK, keywords
from bot.russian.written_emoji import written_emoji
from bot.telegram.callbacks import StartNeeded
from bot.telegram.errors import REFUSALS, needs_start
from bot.texts import Texts
from worker.queue.request_ids import RequestId
from worker.queue.stats import ADDED, count

_START = re.compile(r"add-([A-Za-z0-9_-]+)-(\d)")

log = logging.getLogger(__name__)


class StickersGone(Exception):
    """The stickers of the request are no longer in Redis."""


class StickerAdder:
    """Uploads stickers, puts them into packs, and records both."""

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        packs: StickerSets,
        sticker_menu: StickerMenu,
        labels: LabelStore,
        results: redis.Redis,
    ):
        self._store = store
        self._delivery = delivery
        self._packs = packs
        self._sticker_menu = sticker_menu
        self._labels = labels
        self._results = results

    async def add(self, user: User, record: Record, number: int, words: Texts) -> str:
        """Put candidate `number` (from 0) into the user's pack; returns a sentence for the user.

        Raises StickersGone, and StartNeeded when the user must press Start first.
        """
        try:
            return await self._put_into_pack(user, record, number, words)
        except REFUSALS as error:
            if needs_start(error):
                raise StartNeeded(start_parameter(record.id, number)) from error
            log.error("request %s: sticker %d is not added: %s", record.id, number, error)
            return words("not-added")

    async def _put_into_pack(self, user: User, record: Record, number: int, words: Texts) -> str:
        replacement = await self._sticker_menu.replacement(user.id)
        kind = replacement.kind if replacement else await self._packs.kind(user.id)
        placed = record.placed[kind]
        file_id = placed.uploads.get(number) or await self._upload(record, number, kind)
        if file_id is None:
            raise StickersGone
        pack = placed.packs.get(number)
        if pack and await self._packs.find(pack, file_id):
            return words("already-added", number=number + 1, kind=kind.value)
        owner = Owner(user.id, user.first_name)
        words_of_prompt = await asyncio.to_thread(keywords, record.prompt)
        # Older versions may have stored no emoji, or characters that are not emoji.
        emoji = written_emoji("".join(record.emoji)) or [FALLBACK]
        if replacement:
            sticker = input_sticker(file_id, emoji, words_of_prompt)
            await self._sticker_menu.replace(owner, replacement, sticker)
            await self._delivery.change(record.id, Added(number, replacement.pack))
            return words("sticker-replaced", number=number + 1, kind=kind.value)
        pack, is_new = await self._packs.add(owner, file_id, emoji, words_of_prompt)
        await asyncio.to_thread(count, self._results, ADDED)
        await self._delivery.change(record.id, Added(number, pack))
        # The pack that follows a full one has the same kind.
        added = words("added", number=number + 1, kind=kind.value)
        return f"{added} {words('added-to-new')}" if is_new else added

    async def _upload(self, record: Record, number: int, kind: Kind) -> str | None:
        """Upload a candidate; returns its file id, None if it has expired in Redis."""
        sticker = await in_picture_thread(sticker_of, self._results, record, number, kind)
        if sticker is None:
            return None
        file_id, unique_id = await self._packs.upload(record.user_id, sticker)
        await self._labels.add(record.user_id, unique_id, record.prompt, record.emoji)
        changed = await self._store.change(record.id, Uploaded(number, file_id, kind))
        return changed.placed[kind].uploads[number] if changed else file_id


def start_parameter(request_id: RequestId, number: int) -> str:
    """The parameter of /start that puts a candidate into a pack."""
    return f"add-{request_id}-{number}"


def candidate_of_start(parameter: str) -> CandidateRef | None:
    """The candidate in a parameter of /start, if it has one."""
    match = _START.fullmatch(parameter)
    return CandidateRef(RequestId(match[1]), int(match[2])) if match else None
