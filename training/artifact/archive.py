"""Unpacks a model.tar.gz of the built-in: only the files of a model, within bounds, and no links."""

import gzip
import re
import shutil
import tarfile
import zlib
from pathlib import Path

from training.contract import MODEL_NAME

ARTIFACT_FILE = re.compile(rf"{MODEL_NAME}-[0-9]{{4}}\.params|{MODEL_NAME}-symbol\.json|model-shapes\.json")
# A ResNet-200 takes 260 MB.
MAX_BYTES = 1 << 30


class InvalidArchive(Exception):
    """The archive cannot be unpacked; the text says in one line why."""


def unpack(archive: Path, folder: Path) -> None:
    """Writes the archive's files into an empty folder.

    Raises:
        InvalidArchive: It is damaged, too large when unpacked, or holds something else.
    """
    try:
        with _BoundedGzip(archive) as unpacked:
            with tarfile.open(fileobj=unpacked, mode="r|") as members:
                for member in members:
                    _write(members, member, folder)
            # To its end, where gzip's checksum is.
            while unpacked.read(1 << 16):
                pass
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise InvalidArchive(f"it is no whole tar.gz file ({error})") from None


def _write(members: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    name = member.name.removeprefix("./")
    if member.isdir() and name == ".":
        return
    # A sparse file may be larger by far than the bytes that it takes.
    plain = member.isreg() and not member.issparse()
    if not plain or not ARTIFACT_FILE.fullmatch(name) or (folder / name).exists():
        raise InvalidArchive(f"{name[:100]!r} is no file of a model, or is there twice")
    if content := members.extractfile(member):
        with content, (folder / name).open("xb") as target:
            shutil.copyfileobj(content, target)


class _BoundedGzip(gzip.GzipFile):
    """A packed file that refuses to give too many bytes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._left = MAX_BYTES

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        self._left -= len(block)
        if self._left < 0:
            raise InvalidArchive(f"it unpacks to more than {MAX_BYTES} bytes")
        return block
