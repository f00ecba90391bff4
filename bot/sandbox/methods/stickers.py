"""Sticker sets: https://core.telegram.org/bots/api#stickers."""

from bot.sandbox import objects, sets, sticker_rules
from bot.sandbox.decoding import FileRef, Json, Upload
from bot.sandbox.errors import BadRequest
from bot.sandbox.files import STICKER
from bot.sandbox.inputs import InputSticker
from bot.sandbox.registry import method
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.state import StickerInSet, StickerSet


@method
def upload_sticker_file(
    sandbox: Sandbox, user_id: int, sticker: FileRef, sticker_format: str
) -> Json:
    """Upload a sticker for later (https://core.telegram.org/bots/api#uploadstickerfile)."""
    sandbox.person(user_id)
    sticker_rules.check_sticker_format(sticker_format)
    if not isinstance(sticker, Upload):
        raise BadRequest("there is no sticker file in the request")
    return objects.file(sandbox.sticker_file(sticker, None, anew=True), STICKER)


@method
def create_new_sticker_set(
    sandbox: Sandbox,
    user_id: int,
    name: str,
    title: str,
    stickers: list[InputSticker],
    sticker_type: str = "regular",
    needs_repainting: bool = False,
) -> bool:
    """Create a sticker set owned by a user (https://core.telegram.org/bots/api#createnewstickerset)."""
    sandbox.person(user_id)
    if user_id not in sandbox.state.messages:  # known from a group only
        raise BadRequest("PEER_ID_INVALID")
    sticker_rules.check_set_name(name, sandbox.username)
    title = sticker_rules.set_title(title)
    sticker_rules.check_sticker_type(sticker_type)
    sticker_rules.check_initial_stickers(stickers)
    if needs_repainting and sticker_type != "custom_emoji":
        raise BadRequest("only custom emoji stickers support repainting")
    if name.lower() in sandbox.state.sets:
        raise BadRequest("sticker set name is already occupied")
    created = StickerSet(name, title, sticker_type, user_id, needs_repainting=needs_repainting)
    for sticker in stickers:
        _add(sandbox, created, sticker)
    sandbox.state.sets[name.lower()] = created  # only now: one bad sticker, and there is no set
    sandbox.sets_changed()
    return True


@method
def add_sticker_to_set(sandbox: Sandbox, user_id: int, name: str, sticker: InputSticker) -> bool:
    """Add a sticker to a set (https://core.telegram.org/bots/api#addstickertoset)."""
    sandbox.person(user_id)
    _add(sandbox, sets.bots_set(sandbox, name, user_id), sticker)
    sandbox.sets_changed()
    return True


@method
def replace_sticker_in_set(
    sandbox: Sandbox, user_id: int, name: str, old_sticker: str, sticker: InputSticker
) -> bool:
    """Put a sticker in the place of another (https://core.telegram.org/bots/api#replacestickerinset)."""
    sandbox.person(user_id)
    owner = sets.bots_set(sandbox, name, user_id)
    found, old = sets.find_sticker(sandbox, old_sticker)
    if found is not owner:
        raise BadRequest("STICKER_INVALID")
    new = _member(sandbox, owner, sticker)
    if not _holds(owner, new):  # exactly the same one already there: the set stays as it is
        owner.stickers[owner.stickers.index(old)] = new
        sandbox.sets_changed()
    return True


@method
def get_custom_emoji_stickers(sandbox: Sandbox, custom_emoji_ids: list[str]) -> list[Json]:
    """Get the stickers behind custom emoji (https://core.telegram.org/bots/api#getcustomemojistickers)."""
    sticker_rules.check_custom_emoji_ids(custom_emoji_ids)
    found = [sets.find_custom_emoji(sandbox, identifier) for identifier in custom_emoji_ids]
    return [sticker for sticker in found if sticker is not None]


@method
def get_sticker_set(sandbox: Sandbox, name: str) -> Json:
    """Get a sticker set (https://core.telegram.org/bots/api#getstickerset)."""
    return objects.sticker_set(sets.find_set(sandbox, name), sandbox.files)


@method
def delete_sticker_from_set(sandbox: Sandbox, sticker: str) -> bool:
    """Delete a sticker from its set (https://core.telegram.org/bots/api#deletestickerfromset)."""
    owner, member = sets.bots_sticker(sandbox, sticker)
    owner.stickers.remove(member)
    sandbox.sets_changed()
    return True


@method
def set_sticker_position_in_set(sandbox: Sandbox, sticker: str, position: int) -> bool:
    """Move a sticker within its set (https://core.telegram.org/bots/api#setstickerpositioninset)."""
    owner, member = sets.bots_sticker(sandbox, sticker)
    if not 0 <= position < len(owner.stickers):
        raise BadRequest("wrong sticker position specified")
    owner.stickers.remove(member)
    owner.stickers.insert(position, member)
    sandbox.sets_changed()
    return True


@method
def set_sticker_emoji_list(sandbox: Sandbox, sticker: str, emoji_list: list[str]) -> bool:
    """Change the emoji of a sticker (https://core.telegram.org/bots/api#setstickeremojilist)."""
    sticker_rules.check_emoji_list(emoji_list)
    _, member = sets.bots_sticker(sandbox, sticker)
    member.emoji_list = emoji_list
    sandbox.sets_changed()
    return True


@method
def set_sticker_set_title(sandbox: Sandbox, name: str, title: str) -> bool:
    """Rename a sticker set (https://core.telegram.org/bots/api#setstickersettitle)."""
    sets.bots_set(sandbox, name).title = sticker_rules.set_title(title)
    sandbox.sets_changed()
    return True


@method
def delete_sticker_set(sandbox: Sandbox, name: str) -> bool:
    """Delete a sticker set (https://core.telegram.org/bots/api#deletestickerset)."""
    del sandbox.state.sets[sets.bots_set(sandbox, name).name.lower()]
    sandbox.sets_changed()
    return True


def _add(sandbox: Sandbox, owner: StickerSet, sticker: InputSticker) -> None:
    """Put a sticker into a set; exactly the same one again leaves the set as it is."""
    member = _member(sandbox, owner, sticker)
    if _holds(owner, member):
        return
    if len(owner.stickers) >= sticker_rules.MAX_STICKERS[owner.sticker_type]:
        raise BadRequest("STICKERS_TOO_MUCH")
    owner.stickers.append(member)


def _member(sandbox: Sandbox, owner: StickerSet, sticker: InputSticker) -> StickerInSet:
    """A sticker that fits a set."""
    sticker_rules.check_sticker_format(sticker.format)
    sticker_rules.check_emoji_list(sticker.emoji_list)
    sticker_rules.check_keywords(sticker.keywords)
    stored = sandbox.sticker_file(sticker.sticker, owner.sticker_type)
    return StickerInSet(stored.unique_id, sticker.emoji_list, sticker.keywords)


def _holds(owner: StickerSet, member: StickerInSet) -> bool:
    return any(other.unique_id == member.unique_id for other in owner.stickers)
