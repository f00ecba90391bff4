"""One file of the hub, fetched so that a kill costs nothing.

huggingface_hub has its own cache, but since it writes every download to a file of its own it no
longer takes up one that was killed.  So its parts are used: they know HF_ENDPOINT and HF_TOKEN,
show the progress, try again while the connection is poor.  What is fetched lies under HF_HOME.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import HfFileMetadata, http_get
from huggingface_hub.utils import build_hf_headers

from emojich_core.bundles import BundleError
from emojich_core.published import Source


@dataclass(frozen=True)
class Download:
    """A file that was fetched, and where exactly it came from."""

    path: Path
    origin: str  # repo@commit/file


def downloads_folder() -> Path:
    """Where files lie until they are in a bundle."""
    return Path(constants.HF_HOME) / "emojich"


def download(source: Source) -> Download:
    """Fetch a file, going on where a killed download ended, and check it.

    Raises BundleError when it cannot be had, or what arrived is not what the hub has.
    """
    try:
        return _download(source)
    except BundleError:
        raise
    # The libraries under huggingface_hub, and with them the errors, change with its versions.
    except Exception as error:
        raise BundleError(_explained(source, error)) from error


def _download(source: Source) -> Download:
    branch = hf_hub_url(source.repo, source.file, revision=source.revision)
    metadata = get_hf_file_metadata(branch)
    if not metadata.commit_hash or not metadata.etag:
        message = f"{branch} is not served by a hub: check HF_ENDPOINT, or a proxy on the way."
        raise BundleError(message)
    origin = f"{source.repo}@{metadata.commit_hash}/{source.file}"
    # Named by its content: a file that has changed on the hub is another download.
    done = downloads_folder() / metadata.etag
    if not done.exists():
        # From the commit that was just looked up, whatever happens to the branch meanwhile.
        url = hf_hub_url(source.repo, source.file, revision=metadata.commit_hash)
        _fetch(url, metadata, done, source)
    return Download(done, origin)


def _fetch(url: str, metadata: HfFileMetadata, done: Path, source: Source) -> None:
    done.parent.mkdir(parents=True, exist_ok=True)
    partial = done.with_name(f"{done.name}.partial")
    with partial.open("ab") as file:
        http_get(
            url,
            file,
            resume_size=file.tell(),
            headers={**build_hf_headers(), "Accept-Encoding": "identity"},
            expected_size=metadata.size,
            displayed_filename=f"{source.repo}/{source.file}",
        )
    if not _matches(partial, done.name):
        partial.unlink()
        message = f"{source.repo}/{source.file} arrived damaged (wrong check sum)"
        raise BundleError(f"{message}: run the command again.")
    partial.rename(done)


def _matches(file: Path, etag: str) -> bool:
    """Whether a file is what its ETag says: of large files the SHA-256, of small ones git's id."""
    digest = hashlib.sha256() if len(etag) == 64 else hashlib.sha1()
    if len(etag) == 40:
        digest.update(b"blob %d\0" % file.stat().st_size)
    with file.open("rb") as opened:
        while chunk := opened.read(2**22):
            digest.update(chunk)
    return digest.hexdigest() == etag


def _explained(source: Source, error: Exception) -> str:
    """One sentence of what went wrong, with the cure."""
    what = f"{source.repo}/{source.file}"
    reason = str(error).strip().partition("\n")[0]
    if isinstance(error, GatedRepoError):
        return f"{what} is only for those whom its owners let in: ask them, then set HF_TOKEN."
    if isinstance(error, RepositoryNotFoundError | EntryNotFoundError | RevisionNotFoundError):
        return (
            f"{what} is not on {constants.ENDPOINT}: name a copy in EMOJICH_REPOS, or set HF_TOKEN."
        )
    if isinstance(error, OSError) and error.errno:  # of the disk: the network's have none
        return f"{what} cannot be written ({reason}): make room for it, or set HF_HOME."
    return (
        f"{what} could not be fetched from {constants.ENDPOINT} ({reason}): "
        "check the network and HF_ENDPOINT, then run the command again to go on."
    )
