"""Sticker sets: their owners, and who may change them.

A bot changes only the sets that it has made; any other one it can look at.
"""

from bot.sandbox import images, objects
from bot.sandbox.decoding import Json
from bot.sandbox.errors import BadRequest
from bot.sandbox.files import STICKER
from bot.sandbox.state import StickerInSet, StickerSet
from bot.sandbox.world import Sandbox

#: The owner of a set that people know from elsewhere: nobody here, and made by another bot.
STRANGER = 0
STRANGERS_SET = "SandboxSmiles"


def find_set(box: Sandbox, name: str) -> StickerSet:
    """A set by its name; names are case-insensitive."""
    found = box.state.sets.get(name.lower())
    if found is None:
        raise BadRequest("STICKERSET_INVALID")
    return found


def bots_set(box: Sandbox, name: str, user_id: int | None = None) -> StickerSet:
    """A set that the bot may change; with ``user_id``, one that it has made for this user."""
    found = find_set(box, name)
    if found.user_id == STRANGER or user_id not in (None, found.user_id):
        raise BadRequest("STICKERSET_INVALID")
    return found


def find_sticker(box: Sandbox, file_id: str) -> tuple[StickerSet, StickerInSet]:
    """The sticker that this ``file_id`` names, and its set."""
    stored = box.known_file(file_id, STICKER)
    for owner in box.state.sets.values():
        if stored.file_id(STICKER, owner.name) == file_id:
            for member in owner.stickers:
                if member.unique_id == stored.unique_id:
                    return owner, member
    raise BadRequest("STICKER_INVALID")


def bots_sticker(box: Sandbox, file_id: str) -> tuple[StickerSet, StickerInSet]:
    """A sticker that the bot may change, and its set."""
    owner, member = find_sticker(box, file_id)
    return bots_set(box, owner.name), member


def as_sticker(box: Sandbox, owner: StickerSet, member: StickerInSet) -> Json:
    """One sticker of a set, as the Bot API shows it."""
    return objects.sticker_in_set(box.files.get(member.unique_id), member, owner)


def find_custom_emoji(box: Sandbox, custom_emoji_id: str) -> Json | None:
    """The sticker behind a custom emoji, if there is one."""
    for owner in box.state.sets.values():
        for member in owner.stickers:
            sticker = as_sticker(box, owner, member)
            if sticker.get("custom_emoji_id") == custom_emoji_id:
                return sticker
    return None


def strangers_sticker(box: Sandbox) -> Json:
    """A sticker of a set that the bot has not made."""
    stored = box.files.put(images.sample_sticker(), STICKER)
    member = StickerInSet(stored.unique_id, ["🙂"], [])
    made = StickerSet(STRANGERS_SET, "Смайлы", "regular", STRANGER, [member])
    return as_sticker(box, box.state.sets.setdefault(STRANGERS_SET.lower(), made), member)
