"""Uploads, stored by content: a bot that sends the same bytes twice sends the same file.

Files that no message or set shows any more are deleted, but for the newest: a bot may be about
to use those.

A ``file_unique_id`` is a digest of the bytes; uploadStickerFile makes another file of each upload,
as Telegram does. A ``file_id`` is the kind of file, the ``file_unique_id`` and, for a sticker in a
set, the set: so deleteStickerFromSet can tell the same picture in two sets apart.
"""

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox import images
from bot.sandbox.errors import BadRequest

STICKER = "CAAC"
PHOTO = "AgAC"
DOCUMENT = "BQAC"
KINDS = {STICKER: "Sticker", PHOTO: "Photo", DOCUMENT: "Document"}
FOLDERS = {STICKER: "stickers", PHOTO: "photos", DOCUMENT: "documents"}
EXTENSIONS = {"WEBP": ".webp", "PNG": ".png", "JPEG": ".jpg"}
#: Not left to the system's table of types, which may lack WebP.
CONTENT_TYPES = {".webp": "image/webp", ".png": "image/png", ".jpg": "image/jpeg"}
NO_IMAGE = images.ImageInfo("", 0, 0, animated=False)
UNIQUE_ID_LENGTH = 20
UNIQUE_ID = re.compile(rf"AQAD[\w-]{{{UNIQUE_ID_LENGTH - 4}}}", re.A)
#: The number of newest files that stay; after as many new ones, unneeded files are deleted.
SPARE = 500
FILE_ID = re.compile(rf"({'|'.join(KINDS)})([\w-]{{{UNIQUE_ID_LENGTH}}})([\w-]*)", re.A)


@dataclass(frozen=True)
class StoredFile:
    """One file; ``path`` is both its ``file_path`` and its place on disk."""

    unique_id: str
    path: str
    size: int
    width: int
    height: int

    def file_id(self, kind: str, set_name: str = "") -> str:
        """The identifier by which a bot reuses the file, alone or as a sticker of a set."""
        return kind + self.unique_id + (_digest(set_name.lower().encode())[:8] if set_name else "")


class FileStore:
    """The files of one sandbox, in one folder; the index of them lives in the state."""

    def __init__(
        self,
        folder: Path,
        index: dict[str, StoredFile],
        needed: Callable[[set[str]], set[str]],
    ) -> None:
        """``needed`` adds the ids of the files that are shown to those of the newest."""
        self._folder = folder
        self._index = index
        self._needed = needed
        self._room = 0  # number of files that can be added before unneeded files are deleted

    def put(self, data: bytes, kind: str, *, anew: bool = False) -> StoredFile:
        """Store an image that has passed its checks, or any file as a document.

        With ``anew`` the file gets a new ``file_unique_id``, even if its bytes are stored already.
        """
        salt = secrets.token_bytes(8) if anew else b""
        unique_id = "AQAD" + _digest(data + salt)[: UNIQUE_ID_LENGTH - 4]
        stored = self._index.pop(unique_id, None)
        if stored is None:
            info = images.inspect(data) or NO_IMAGE
            assert info.format or kind == DOCUMENT, "only checked images come here"
            path = f"{FOLDERS[kind]}/{unique_id}{EXTENSIONS.get(info.format, '.bin')}"
            self._make_room()
            write_atomically(self._folder / path, data)
            stored = StoredFile(unique_id, path, len(data), info.width, info.height)
        self._index[unique_id] = stored  # as the newest
        return stored

    def _make_room(self) -> None:
        self._room -= 1
        if self._room < 0:
            self._room = SPARE
            needed = self._needed({*list(self._index)[-SPARE:]})
            for unique_id in self._index.keys() - needed:
                (self._folder / self._index.pop(unique_id).path).unlink(missing_ok=True)

    def find(self, file_id: str, kind: str | None = None) -> StoredFile:
        """The file behind a ``file_id``; with ``kind``, only if it can be used as that."""
        match = FILE_ID.fullmatch(file_id)
        stored = self._index.get(match[2]) if match else None
        if match is None or stored is None:
            raise BadRequest("wrong file_id or the file is temporarily unavailable")
        if kind is not None and match[1] != kind:
            raise BadRequest(f"can't use file of type {KINDS[match[1]]} as {KINDS[kind]}")
        return stored

    def get(self, unique_id: str) -> StoredFile:
        """The file with this ``file_unique_id``; it must be there."""
        return self._index[unique_id]

    def read(self, stored: StoredFile) -> bytes:
        """The bytes of a file."""
        return (self._folder / stored.path).read_bytes()

    def locate(self, *, path: str = "", unique_id: str = "") -> Path | None:
        """The path of a file, by its ``file_path`` or its ``file_unique_id``; never outside."""
        # The caller's text only selects from the index: it never becomes part of a path.
        for stored in self._index.values():
            if path == stored.path or unique_id == stored.unique_id:
                return self._folder / stored.path
        return None


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader of ``path`` never sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    os.replace(new, path)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()
