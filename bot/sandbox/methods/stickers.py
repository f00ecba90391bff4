"""Sticker sets: https://core.telegram.org/bots/api#stickers."""

from bot.sandbox import objects, rules
from bot.sandbox.decoding import FileRef, Json, Upload
from bot.sandbox.errors import BadRequest
from bot.sandbox.files import STICKER
from bot.sandbox.inputs import InputSticker
from bot.sandbox.registry import method
from bot.sandbox.state import StickerInSet, StickerSet
from bot.sandbox.world import Sandbox


@method
def upload_sticker_file(box: Sandbox, user_id: int, sticker: FileRef, sticker_format: str) -> Json:
    """Upload a sticker for later (https://core.telegram.org/bots/api#uploadstickerfile)."""
    box.person(user_id)
    rules.check_sticker_format(sticker_format)
    if not isinstance(sticker, Upload):
        raise BadRequest("there is no sticker file in the request")
    return objects.file(box.sticker_file(sticker, None), STICKER)


@method
def create_new_sticker_set(
    box: Sandbox,
    user_id: int,
    name: str,
    title: str,
    stickers: list[InputSticker],
    sticker_type: str = "regular",
    needs_repainting: bool = False,
) -> bool:
    """Create a sticker set owned by a user (https://core.telegram.org/bots/api#createnewstickerset)."""
    box.person(user_id)
    rules.check_set_name(name, box.username)
    rules.check_set_title(title)
    rules.check_sticker_type(sticker_type)
    rules.check_initial_stickers(stickers)
    if name.lower() in box.state.sets:
        raise BadRequest("sticker set name is already occupied")
    created = StickerSet(name, title, sticker_type, user_id, needs_repainting=needs_repainting)
    for sticker in stickers:
        _add(box, created, sticker)
    box.state.sets[name.lower()] = created  # only now: one bad sticker, and there is no set
    box.sets_changed()
    return True


@method
def add_sticker_to_set(box: Sandbox, user_id: int, name: str, sticker: InputSticker) -> bool:
    """Add a sticker to a set (https://core.telegram.org/bots/api#addstickertoset)."""
    box.person(user_id)
    owner = box.sticker_set(name)
    if owner.user_id != user_id:
        raise BadRequest("STICKERSET_INVALID")
    _add(box, owner, sticker)
    box.sets_changed()
    return True


@method
def get_sticker_set(box: Sandbox, name: str) -> Json:
    """Get a sticker set (https://core.telegram.org/bots/api#getstickerset)."""
    return objects.sticker_set(box.sticker_set(name), box.files)


@method
def delete_sticker_from_set(box: Sandbox, sticker: str) -> bool:
    """Delete a sticker from its set (https://core.telegram.org/bots/api#deletestickerfromset)."""
    owner, member = box.sticker_in_set(sticker)
    owner.stickers.remove(member)
    box.sets_changed()
    return True


@method
def set_sticker_position_in_set(box: Sandbox, sticker: str, position: int) -> bool:
    """Move a sticker within its set (https://core.telegram.org/bots/api#setstickerpositioninset)."""
    owner, member = box.sticker_in_set(sticker)
    if not 0 <= position < len(owner.stickers):
        raise BadRequest("wrong sticker position specified")
    owner.stickers.remove(member)
    owner.stickers.insert(position, member)
    box.sets_changed()
    return True


@method
def set_sticker_emoji_list(box: Sandbox, sticker: str, emoji_list: list[str]) -> bool:
    """Change the emoji of a sticker (https://core.telegram.org/bots/api#setstickeremojilist)."""
    rules.check_emoji_list(emoji_list)
    _, member = box.sticker_in_set(sticker)
    member.emoji_list = emoji_list
    box.sets_changed()
    return True


@method
def set_sticker_keywords(box: Sandbox, sticker: str, keywords: list[str] | None = None) -> bool:
    """Change the search words of a sticker (https://core.telegram.org/bots/api#setstickerkeywords)."""
    rules.check_keywords(keywords or [])
    _, member = box.sticker_in_set(sticker)
    member.keywords = keywords or []
    return True


@method
def set_sticker_set_title(box: Sandbox, name: str, title: str) -> bool:
    """Rename a sticker set (https://core.telegram.org/bots/api#setstickersettitle)."""
    rules.check_set_title(title)
    box.sticker_set(name).title = title
    box.sets_changed()
    return True


@method
def delete_sticker_set(box: Sandbox, name: str) -> bool:
    """Delete a sticker set (https://core.telegram.org/bots/api#deletestickerset)."""
    del box.state.sets[box.sticker_set(name).name.lower()]
    box.sets_changed()
    return True


def _add(box: Sandbox, owner: StickerSet, sticker: InputSticker) -> None:
    """Put a sticker into a set; exactly the same one again leaves the set as it is."""
    rules.check_sticker_format(sticker.format)
    rules.check_emoji_list(sticker.emoji_list)
    rules.check_keywords(sticker.keywords)
    stored = box.sticker_file(sticker.sticker, owner.sticker_type)
    if any(member.unique_id == stored.unique_id for member in owner.stickers):
        return
    if len(owner.stickers) >= rules.MAX_STICKERS[owner.sticker_type]:
        raise BadRequest("STICKERS_TOO_MUCH")
    owner.stickers.append(StickerInSet(stored.unique_id, sticker.emoji_list, sticker.keywords))
