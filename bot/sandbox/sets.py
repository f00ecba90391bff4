"""Sticker sets: their owners, and who may change them.

A bot can read all sets, and change those that it has made.
"""

from bot.sandbox import images, objects
from bot.sandbox.decoding import Json
from bot.sandbox.errors import BadRequest
from bot.sandbox.files import STICKER
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.state import StickerInSet, StickerSet

#: The owner of a set that another bot has made.
STRANGER = 0
STRANGERS_SET = "SandboxSmiles"


def find_set(sandbox: Sandbox, name: str) -> StickerSet:
    """A set by its name; names are case-insensitive."""
    found = sandbox.state.sets.get(name.lower())
    if found is None:
        raise BadRequest("STICKERSET_INVALID")
    return found


def bots_set(sandbox: Sandbox, name: str, user_id: int | None = None) -> StickerSet:
    """A set that the bot may change; with ``user_id``, one that it has made for this user."""
    found = find_set(sandbox, name)
    if found.user_id == STRANGER or user_id not in (None, found.user_id):
        raise BadRequest("STICKERSET_INVALID")
    return found


def find_sticker(sandbox: Sandbox, file_id: str) -> tuple[StickerSet, StickerInSet]:
    """The sticker that this ``file_id`` names, and its set."""
    stored = sandbox.known_file(file_id, STICKER)
    for owner in sandbox.state.sets.values():
        if stored.file_id(STICKER, owner.name) == file_id:
            for member in owner.stickers:
                if member.unique_id == stored.unique_id:
                    return owner, member
    raise BadRequest("STICKER_INVALID")


def bots_sticker(sandbox: Sandbox, file_id: str) -> tuple[StickerSet, StickerInSet]:
    """A sticker that the bot may change, and its set."""
    owner, member = find_sticker(sandbox, file_id)
    return bots_set(sandbox, owner.name), member


def as_sticker(sandbox: Sandbox, owner: StickerSet, member: StickerInSet) -> Json:
    """One sticker of a set, as the Bot API shows it."""
    return objects.sticker_in_set(sandbox.files.get(member.unique_id), member, owner)


def find_custom_emoji(sandbox: Sandbox, custom_emoji_id: str) -> Json | None:
    """The sticker behind a custom emoji, if there is one."""
    for owner in sandbox.state.sets.values():
        for member in owner.stickers:
            sticker = as_sticker(sandbox, owner, member)
            if sticker.get("custom_emoji_id") == custom_emoji_id:
                return sticker
    return None


def strangers_sticker(sandbox: Sandbox) -> Json:
    """A sticker of a set that the bot has not made."""
    stored = sandbox.files.put(images.sample_sticker(), STICKER)
    member = StickerInSet(stored.unique_id, ["🙂"], [])
    made = StickerSet(STRANGERS_SET, "Смайлы", "regular", STRANGER, [member])
    return as_sticker(sandbox, sandbox.state.sets.setdefault(STRANGERS_SET.lower(), made), member)
