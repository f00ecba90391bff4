"""Buttons outlive deployments: each dataclass writes and reads the formats that chats hold."""

import pytest

from bot.account.forget import ForgetButton, ForgetChoice
from bot.account.history import HistoryButton
from bot.account.settings import SettingButton
from bot.admin.reports import Verdict, VerdictButton
from bot.packs.screens import PackButton, StickerButton
from bot.packs.sticker_menu import SentStickerButton
from bot.requests.view import (
    CandidateAction,
    CandidateButton,
    ExampleButton,
    PromptButton,
    ReportButton,
    RequestAction,
    RequestButton,
    StyleButton,
)
from bot.telegram.callbacks import Callback

UNIQUE_ID = "AgADqAEAAr-_x"  # a file_unique_id
FORMATS: dict[str, Callback] = {
    "1:add:7_12:0": CandidateButton(CandidateAction.ADD, "7_12", 0),
    "1:like:7_u3_2_try2:8": CandidateButton(CandidateAction.LIKE, "7_u3_2_try2", 8),
    "1:choose:7_12": RequestButton(RequestAction.CHOOSE, "7_12"),
    "1:back:7_12": RequestButton(RequestAction.BACK, "7_12"),
    "1:more:7_12": RequestButton(RequestAction.MORE, "7_12"),
    "1:edit:7_12": RequestButton(RequestAction.EDIT, "7_12"),
    "1:cancel:7_12": RequestButton(RequestAction.CANCEL, "7_12"),
    "1:again:7_12": RequestButton(RequestAction.AGAIN, "7_12"),
    "1:styles:7_12": RequestButton(RequestAction.STYLES, "7_12"),
    "1:style:7_12:1a2b3c4d": StyleButton("7_12", "1a2b3c4d"),
    "1:report:7_12": ReportButton("7_12"),
    "1:verdict:ban:7_12": VerdictButton(Verdict.BAN, "7_12"),
    "1:example:2": ExampleButton(2),
    "1:draw:6u7y": PromptButton("6u7y"),
    "1:set:count:7:4": SettingButton("count", 7, "4"),
    "1:set:boldness:7:calm": SettingButton("boldness", 7, "calm"),
    "1:set:outline:7:off": SettingButton("outline", 7, "off"),
    "1:set:style:7:1a2b3c4d": SettingButton("style", 7, "1a2b3c4d"),
    "1:past:7:7_12": HistoryButton(7, "7_12"),
    "1:forget:keep:7": ForgetButton(ForgetChoice.KEEP, 7),
    "1:forget:all:7": ForgetButton(ForgetChoice.ALL, 7),
    "1:forget:no:7": ForgetButton(ForgetChoice.NO, 7),
    "1:pack:new:7:0": PackButton("new", 7, 0),
    "1:pack:list:7:0:2": PackButton("list", 7, 0, 2),
    "1:pack:open:7:3": PackButton("open", 7, 3),
    "1:pack:open:7:3:12": PackButton("open", 7, 3, 12),
    f"1:one:open:7:3:{UNIQUE_ID}": StickerButton("open", 7, 3, UNIQUE_ID),
    f"1:sticker:delete:7:3:{UNIQUE_ID}": SentStickerButton("delete", 7, 3, UNIQUE_ID),
}
KINDS = {type(button) for button in FORMATS.values()}


def test_every_callback_class_has_a_recorded_format() -> None:
    ours = {kind for kind in Callback.__subclasses__() if ".telegram." not in kind.__module__}
    assert ours == KINDS


@pytest.mark.parametrize("data", FORMATS)
def test_every_recorded_callback_format_still_parses(data: str) -> None:
    assert FORMATS[data].pack() == data
    parsed = [button for kind in KINDS if (button := kind.parse(data)) is not None]
    assert parsed == [FORMATS[data]]  # no other kind takes it


@pytest.mark.parametrize(
    "data",
    [
        "",
        None,
        "0:pack:open:7:3",  # another version
        "1:pack:open:7",
        "1:pack:open:7:3:1:1",
        "1:pack:open:x:3",
        "1:forget:some:7",
        "1:draw:!",
        "1:example:3",
        "1:add:7_12:9",
        f"1:set:count:7:{'4' * 64}",  # longer than callback data can be
    ],
)
def test_unknown_callback_data_parses_to_none(data: str | None) -> None:
    assert not [kind for kind in KINDS if kind.parse(data)]
