"""Creates, fills and changes packs: https://core.telegram.org/bots/api#stickers.

Only Telegram knows the content of a pack.  So the bot adds a sticker without a check: the answer to
`addStickerToSet` says whether the set takes the sticker, is full, or does not exist.
When Telegram refuses a change, the bot reads the pack: an earlier call, whose answer was lost, may
have made the change.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from telegram import Bot, InputSticker, Sticker, StickerSet
from telegram.constants import StickerFormat
from telegram.error import BadRequest

from bot.packs.names import Kind, default_title, kind_of, next_title, number_of, pack_name
from bot.packs.store import PackStore
from bot.telegram.errors import (
    PACK_IS_FULL,
    PACK_IS_MISSING,
    PACK_IS_SAME,
    PACK_NAME_IS_TAKEN,
    says,
)
from bot.telegram.retry import with_retries

_MAX_SKIPPED = 5  # packs that are full or missing, before the bot gives up


@dataclass(frozen=True)
class Owner:
    """A user who owns packs."""

    user_id: int
    name: str


@dataclass(frozen=True)
class Pack:
    """A pack as its owner sees it."""

    name: str
    title: str
    stickers: tuple[Sticker, ...]  # empty until the first is added
    is_current: bool

    @property
    def kind(self) -> Kind:
        """The kind of its stickers."""
        return kind_of(self.name)

    @property
    def number(self) -> int:
        """Its number among its owner's packs."""
        return number_of(self.name)

    def index(self, unique_id: str) -> int | None:
        """The position of a sticker, from 0; None if it is not in the pack."""
        ids = [sticker.file_unique_id for sticker in self.stickers]
        return ids.index(unique_id) if unique_id in ids else None


