"""Downloads one file from the Hugging Face Hub, and continues a killed download.

huggingface_hub's own cache does not continue a killed download, because it writes each to a new
file.  So this module uses its parts, which know HF_ENDPOINT and HF_TOKEN, show the progress and
retry over a poor connection.  Downloads lie under HF_HOME.
"""

import fcntl
import hashlib
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeGuard

from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import HfFileMetadata, http_get
from huggingface_hub.utils import build_hf_headers

from emojich_core.bundles.bundle import BundleError
from emojich_core.bundles.published import Source

NOT_THERE = (RepositoryNotFoundError, EntryNotFoundError, RevisionNotFoundError)
BUSY = (408, 429, 500, 502, 503, 504)
WAITS = (1, 4, 16)  # seconds before a busy hub is asked again
MAX_WAIT = 300  # seconds, if it asks for more


@dataclass(frozen=True)
class Download:
    """A file that was fetched, and its exact origin."""

    path: Path
    origin: str  # repo@commit/file


def downloads_folder() -> Path:
    """The folder of downloaded files that are not in a bundle yet."""
    return Path(constants.HF_HOME) / "emojich"


@contextmanager
def download(source: Source) -> Iterator[Download]:
    """Fetch a file, continuing a killed download, and check it.

    The file is removed at the end of the block, unless another process uses it, or the block fails.
    Raises BundleError when the file cannot be fetched, or differs from that of the hub.
    """
    done, origin, lock = _obtained(source)
    with lock:
        yield Download(done, origin)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        done.unlink(missing_ok=True)


def _obtained(source: Source) -> tuple[Path, str, BinaryIO]:
    """The file, its origin, and the lock that keeps it there."""
    waits = iter(WAITS)
    while True:
        try:
            return _download(source)
        except BundleError:
            raise
        # Versions of huggingface_hub use other HTTP libraries, which raise other errors.
        except Exception as error:
            if isinstance(error, NOT_THERE) and source.second:
                source = replace(source, repo=source.second, second=None)
            elif _is_busy(error) and (wait := next(waits, None)):
                time.sleep(max(wait, _asked_to_wait(error)))
            else:
                raise BundleError(_explained(source, error)) from error


def _is_busy(error: Exception) -> TypeGuard[HfHubHTTPError]:
    return isinstance(error, HfHubHTTPError) and error.response.status_code in BUSY


def _asked_to_wait(error: HfHubHTTPError) -> int:
    """Seconds of the answer's Retry-After, within reason."""
    asked = error.response.headers.get("Retry-After", "")
    return min(int(asked), MAX_WAIT) if re.fullmatch(r"\d{1,9}", asked) else 0


def _download(source: Source) -> tuple[Path, str, BinaryIO]:
    branch = hf_hub_url(source.repo, source.file, revision=source.revision)
    metadata = get_hf_file_metadata(branch)
    # A large file's ETag is its SHA-256, a small file's is git's id.
    etag = metadata.etag or ""
    if not metadata.commit_hash or not re.fullmatch("[0-9a-f]{40}([0-9a-f]{24})?", etag):
        message = f"{branch} is not served by a hub: check HF_ENDPOINT, or a proxy on the way."
        raise BundleError(message)
    # Named by its content, so that a file that has changed on the hub is another download.
    done = downloads_folder() / etag
    # From the commit that was just looked up, because the branch may move meanwhile.
    url = hf_hub_url(source.repo, source.file, revision=metadata.commit_hash)
    lock = _locked(url, metadata, done, source)
    return done, f"{source.repo}@{metadata.commit_hash}/{source.file}", lock


def _locked(url: str, metadata: HfFileMetadata, done: Path, source: Source) -> BinaryIO:
    """Fetch a file unless it is there; returns its lock, shared with other processes that use it.

    Only a process that has the lock for itself fetches or removes the file.
    """
    locks = done.parent / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = (locks / done.name).open("wb")
    try:
        while True:  # flock may release a lock to make it a shared one: check again
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"Another process fetches {source.file}: waiting for it …", file=sys.stderr)
                fcntl.flock(lock, fcntl.LOCK_SH)
            if _is_whole(done):
                return lock
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_whole(done):
                _fetch(url, metadata, done, source)
    except BaseException:
        lock.close()
        raise


def _fetch(url: str, metadata: HfFileMetadata, done: Path, source: Source) -> None:
    partial = done.with_name(f"{done.name}.partial")
    if metadata.size is not None and partial.exists() and partial.stat().st_size > metadata.size:
        partial.unlink()
    while True:
        with partial.open("ab") as file:
            begun = file.tell()
            http_get(
                url,
                file,
                resume_size=begun,
                headers={**build_hf_headers(), "Accept-Encoding": "identity"},
                expected_size=metadata.size,
                displayed_filename=f"{source.repo}/{source.file}",
            )
        if _matches(partial, done.name):
            partial.replace(done)
            return
        partial.unlink()
        if not begun:  # else the damage may be in the part from an earlier download
            message = f"{source.repo}/{source.file} arrived damaged (wrong check sum)"
            raise BundleError(f"{message}: run the command again.")


def _is_whole(done: Path) -> bool:
    return done.is_file() and _matches(done, done.name)


def _matches(file: Path, etag: str) -> bool:
    """Whether a file is that of its ETag: a large file's SHA-256, a small file's git id."""
    digest = hashlib.sha256() if len(etag) == 64 else hashlib.sha1()
    if len(etag) == 40:
        digest.update(b"blob %d\0" % file.stat().st_size)
    with file.open("rb") as opened:
        while chunk := opened.read(2**22):
            digest.update(chunk)
    return digest.hexdigest() == etag


def _explained(source: Source, error: Exception) -> str:
    """One sentence: the error, and how to fix it."""
    what = f"{source.repo}/{source.file}"
    reason = str(error).strip().partition("\n")[0]
    if isinstance(error, GatedRepoError):
        return f"{what} is only for those whom its owners let in: ask them, then set HF_TOKEN."
    if isinstance(error, NOT_THERE):
        return (
            f"{what} is not on {constants.ENDPOINT}: name a copy in EMOJICH_REPOS, or set HF_TOKEN."
        )
    if isinstance(error, OSError) and error.errno:  # of the disk: network errors have no errno
        return f"{what} cannot be written ({reason}): make room for it, or set HF_HOME."
    return (
        f"{what} could not be fetched from {constants.ENDPOINT} ({reason}): "
        "check the network and HF_ENDPOINT, then run the command again to go on."
    )
