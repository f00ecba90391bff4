"""Sticker sets: https://core.telegram.org/bots/api#stickers."""

from bot.sandbox import objects, sets, sticker_rules
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
    sticker_rules.check_sticker_format(sticker_format)
    if not isinstance(sticker, Upload):
        raise BadRequest("there is no sticker file in the request")
    return objects.file(box.sticker_file(sticker, None, anew=True), STICKER)


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
    if user_id not in box.state.messages:  # known from a group only
        raise BadRequest("PEER_ID_INVALID")
    sticker_rules.check_set_name(name, box.username)
    title = sticker_rules.set_title(title)
    sticker_rules.check_sticker_type(sticker_type)
    sticker_rules.check_initial_stickers(stickers)
    if needs_repainting and sticker_type != "custom_emoji":
        raise BadRequest("only custom emoji stickers support repainting")
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
    _add(box, sets.bots_set(box, name, user_id), sticker)
    box.sets_changed()
    return True


@method
def replace_sticker_in_set(
    box: Sandbox, user_id: int, name: str, old_sticker: str, sticker: InputSticker
) -> bool:
    """Put a sticker in the place of another (https://core.telegram.org/bots/api#replacestickerinset)."""
    box.person(user_id)
    owner = sets.bots_set(box, name, user_id)
    found, old = sets.find_sticker(box, old_sticker)
    if found is not owner:
        raise BadRequest("STICKER_INVALID")
    new = _member(box, owner, sticker)
    if not _holds(owner, new):  # exactly the same one already there: the set stays as it is
        owner.stickers[owner.stickers.index(old)] = new
        box.sets_changed()
    return True


@method
def get_custom_emoji_stickers(box: Sandbox, custom_emoji_ids: list[str]) -> list[Json]:
    """Get the stickers behind custom emoji (https://core.telegram.org/bots/api#getcustomemojistickers)."""
    sticker_rules.check_custom_emoji_ids(custom_emoji_ids)
    found = [sets.find_custom_emoji(box, identifier) for identifier in custom_emoji_ids]
    return [sticker for sticker in found if sticker is not None]


@method
def get_sticker_set(box: Sandbox, name: str) -> Json:
    """Get a sticker set (https://core.telegram.org/bots/api#getstickerset)."""
    return objects.sticker_set(sets.find_set(box, name), box.files)


@method
def delete_sticker_from_set(box: Sandbox, sticker: str) -> bool:
    """Delete a sticker from its set (https://core.telegram.org/bots/api#deletestickerfromset)."""
    owner, member = sets.bots_sticker(box, sticker)
    owner.stickers.remove(member)
    box.sets_changed()
    return True


@method
def set_sticker_position_in_set(box: Sandbox, sticker: str, position: int) -> bool:
    """Move a sticker within its set (https://core.telegram.org/bots/api#setstickerpositioninset)."""
    owner, member = sets.bots_sticker(box, sticker)
    if not 0 <= position < len(owner.stickers):
        raise BadRequest("wrong sticker position specified")
    owner.stickers.remove(member)
    owner.stickers.insert(position, member)
    box.sets_changed()
    return True


@method
def set_sticker_emoji_list(box: Sandbox, sticker: str, emoji_list: list[str]) -> bool:
    """Change the emoji of a sticker (https://core.telegram.org/bots/api#setstickeremojilist)."""
    sticker_rules.check_emoji_list(emoji_list)
    _, member = sets.bots_sticker(box, sticker)
    member.emoji_list = emoji_list
    box.sets_changed()
    return True


@method
def set_sticker_set_title(box: Sandbox, name: str, title: str) -> bool:
    """Rename a sticker set (https://core.telegram.org/bots/api#setstickersettitle)."""
    sets.bots_set(box, name).title = sticker_rules.set_title(title)
    box.sets_changed()
    return True


@method
def delete_sticker_set(box: Sandbox, name: str) -> bool:
    """Delete a sticker set (https://core.telegram.org/bots/api#deletestickerset)."""
    del box.state.sets[sets.bots_set(box, name).name.lower()]
    box.sets_changed()
    return True


def _add(box: Sandbox, owner: StickerSet, sticker: InputSticker) -> None:
    """Put a sticker into a set; exactly the same one again leaves the set as it is."""
    member = _member(box, owner, sticker)
    if _holds(owner, member):
        return
    if len(owner.stickers) >= sticker_rules.MAX_STICKERS[owner.sticker_type]:
        raise BadRequest("STICKERS_TOO_MUCH")
    owner.stickers.append(member)


def _member(box: Sandbox, owner: StickerSet, sticker: InputSticker) -> StickerInSet:
    """A sticker that fits a set."""
    sticker_rules.check_sticker_format(sticker.format)
    sticker_rules.check_emoji_list(sticker.emoji_list)
    sticker_rules.check_keywords(sticker.keywords)
    stored = box.sticker_file(sticker.sticker, owner.sticker_type)
    return StickerInSet(stored.unique_id, sticker.emoji_list, sticker.keywords)


def _holds(owner: StickerSet, member: StickerInSet) -> bool:
    return any(other.unique_id == member.unique_id for other in owner.stickers)
