"""Reads a .tar.gz of whatever origin as a stream: within bounds, to its end, and plain files alone."""

import gzip
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Self, cast

from isal import igzip
from isal.igzip_lib import IsalError

MAX_BYTES = 1 << 30
"""The most that an archive may unpack to: a ResNet-200 takes 260 MB, CIFAR-100 186 MB."""
MAX_FILES = 100
_MAX_EXTENDED_BYTES = 1 << 20
_EXTENDED_HEADERS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME)
_KINDS = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, *_EXTENDED_HEADERS)


class InvalidArchive(Exception):
    """The archive is refused; the text says in one line why."""


class DamagedArchive(InvalidArchive):
    """It is no .tar.gz file, or not a whole one."""


@contextmanager
def open_files(path: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Gives the path and the content of each file; the content is there until the next file is asked for.

    Links and devices are refused, and so is a name that leads out of a folder: nothing can be led elsewhere,
    whichever Python reads it. ``tarfile``'s own filters have let both through in some releases (CVE-2025-4517
    among others).

    Raises:
        InvalidArchive: At any read: it is damaged, too large when unpacked, or holds something else.
        OSError: It cannot be read.
    """
    try:
        with _BoundedGzip(path) as unpacked:
            with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Header) as members:
                yield _read_members(members)
            # gzip compares its checksum only when it comes to its end.
            while unpacked.read(1 << 16):
                pass
    except EOFError:
        raise DamagedArchive("it ends too early") from None
    # tarfile lets the last ones through for headers whose numbers, names or depth make no sense.
    except (
        *(tarfile.TarError, gzip.BadGzipFile, IsalError),  # type: ignore[misc] # Its stub makes it an instance.
        *(ValueError, LookupError, OverflowError, RecursionError),
    ) as error:
        text = " ".join(str(error).split())[:100] or type(error).__name__
        raise DamagedArchive(f"it is no whole .tar.gz file ({text})") from None


def unpack(path: Path, folder: Path, is_wanted: Callable[[str], bool] = lambda _name: True) -> None:
    """Writes an archive's files into an empty folder.

    Args:
        path: The archive.
        folder: Made if it is not there.
        is_wanted: Tells by its path in the archive whether a file may be there.

    Raises:
        InvalidArchive: See ``open_files``, or a file is not wanted, or is there twice.
        OSError: The archive cannot be read, or a file not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open_files(path) as files:
        for name, content in files:
            target = folder / name
            if not is_wanted(name):
                raise InvalidArchive(f"{ascii(name)[:100]} has no business in it")
            if target.exists() or any(parent.is_file() for parent in target.parents):
                raise InvalidArchive(f"{ascii(name)[:100]} is there twice")
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                shutil.copyfileobj(content, file)


def _read_members(members: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    files = 0
    for member in members:
        members.members.clear()  # type: ignore[attr-defined] # They would take 1 KB for each 512 bytes of the archive.
        # Again, because extended headers give members other names and sizes.
        _refuse_hostile(member)
        if member.isreg():
            files += 1
            if files > MAX_FILES:
                raise InvalidArchive(f"it holds more than {MAX_FILES} files")
            yield str(PurePosixPath(member.name)), cast(IO[bytes], members.extractfile(member))


class _Header(tarfile.TarInfo):
    """A member's header; ``tarfile`` reads what an extended one announces as soon as it has parsed this."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        _refuse_hostile(header)
        return header


def _refuse_hostile(header: tarfile.TarInfo) -> None:
    name, path = ascii(header.name)[:100], PurePosixPath(header.name)
    if path.is_absolute() or ".." in path.parts or "\0" in header.name:
        raise InvalidArchive(f"its member {name} points out of the archive or nowhere; it may be hostile")
    # A sparse file may be larger by far than the bytes that it takes in the archive.
    if header.type not in _KINDS or header.issparse():
        raise InvalidArchive(f"its member {name} is neither a plain file nor a folder")
    limit = _MAX_EXTENDED_BYTES if header.type in _EXTENDED_HEADERS else MAX_BYTES
    if not 0 <= header.size <= limit:
        raise InvalidArchive(f"its member {name} has {header.size} bytes, more than {limit >> 20} MiB")


class _BoundedGzip(igzip.IGzipFile):
    """A packed file that refuses to give too many bytes: gzip turns 1 MB into 1 GB.

    ISA-L unpacks in two thirds of zlib's time.
    """

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        if self.tell() > MAX_BYTES:
            raise InvalidArchive(f"it unpacks to more than {MAX_BYTES:,} bytes")
        return block
