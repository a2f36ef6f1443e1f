"""Brings CIFAR-100's archive into a cache of this machine, once: resumed, retried, checked."""

import fcntl
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

from data_staging.errors import StagingError
from data_staging.progress import Progress

# https://www.cs.toronto.edu/~kriz/cifar.html gives both.
URL = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
MD5 = "eb9058c3a382ffc7106e4002c42a8d85"

CHUNK = 1 << 18
TIMEOUT_S = 5.0
# Between attempts that bring nothing new. They are few: whoever has no network wants to know it soon.
PAUSES_S = (1.0, 2.0)


class _Interrupted(Exception):
    """The server or the network failed in a way that may pass."""


def find_cache_folder() -> Path:
    """Returns the folder that keeps the archive, by the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "scones-unlimited"


def compute_md5(path: Path) -> str:
    """Returns a file's MD5, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def download(folder: Path, url: str = URL, md5: str = MD5) -> Path:
    """Returns the path of the archive in a folder, and downloads it if it is not there.

    A stopped download goes on where it ended. Runs at the same time wait for the one that began.

    Raises:
        StagingError: It cannot be downloaded or kept, or what came has another MD5 (and was deleted).
    """
    archive = folder / Path(url).name
    if archive.exists():
        return archive
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{archive.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not archive.exists():
                _download_alone(url, md5, archive)
    except OSError as error:
        raise StagingError(f"the download cannot be kept in {folder}: {error.strerror}") from None
    return archive


def _download_alone(url: str, md5: str, archive: Path) -> None:
    part = archive.with_name(f"{archive.name}.part")
    _receive(url, part)
    found = compute_md5(part)
    if found != md5:
        part.unlink()
        raise StagingError(f"the download of {url} has the MD5 {found}, not {md5}: it was deleted, run again")
    part.replace(archive)


def _receive(url: str, part: Path) -> None:
    pauses = iter(PAUSES_S)
    while True:
        before = _measure(part)
        try:
            return _receive_rest(url, part)
        except _Interrupted as error:
            if _measure(part) > before:
                pauses = iter(PAUSES_S)
            pause = next(pauses, None)
            if pause is None:
                raise StagingError(
                    f"{url} cannot be downloaded ({error}): check the network and run again, "
                    "or give a copy of the archive with --archive PATH or SCONES_CIFAR100"
                ) from None
            time.sleep(pause)


def _receive_rest(url: str, part: Path) -> None:
    have = _measure(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 (this file's own URL)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # the part is as long as the archive, or longer: the checksum will tell
        if error.code < 500 and error.code != http.HTTPStatus.TOO_MANY_REQUESTS:
            raise StagingError(
                f"{url} answers {error.code} {error.reason}: give a copy of the archive with --archive PATH"
            ) from None
        raise _Interrupted(f"{error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(getattr(error, "reason", error)) from None
    resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
    start = have if resumed else 0
    length = response.headers.get("Content-Length")
    total = start + int(length) if length else None
    with (
        response,
        part.open("ab" if resumed else "wb") as file,
        Progress("Downloading CIFAR-100", total, "B", start) as progress,
    ):
        while chunk := _read_chunk(response):
            file.write(chunk)
            progress.advance(len(chunk))
    if total is not None and _measure(part) < total:
        raise _Interrupted(f"the connection ended after {_measure(part)} of {total} bytes")


def _read_chunk(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(error) from None


def _measure(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
