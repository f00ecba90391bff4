"""Image prompts: finds a user's picture, downloads it, and stores a small copy in Redis.

The picture is a photo, an image sent as a file, or a static sticker, in the message with the prompt
or in the message that it answers.
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

HALF, QUARTER = 0.5, 0.25  # share of a picture's rows that the stickers keep
_QUALITY = 90  # of the small copy's WebP
_MAX_ALBUMS = 1000


class BadPicture(Refusal):
    """A picture that cannot be an image prompt."""

    def __init__(self, problem: Problem):
        super().__init__(problem)
        self.problem = problem
        self.reason = f"picture-{problem}"

    def say(self, words: Texts) -> str:
        """The sentence for the user."""
        return words(f"picture-{self.problem}")


def picture_for(message: Message) -> Picture | None:
    """The picture of a message, or of the message that it answers; None if neither has one.

    Raises BadPicture for videos, animations and animated stickers.
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
    """Downloads and stores users' pictures."""

    def __init__(self, files: Files, connection: redis.Redis):
        self._files = files
        self._redis = connection
        self._decoding = asyncio.Semaphore(1)  # decoding one picture may take 200 MB

    async def keep(self, picture: Picture, image_id: str) -> None:
        """Download a picture and store a small copy of it, unless one is stored already.

        Raises BadPicture and TelegramError.
        """
        if await self.is_kept(image_id):
            return
        try:
            file = await self._files.download(picture.file_id, picture.file_size or 0)
            async with self._decoding:
                small = await asyncio.to_thread(_small, file)
        except TooLarge:
            raise BadPicture(Problem.TOO_LARGE) from None
        except FileGone:
            raise BadPicture(Problem.UNREADABLE) from None
        except BadImage as error:
            raise BadPicture(error.problem) from None
        await asyncio.to_thread(save_image, self._redis, image_id, small)

    async def is_kept(self, image_id: str) -> bool:
        """Whether a picture is stored; if so, store it for as long as a new request may wait."""
        return await asyncio.to_thread(keep_image, self._redis, image_id)


def _small(file: bytes) -> bytes:
    """A picture's file as a small square of WebP.  Raises BadImage."""
    copy = BytesIO()
    open_square(file).save(copy, "WEBP", quality=_QUALITY)
    return copy.getvalue()


class Albums:
    """Recognises the first message of an album.

    Telegram sends each picture of an album as a message, and often one of them has a caption.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[int, str] = OrderedDict()  # by user

    def is_first(self, user_id: int, message: Message) -> bool:
        """Whether a message is in no album, or in another one than the user's last message."""
        album = message.media_group_id
        if album is None:
            return True
        is_first = self._last.pop(user_id, "") != album
        self._last[user_id] = album
        if len(self._last) > _MAX_ALBUMS:
            self._last.popitem(last=False)
        return is_first
