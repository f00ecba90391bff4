"""The users' packs: Telegram sticker sets that belong to the user and that the bot may fill.

The truth about a pack is Telegram's.  So nothing is asked before a sticker is added: the answer to
`addStickerToSet` tells whether the set takes it, is full, or is not there (not yet, or no longer).
"""

from dataclasses import dataclass

from telegram import Bot, InputSticker, Sticker
from telegram.constants import StickerFormat, StickerLimit
from telegram.error import BadRequest

from bot.api_errors import PACK_IS_FULL, PACK_IS_MISSING, PACK_NAME_IS_TAKEN, says
from bot.patience import insist
from bot.store import Store

_MAX_SKIPPED = 5  # volumes that take nothing, before the error is believed to be something else


@dataclass(frozen=True)
class Owner:
    """Whose packs they are."""

    user_id: int
    name: str


class Packs:
    """Puts stickers into packs."""

    def __init__(self, bot: Bot, store: Store):
        self._bot = bot
        self._store = store

    async def upload(self, user_id: int, sticker: bytes) -> str:
        """Give Telegram a sticker's WebP file; returns its file id.

        Adding the same file id twice leaves a pack unchanged, uploading twice would not.
        """
        file = await insist(
            lambda: self._bot.upload_sticker_file(user_id, sticker, StickerFormat.STATIC)
        )
        return file.file_id

    async def add(self, owner: Owner, file_id: str, emoji: list[str], keywords: list[str]) -> str:
        """Put an uploaded sticker into the owner's newest pack, or the next if that is full.

        Returns the pack's name.  Safe to repeat.  Raises TelegramError.
        """
        sticker = InputSticker(file_id, emoji, StickerFormat.STATIC, keywords=keywords)
        volume = await self._store.volume(owner.user_id)
        for number in range(volume, volume + _MAX_SKIPPED):
            name = pack_name(owner.user_id, number, self._bot.username)
            try:
                await self._add_or_create(owner, name, number, sticker)
            except BadRequest as error:
                if not says(error, PACK_IS_FULL + PACK_IS_MISSING):
                    raise
                refusal = error
            else:
                await self._store.remember_pack(owner.user_id, number, name)
                return name
        raise refusal

    async def relabel(self, name: str, file_id: str, emoji: list[str]) -> None:
        """Have an uploaded sticker in a pack answer to other emoji (setStickerEmojiList)."""
        if sticker := await self.find(name, file_id):
            await insist(lambda: self._bot.set_sticker_emoji_list(sticker.file_id, emoji))

    async def find(self, name: str, file_id: str) -> Sticker | None:
        """An uploaded sticker in a pack, if it is still there: its owner may have deleted either.

        In a set it has another file id; only the unique one stays the same.
        """
        try:
            pack = await insist(lambda: self._bot.get_sticker_set(name))
        except BadRequest as error:
            if not says(error, PACK_IS_MISSING):
                raise
            return None
        file = await insist(lambda: self._bot.get_file(file_id))
        same = [s for s in pack.stickers if s.file_unique_id == file.file_unique_id]
        return same[0] if same else None

    async def _add_or_create(
        self, owner: Owner, name: str, number: int, sticker: InputSticker
    ) -> None:
        try:
            await self._add(owner, name, sticker)
        except BadRequest as error:
            if not says(error, PACK_IS_MISSING):
                raise
            await self._create(owner, name, number, sticker)

    async def _create(self, owner: Owner, name: str, number: int, sticker: InputSticker) -> None:
        title = pack_title(owner.name, number)
        try:
            await insist(
                lambda: self._bot.create_new_sticker_set(owner.user_id, name, title, [sticker])
            )
        except BadRequest as error:
            if not says(error, PACK_NAME_IS_TAKEN):
                raise
            # Made a moment ago by a call whose answer was lost.
            await self._add(owner, name, sticker)

    async def _add(self, owner: Owner, name: str, sticker: InputSticker) -> None:
        await insist(lambda: self._bot.add_sticker_to_set(owner.user_id, name, sticker))


def pack_name(user_id: int, volume: int, username: str) -> str:
    """The name of a user's pack: at most 64 letters, digits and single underscores.

    Telegram wants `_by_<the bot's username>` at its end.
    """
    return f"emojich_{_base36(user_id)}_{volume}_by_{username}"


def pack_link(name: str) -> str:
    """Where a pack can be seen and installed."""
    return f"https://t.me/addstickers/{name}"


def pack_title(owner: str, volume: int) -> str:
    """What a pack is called, within Telegram's limit in UTF-16 units: Emojich · Анна 2."""
    suffix = f" {volume}" if volume > 1 else ""
    room = (StickerLimit.MAX_NAME_AND_TITLE - len(f"Emojich · {suffix}")) // 2
    return f"Emojich · {owner[:room]}{suffix}"


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = digits[digit] + text
    return text
