"""Checks a model artifact on this machine before it is uploaded."""

import gzip
import re
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from stacks.configuration.setting_kinds import SettingError

# The largest network of the algorithm, ResNet-200, has 260 MB of weights.
MAX_BYTES = 1_000_000_000
MAX_FILES = 100
# What AWS's algorithm leaves in an artifact.
EXPECTED = {
    name: re.compile(pattern)
    for name, pattern in (
        ("image-classification-NNNN.params", r"image-classification-\d{4}\.params"),
        ("image-classification-symbol.json", r"image-classification-symbol\.json"),
        ("model-shapes.json", r"model-shapes\.json"),
    )
}


def check_artifact(path: Path) -> None:
    """Makes sure that a file is a model artifact: a tar, packed with gzip, with the three files at its root.

    Nothing is unpacked, and what the files hold is for the container to judge.

    Raises:
        SettingError: It is none; the message is one line for the user.
    """
    if not path.is_file():
        raise _refusal(path, "is no file")
    try:
        with _BoundedGzip(path) as unpacked:
            names = _plain_files(unpacked)
    except _Fault as fault:
        raise _refusal(path, str(fault)) from None
    except (gzip.BadGzipFile, tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise _refusal(path, f"is no whole tar packed with gzip ({error})") from None
    except OSError as error:
        raise _refusal(path, f"can not be read ({error.strerror})") from None
    for expected, pattern in EXPECTED.items():
        if not any(pattern.fullmatch(name) for name in names):
            raise _refusal(path, f"holds no {expected} outside of any folder")


class _Fault(Exception):
    """What is wrong with an artifact, to follow "which"."""


class _BoundedGzip(gzip.GzipFile):
    """A packed file that ends in a fault before it has given too many bytes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._left = MAX_BYTES

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        self._left -= len(block)
        if self._left < 0:
            raise _Fault(f"unpacks to more than {MAX_BYTES:,} bytes")
        return block


def _plain_files(unpacked: _BoundedGzip) -> list[str]:
    names = []
    # As a stream: nothing is sought, and no more is held than a header.
    with tarfile.open(fileobj=unpacked, mode="r|") as archive:
        for member in archive:
            name = str(PurePosixPath(member.name))
            if member.isdir() and name == ".":
                continue
            if not member.isreg():
                raise _Fault(f"holds {name!r}, which is no plain file")
            names.append(name)
            if len(names) > MAX_FILES:
                raise _Fault(f"holds more than {MAX_FILES} files")
    # To its end, where gzip's checksum is.
    while unpacked.read(65_536):
        pass
    return names


def _refusal(path: Path, fault: str) -> SettingError:
    return SettingError(
        f"Setting 'model_artifact' is \"{path}\", which {fault}: it must be the path of a model.tar.gz as "
        "training leaves it, or s3://BUCKET/KEY"
    )
