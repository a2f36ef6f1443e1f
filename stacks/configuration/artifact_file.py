"""Checks a model artifact on this machine before it is uploaded."""

import gzip
import re
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from stacks.configuration.settings import SettingError

# The largest network of the algorithm, ResNet-200, has 260 MB of weights.
MAX_BYTES = 1_000_000_000
MAX_FILES = 100
# What AWS's algorithm leaves in an artifact.
EXPECTED = ("image-classification-NNNN.params", "image-classification-symbol.json", "model-shapes.json")


def check_artifact(path: Path) -> None:
    """Makes sure that a file is a model artifact: a tar, packed with gzip, with the three files at its root.

    Nothing is unpacked, and what the files hold is for the container to judge.

    Raises:
        SettingError: It is none; the message is one line for the user.
    """
    try:
        _check_content(path)
    except _InvalidArtifact as fault:
        raise SettingError(
            f"Setting 'model_artifact' is \"{path}\", which {fault}: it must be the path of a model.tar.gz "
            "as training leaves it, or s3://BUCKET/KEY"
        ) from None


class _InvalidArtifact(Exception):
    """The text says what is wrong with an artifact, to follow "which"."""


class _BoundedGzip(gzip.GzipFile):
    """A gzip file that gives no more than ``MAX_BYTES``, however small it is packed."""

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        if self.tell() > MAX_BYTES:
            raise _InvalidArtifact(f"unpacks to more than {MAX_BYTES:,} bytes")
        return block


def _check_content(path: Path) -> None:
    if not path.is_file():
        raise _InvalidArtifact("is no file")
    try:
        with _BoundedGzip(path) as unpacked:
            names = _list_files(unpacked)
            # The checksum stands at the end.
            while unpacked.read(65_536):
                pass
    except (gzip.BadGzipFile, tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise _InvalidArtifact(f"is no whole tar packed with gzip ({error})") from None
    except OSError as error:
        raise _InvalidArtifact(f"cannot be read ({error.strerror})") from None
    found = {re.sub(r"-[0-9]{4}\.params$", "-NNNN.params", name) for name in names}
    for expected in EXPECTED:
        if expected not in found:
            raise _InvalidArtifact(f"holds no {expected} outside of any folder")


def _list_files(unpacked: _BoundedGzip) -> list[str]:
    names = []
    # As a stream, no more of the tar is held than a header.
    with tarfile.open(fileobj=unpacked, mode="r|") as archive:
        for member in archive:
            name = str(PurePosixPath(member.name))
            if member.isdir() and name == ".":
                continue
            if not member.isreg():
                raise _InvalidArtifact(f"holds {name!r}, which is no plain file")
            names.append(name)
            if len(names) > MAX_FILES:
                raise _InvalidArtifact(f"holds more than {MAX_FILES} files")
    return names
