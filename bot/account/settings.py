"""/settings: number of candidates, boldness, white outline, longer drawing, style.

The settings are stored until /forget.

emojich:settings:<user id>  string  `Settings` as JSON
"""

import asyncio
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import redis.asyncio
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update

from bot.admin.redis_repair import delete, read
from bot.requests.styles import bundle_of, code_of, served_or_default
from bot.telegram.callbacks import ButtonPress, Callback, OldButton
from bot.telegram.context import Context
from bot.telegram.messages import Screen, reply, show
from bot.texts import Texts, shortened
from emojich_core.request import MAX_COUNT
from worker.queue.bundles import ServedBundle
from worker.queue.decoding import from_json
from worker.queue.requests import RequestQueue

# Factors of the temperature.  Much larger factors give noise, much smaller ones equal images.
BOLDNESS = {"calm": 0.75, "usual": 1.0, "bold": 1.25}
_STYLES_IN_ROW = 3


@dataclass(frozen=True)
class SettingButton(Callback):
    """Chooses the value of a setting."""

    kind = "set"
    setting: str
    owner: int
    value: str


@dataclass(frozen=True)
class Settings:
    """A user's settings."""

    count: int = 4
    boldness: str = "usual"
    outline: bool = False
    style: str = ""  # the name of a bundle; empty: the default
    longer: bool = False  # draw more candidates, where the bundle `draws_longer`

    def changed(self, setting: str, value: str) -> "Settings | None":
        """The settings with another value for `setting`; None when there is no such setting."""
        if setting == "count" and value.isdecimal() and 1 <= int(value) <= MAX_COUNT:
            return replace(self, count=int(value))
        if setting == "boldness" and value in BOLDNESS:
            return replace(self, boldness=value)
        if setting == "outline" and value in ("on", "off"):
            return replace(self, outline=value == "on")
        if setting == "longer" and value in ("on", "off"):
            return replace(self, longer=value == "on")
        return None


class SettingsStore:
    """The settings of all users, in Redis."""

    def __init__(self, connection: redis.asyncio.Redis):
        self._redis = connection

    async def load(self, user_id: int) -> Settings:
        """The settings of a user; the defaults until the user chooses others."""
        stored: Any = await self._redis.get(_key(user_id))
        return (stored and read(_key(user_id), stored, _decode)) or Settings()

    async def save(self, user_id: int, settings: Settings) -> None:
        """Store the settings of a user."""
        await self._redis.set(_key(user_id), json.dumps(asdict(settings)))

    async def forget(self, user_id: int) -> None:
        """Delete the settings of a user."""
        await delete(self._redis, _key(user_id))


class SettingsMenu:
    """Shows the settings, and changes them."""

    def __init__(self, store: SettingsStore, queue: RequestQueue):
        self._store = store
        self._queue = queue

    async def show(self, update: Update, context: Context) -> None:
        """Answer /settings."""
        user, message = update.effective_user, update.effective_message
        if user and message:
            settings = await self._store.load(user.id)
            served = await asyncio.to_thread(self._queue.served)
            await reply(message, _screen(settings, served, user.id, context.words))

    async def press(self, press: ButtonPress[SettingButton]) -> None:
        """Handle the press of a setting's button.  Raises OldButton for an unknown setting."""
        settings = await self._store.load(press.user.id)
        served = await asyncio.to_thread(self._queue.served)
        setting, value = press.button.setting, press.button.value
        if setting == "style":
            style = bundle_of((bundle.name for bundle in served), value)
            changed = None if style is None else replace(settings, style=style)
        else:
            changed = settings.changed(setting, value)
        if changed is None:
            raise OldButton
        await self._store.save(press.user.id, changed)
        await show(press.query, _screen(changed, served, press.user.id, press.words))


def _screen(settings: Settings, served: list[ServedBundle], user_id: int, words: Texts) -> Screen:
    """The screen of /settings.

    It offers styles if several bundles are served, and longer drawing if the engines of the chosen
    bundle have a judge and are fast enough.
    """

    def button(setting: str, value: str, label: str, chosen: bool) -> InlineKeyboardButton:
        return SettingButton(setting, user_id, value).button(f"● {label}" if chosen else label)

    counts = [
        button("count", str(count), str(count), settings.count == count)
        for count in range(1, MAX_COUNT + 1)
    ]
    bold = [
        button("boldness", name, words(f"boldness-{name}"), settings.boldness == name)
        for name in BOLDNESS
    ]
    outline = [
        button("outline", "on", words("outline-on"), settings.outline),
        button("outline", "off", words("outline-off"), not settings.outline),
    ]
    rows = [counts[:5], counts[5:], bold, outline]
    chosen = served_or_default(served, settings.style)
    if chosen and chosen.draws_longer:
        other = "off" if settings.longer else "on"
        rows.append([button("longer", other, words("longer"), settings.longer)])
    if len(served) < 2:
        return Screen(words("settings"), InlineKeyboardMarkup(rows))
    styles = [
        button("style", code_of(each.name), shortened(each.label(words.language)), each == chosen)
        for each in served
    ]
    rows += [
        styles[first : first + _STYLES_IN_ROW] for first in range(0, len(styles), _STYLES_IN_ROW)
    ]
    return Screen(words("settings-styles"), InlineKeyboardMarkup(rows))


def _decode(data: bytes) -> Settings:
    settings = from_json(Settings, data)
    if not (1 <= settings.count <= MAX_COUNT and settings.boldness in BOLDNESS):
        raise ValueError("there are no such settings")
    return settings


def _key(user_id: int) -> str:
    return f"emojich:settings:{user_id}"