class StickerSets:
    """Creates, fills and changes the sticker sets of users."""

    def __init__(self, bot: Bot, store: PackStore):
        self._bot = bot
        self._store = store

    async def upload(self, user_id: int, sticker: bytes) -> tuple[str, str]:
        """Upload a sticker's WebP file (uploadStickerFile); returns its file id and unique id.

        Adding the same file id twice leaves a pack unchanged; uploading a file twice does not, as
        each upload has another file id.  Raises TelegramError.
        """
        file = await with_retries(
            lambda: self._bot.upload_sticker_file(user_id, sticker, StickerFormat.STATIC)
        )
        return file.file_id, file.file_unique_id

    async def add(
        self, owner: Owner, file_id: str, emoji: list[str], keywords: list[str]
    ) -> tuple[str, bool]:
        """Put an uploaded sticker into the owner's current pack, or the next if that is full.

        Returns the pack's name, and whether it is new to its owner.  Safe to repeat.
        Raises TelegramError.
        """
        sticker = input_sticker(file_id, emoji, keywords)
        name = await self._store.current(owner.user_id) or self._name(owner.user_id, 1)
        for _ in range(_MAX_SKIPPED):
            try:
                await self._add_or_create(owner, name, sticker)
            except BadRequest as error:
                if not says(error, PACK_IS_FULL + PACK_IS_MISSING):
                    raise
                refusal = error
                name = await self._next_pack(owner, name)
            else:
                is_new = name not in await self._store.names(owner.user_id)
                await self._store.remember(owner.user_id, name)
                return name, is_new
        raise refusal

    async def kind(self, user_id: int) -> Kind:
        """The kind of the pack that takes the user's new stickers."""
        name = await self._store.current(user_id)
        return kind_of(name) if name else Kind.STICKERS

    async def begin(self, user_id: int, title: str, kind: Kind = Kind.STICKERS) -> None:
        """Let the next sticker create a pack with this title."""
        name = self._name(user_id, await self._store.next_number(user_id), kind)
        await self._store.begin(user_id, name, title)

    async def all(self, owner: Owner) -> list[Pack]:
        """The owner's packs, the oldest first, then those that wait for their first sticker.

        Packs that were deleted in Telegram are removed from Redis.  Raises TelegramError.
        """
        current = await self._store.current(owner.user_id)
        packs = []
        for name in await self._store.names(owner.user_id):
            if (found := await self._get(name)) is None:
                await self._store.discard(owner.user_id, name)
            else:
                packs.append(Pack(name, found.title, tuple(found.stickers), name == current))
        waiting = await self._store.begun(owner.user_id)
        titles = [await self._title(owner, name) for name in waiting]
        packs += [
            Pack(name, title, (), name == current)
            for name, title in zip(waiting, titles, strict=True)
        ]
        return packs

    async def choose(self, user_id: int, name: str) -> None:
        """Let a pack take new stickers from now on."""
        await self._store.choose(user_id, name)

    async def retitle(self, user_id: int, name: str, title: str) -> None:
        """Change the title of a pack (setStickerSetTitle).  Raises TelegramError."""

        async def is_done() -> bool:
            pack = await self._get(name)
            return pack is None or pack.title == title  # None: it waits for its first sticker

        await _ensure(lambda: self._bot.set_sticker_set_title(name, title), is_done)
        await self._store.set_title(user_id, name, title)

    async def delete(self, user_id: int, name: str) -> None:
        """Delete a pack (deleteStickerSet).  Raises TelegramError."""

        async def is_done() -> bool:
            return await self._get(name) is None

        await _ensure(lambda: self._bot.delete_sticker_set(name), is_done)
        await self._store.discard(user_id, name)

    async def is_owner(self, user_id: int, name: str) -> bool:
        """Whether a pack belongs to this user."""
        return name in await self._names(user_id)

    async def name(self, user_id: int, number: int) -> str | None:
        """The name of the user's pack with this number, if there is one."""
        names = await self._names(user_id)
        return next((name for name in names if number_of(name) == number), None)

    async def get(self, user_id: int, number: int) -> Pack | None:
        """The user's pack with this number, if it still exists.  Raises TelegramError."""
        name = await self.name(user_id, number)
        if name is None:
            return None
        is_current = name == await self._store.current(user_id)
        if found := await self._get(name):
            return Pack(name, found.title, tuple(found.stickers), is_current)
        if name in await self._store.names(user_id):  # deleted in Telegram
            await self._store.discard(user_id, name)
            return None
        title = await self._store.title(user_id, name)
        return Pack(name, title, (), is_current) if title else None

    async def replace(self, owner: Owner, name: str, old: Sticker, sticker: InputSticker) -> None:
        """Replace a sticker by another (replaceStickerInSet).  Raises TelegramError."""

        async def is_done() -> bool:
            if await self.sticker(name, old.file_unique_id):
                return False
            return await self.find(name, str(sticker.sticker)) is not None

        await _ensure(
            lambda: self._bot.replace_sticker_in_set(owner.user_id, name, old.file_id, sticker),
            is_done,
        )

    async def move_first(self, sticker: Sticker) -> None:
        """Move a sticker to the front of its pack (setStickerPositionInSet).

        Raises TelegramError.
        """

        async def is_done() -> bool:
            pack = await self._get(_set_name(sticker))
            first = pack.stickers[0] if pack and pack.stickers else None
            return first is not None and first.file_unique_id == sticker.file_unique_id

        await _ensure(lambda: self._bot.set_sticker_position_in_set(sticker.file_id, 0), is_done)

    async def remove(self, sticker: Sticker) -> None:
        """Remove a sticker from its pack (deleteStickerFromSet).  Raises TelegramError."""

        async def is_done() -> bool:
            return await self.sticker(_set_name(sticker), sticker.file_unique_id) is None

        await _ensure(lambda: self._bot.delete_sticker_from_set(sticker.file_id), is_done)

    async def set_emoji(self, sticker: Sticker, emoji: list[str]) -> None:
        """Change the emoji of a sticker of a pack (setStickerEmojiList).  Raises TelegramError."""
        try:
            await with_retries(lambda: self._bot.set_sticker_emoji_list(sticker.file_id, emoji))
        except BadRequest as error:  # `_ensure` cannot check: a set shows the first emoji only
            if not says(error, PACK_IS_SAME):
                raise

    async def find(self, name: str, file_id: str) -> Sticker | None:
        """An uploaded sticker in a pack; None when its owner has deleted either.

        In a set the sticker has another file id, but the same unique id.  Raises TelegramError.
        """
        pack = await self._get(name)
        if pack is None:
            return None
        file = await with_retries(lambda: self._bot.get_file(file_id))
        return _with_id(pack, file.file_unique_id)

    async def sticker(self, name: str, unique_id: str) -> Sticker | None:
        """A sticker of a pack, if it is still in it."""
        pack = await self._get(name)
        return _with_id(pack, unique_id) if pack else None

    async def emoji(self, custom_emoji_id: str) -> Sticker | None:
        """The sticker of a custom emoji, of any owner (getCustomEmojiStickers)."""
        found = await with_retries(lambda: self._bot.get_custom_emoji_stickers([custom_emoji_id]))
        return found[0] if found else None

    async def _names(self, user_id: int) -> list[str]:
        """The names of a user's packs, with those that wait for their first sticker."""
        return await self._store.names(user_id) + await self._store.begun(user_id)

    async def _get(self, name: str) -> StickerSet | None:
        try:
            return await with_retries(lambda: self._bot.get_sticker_set(name))
        except BadRequest as error:
            if not says(error, PACK_IS_MISSING):
                raise
            return None

    async def _add_or_create(self, owner: Owner, name: str, sticker: InputSticker) -> None:
        try:
            await self._add(owner, name, sticker)
        except BadRequest as error:
            if not says(error, PACK_IS_MISSING):
                raise
            await self._create(owner, name, sticker)

    async def _create(self, owner: Owner, name: str, sticker: InputSticker) -> None:
        title = await self._title(owner, name)
        try:
            await with_retries(
                lambda: self._bot.create_new_sticker_set(
                    owner.user_id, name, title, [sticker], kind_of(name)
                )
            )
        except BadRequest as error:
            if not says(error, PACK_NAME_IS_TAKEN):
                raise
            # A call whose answer was lost has just created the set.
            await self._add(owner, name, sticker)

    async def _add(self, owner: Owner, name: str, sticker: InputSticker) -> None:
        async def is_done() -> bool:
            return await self.find(name, str(sticker.sticker)) is not None

        await _ensure(lambda: self._bot.add_sticker_to_set(owner.user_id, name, sticker), is_done)

    async def _next_pack(self, owner: Owner, name: str) -> str:
        number = max(await self._store.next_number(owner.user_id), number_of(name) + 1)
        following = self._name(owner.user_id, number, kind_of(name))
        title = next_title(await self._title(owner, name))
        await self._store.set_title(owner.user_id, following, title)
        return following

    async def _title(self, owner: Owner, name: str) -> str:
        return await self._store.title(owner.user_id, name) or default_title(owner.name)

    def _name(self, user_id: int, number: int, kind: Kind = Kind.STICKERS) -> str:
        return pack_name(user_id, number, self._bot.username, kind)


def input_sticker(file_id: str, emoji: list[str], keywords: list[str]) -> InputSticker:
    """An uploaded sticker in the form that `addStickerToSet` and similar methods take."""
    return InputSticker(file_id, emoji, StickerFormat.STATIC, keywords=keywords)


async def _ensure(
    call: Callable[[], Awaitable[Any]], is_done: Callable[[], Awaitable[bool]]
) -> None:
    """Make a change; a refusal counts as success if the change has been made already."""
    try:
        await with_retries(call)
    except BadRequest:
        if not await is_done():
            raise


def _set_name(sticker: Sticker) -> str:
    assert sticker.set_name, "a sticker of a pack is in a set"
    return sticker.set_name


def _with_id(pack: StickerSet, unique_id: str) -> Sticker | None:
    same = [sticker for sticker in pack.stickers if sticker.file_unique_id == unique_id]
    return same[0] if same else None
