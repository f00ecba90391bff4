"""The screens of /packs: all packs, one pack page by page, one sticker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Sticker, User

from bot.packs.names import Kind, pack_link
from bot.packs.sticker_menu import ACTIONS
from bot.packs.sticker_sets import Owner, Pack, StickerSets
from bot.pictures.downloads import Pictures
from bot.pictures.preview import columns, render_grid
from bot.pictures.threads import in_picture_thread
from bot.requests.limits import MAX_EMOJI
from bot.telegram.callbacks import Callback
from bot.telegram.messages import Screen
from bot.texts import Texts

PACKS_A_PAGE = 5  # their titles and links fit into a caption of 1024 characters
STICKERS_A_PAGE = 12
_MAX_IN_ROWS_OF_THREE = 9  # stickers; more are shown in rows of four
_EMOJI_CELL = 240  # px; a larger cell would blur custom emoji, which have 100 px

Row = list[InlineKeyboardButton]


@dataclass(frozen=True)
class PackButton(Callback):
    """Acts on a pack, or shows the list of packs."""

    kind = "pack"
    action: str
    owner: int
    number: int  # of the pack; 0 for none
    page: int = 0


@dataclass(frozen=True)
class StickerButton(Callback):
    """Acts on a sticker of a pack that /packs shows."""

    kind = "one"
    action: str
    owner: int
    number: int  # of the pack
    sticker: str  # its file_unique_id


class Screens:
    """Makes the screens of /packs."""

    def __init__(self, packs: StickerSets, pictures: Pictures):
        self._packs = packs
        self._pictures = pictures

    async def packs(self, user: User, page: int, words: Texts) -> Screen:
        """A page of the user's packs: counts, links, and the first sticker of each."""
        packs = await self._packs.all(Owner(user.id, user.first_name))
        page = _within(page, len(packs), PACKS_A_PAGE)
        start = page * PACKS_A_PAGE
        here = packs[start : start + PACKS_A_PAGE]
        lines = [words("packs-list") if packs else words("packs-none")]
        for number, pack in enumerate(here, start + 1):
            lines += ["", (f"{number}. " if len(packs) > 1 else "") + _line(pack, words)]
        rows = [[_button(pack.title, "open", user.id, pack.number)] for pack in here]
        rows += _page_buttons(page, len(packs), PACKS_A_PAGE, partial(_to_list, user.id))
        rows += [
            [_button(words("new-pack"), "new", user.id)],
            [_button(words("new-emoji-pack"), "emoji", user.id)],
        ]
        covers = [pack.stickers[0] if pack.stickers else None for pack in here]
        first = start + 1 if len(packs) > 1 else None
        picture = await self._picture(covers, columns(len(here)), first) if any(covers) else None
        return Screen("\n".join(lines), InlineKeyboardMarkup(rows), picture)

    async def pack(self, user: User, pack: Pack, page: int, words: Texts) -> Screen:
        """A page of a pack; its stickers are numbered in the picture and on the buttons."""
        count = len(pack.stickers)
        page = _within(page, count, STICKERS_A_PAGE)
        start = page * STICKERS_A_PAGE
        here = pack.stickers[start : start + STICKERS_A_PAGE]
        per_row = 4 if len(here) > _MAX_IN_ROWS_OF_THREE else columns(len(here))
        numbers = [
            StickerButton("open", user.id, pack.number, sticker.file_unique_id).button(str(number))
            for number, sticker in enumerate(here, start + 1)
        ]
        rows = [numbers[left : left + per_row] for left in range(0, len(here), per_row or 1)]
        rows += _page_buttons(page, count, STICKERS_A_PAGE, partial(_to_page, user.id, pack.number))
        rows += _actions(user, pack, words)
        picture = await self._picture(here or [None], per_row or 1, start + 1 if here else None)
        return Screen(_described(pack, words), InlineKeyboardMarkup(rows), picture)

    async def sticker(self, user: User, pack: Pack, index: int, words: Texts) -> Screen:
        """One sticker of a pack, with buttons that change it."""
        sticker, kind = pack.stickers[index], pack.kind.value
        buttons = [
            StickerButton(action, user.id, pack.number, sticker.file_unique_id).button(
                words(f"sticker-{action}", kind=kind)
            )
            for action in ACTIONS
        ]
        back = _to_page(user.id, pack.number, words("back"), index // STICKERS_A_PAGE)
        text = words(
            "sticker-of-pack",
            number=index + 1,
            title=pack.title,
            count=len(pack.stickers),
            emoji=sticker.emoji or "",
            kind=kind,
        )
        picture = await self._picture([sticker], 1, index + 1)
        keyboard = InlineKeyboardMarkup([buttons[:2], buttons[2:], [back]])
        return Screen(f"{text}\n\n{words('sticker-menu', kind=kind)}", keyboard, picture)

    def delete_question(self, user: User, pack: Pack, words: Texts) -> Screen:
        """The question before the bot deletes a pack; the message keeps its picture."""
        rows = [
            [_button(words("yes-delete"), "sure", user.id, pack.number)],
            [_button(words("back"), "open", user.id, pack.number)],
        ]
        text = words(
            "delete-pack-sure", title=pack.title, count=len(pack.stickers), kind=pack.kind.value
        )
        return Screen(text, InlineKeyboardMarkup(rows))

    async def blank(self) -> bytes:
        """An empty JPEG, for a photo message that must no longer show stickers."""
        return await in_picture_thread(render_grid, [None], 1, None, _EMOJI_CELL)

    async def _picture(
        self, stickers: Sequence[Sticker | None], per_row: int, first: int | None
    ) -> bytes:
        files = await self._pictures.of(stickers)
        is_small = all(s is None or s.type == Kind.EMOJI for s in stickers)
        sizes = (_EMOJI_CELL,) if is_small else ()
        return await in_picture_thread(render_grid, files, per_row, first, *sizes)


def _line(pack: Pack, words: Texts) -> str:
    """A pack's title and count, and its link below once the pack has stickers."""
    mark = "● " if pack.is_current else ""
    count = len(pack.stickers)
    line = mark + words("packs-line", title=pack.title, count=count, kind=pack.kind.value)
    return f"{line}\n{pack_link(pack.name)}" if pack.stickers else line


def _described(pack: Pack, words: Texts) -> str:
    lines = [_line(pack, words)]
    if pack.kind is Kind.EMOJI:
        lines.append(words("packs-premium", allowed=MAX_EMOJI))
    if pack.stickers:
        lines.append(words("packs-hint", kind=pack.kind.value))
    return "\n\n".join(lines)


def _actions(user: User, pack: Pack, words: Texts) -> list[Row]:
    """The buttons for a pack as a whole."""
    rows = [
        [
            _button(words("retitle"), "title", user.id, pack.number),
            _button(words("delete-pack"), "delete", user.id, pack.number),
        ],
        [_button(words("back"), "list", user.id)],
    ]
    if not pack.is_current:
        rows.insert(0, [_button(words("choose-pack"), "choose", user.id, pack.number)])
    return rows


def _page_buttons(
    page: int, count: int, size: int, button: Callable[[str, int], InlineKeyboardButton]
) -> list[Row]:
    """A row with the buttons ◀ 1-12 and 25-30 ▶ for existing pages; no row if there is one page."""
    row = []
    if page > 0:
        row.append(button(f"◀ {_numbers(page - 1, count, size)}", page - 1))
    if (page + 1) * size < count:
        row.append(button(f"{_numbers(page + 1, count, size)} ▶", page + 1))
    return [row] if row else []


def _numbers(page: int, count: int, size: int) -> str:
    first, last = page * size + 1, min((page + 1) * size, count)
    return str(first) if first == last else f"{first}\N{EN DASH}{last}"


def _within(page: int, count: int, size: int) -> int:
    """The page, or the last page when there are fewer pages by now."""
    return min(page, max(0, count - 1) // size)


def _to_page(user_id: int, number: int, label: str, page: int) -> InlineKeyboardButton:
    return _button(label, "open", user_id, number, page)


def _to_list(user_id: int, label: str, page: int) -> InlineKeyboardButton:
    return _button(label, "list", user_id, 0, page)


def _button(
    label: str, action: str, user_id: int, number: int = 0, page: int = 0
) -> InlineKeyboardButton:
    return PackButton(action, user_id, number, page).button(label)
