"""Pictures that requests begin with: found in a message, downloaded, and kept small in Redis.

A photo, an image sent as a file, or a sticker that does not move; in the message itself, or in the
one that it answers.
"""

import asyncio
from collections import OrderedDict
from io import BytesIO

import redis
from telegram import Document, Message, PhotoSize, Sticker

from bot.pictures.downloads import FileGone, Files, TooLarge
from bot.requests.limits import Refusal
from bot.telegram.messages import answered_message
from bot.texts import Texts
from emojich_core.image_file import SIDE, BadImage, Problem, open_square
from worker.queue.image_prompts import keep_image, save_image

Picture = PhotoSize | Document | Sticker

HALF, QUARTER = 0.5, 0.25  # of a picture's rows: what stays of it
_QUALITY = 90  # of the small copy's WebP
_MAX_ALBUMS = 1000


class BadPicture(Refusal):
    """A picture that no request can begin with."""

    def __init__(self, problem: Problem):
        super().__init__(problem)
        self.problem = problem
        self.reason = f"picture-{problem}"

    def say(self, words: Texts) -> str:
        """The sentence for the user."""
        return words(f"picture-{self.problem}")


def picture_for(message: Message) -> Picture | None:
    """The picture that what a message asks for begins with; None for words alone.

    Raises BadPicture for what moves.
    """
    answered = answered_message(message, message.get_bot().id)
    return _picture_in(message) or (_picture_in(answered) if answered else None)


def _picture_in(message: Message) -> Picture | None:
    sticker, document = message.sticker, message.document
    moves = message.video or message.animation or message.video_note
    if moves or (sticker and (sticker.is_animated or sticker.is_video)):
        raise BadPicture(Problem.MOVING)
    if message.photo:
        return _large_enough(message.photo)
    if document and (document.mime_type or "").startswith("image/"):
        return document
    return sticker


def _large_enough(sizes: tuple[PhotoSize, ...]) -> PhotoSize:
    """The smallest size of a photo that need not be enlarged; else the largest."""

    def area(size: PhotoSize) -> int:
        return size.width * size.height

    enough = [size for size in sizes if max(size.width, size.height) >= SIDE]
    return min(enough, key=area) if enough else max(sizes, key=area)


class ImagePrompts:
    """Keeps pictures for requests."""

    def __init__(self, files: Files, connection: redis.Redis):
        self._files = files
        self._redis = connection
        self._gate = asyncio.Semaphore(1)  # a picture that is decoded may take some 200 MB

    async def keep(self, picture: Picture, image_id: str) -> None:
        """Download a picture and keep a small copy of it, unless one is kept already.

        Raises BadPicture and TelegramError.
        """
        if await self.is_kept(image_id):
            return
        try:
            file = await self._files.download(picture.file_id, picture.file_size or 0)
            async with self._gate:
                small = await asyncio.to_thread(_small, file)
        except TooLarge:
            raise BadPicture(Problem.TOO_LARGE) from None
        except FileGone:
            raise BadPicture(Problem.UNREADABLE) from None
        except BadImage as error:
            raise BadPicture(error.problem) from None
        await asyncio.to_thread(save_image, self._redis, image_id, small)

    async def is_kept(self, image_id: str) -> bool:
        """Whether a picture is kept; then it is for as long as a new request may need it."""
        return await asyncio.to_thread(keep_image, self._redis, image_id)


def _small(file: bytes) -> bytes:
    """A picture's file as a small square of WebP.  Raises BadImage."""
    copy = BytesIO()
    open_square(file).save(copy, "WEBP", quality=_QUALITY)
    return copy.getvalue()


class Albums:
    """Tells which pictures are the first of an album that the bot sees.

    Telegram brings an album as messages, of which often one has a caption.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[int, str] = OrderedDict()  # by user

    def is_first(self, user_id: int, message: Message) -> bool:
        """Whether a message is no later part of the user's last album."""
        album = message.media_group_id
        if album is None:
            return True
        is_first = self._last.pop(user_id, "") != album
        self._last[user_id] = album
        if len(self._last) > _MAX_ALBUMS:
            self._last.popitem(last=False)
        return is_first
