"""Checks a model artifact on this machine before it is uploaded."""

import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from stacks.setting_kinds import SettingError

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
        if path.stat().st_size > MAX_BYTES:
            raise _refusal(path, f"has more than {MAX_BYTES:,} bytes")
        # As a stream: with random access tarfile would take any compression.
        with tarfile.open(path, "r|gz") as archive:
            names = _plain_files(archive, lambda fault: _refusal(path, fault))
    except OSError as error:
        raise _refusal(path, f"can not be read ({error})") from None
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise _refusal(path, f"is no whole tar packed with gzip ({error})") from None
    for expected, pattern in EXPECTED.items():
        if not any(pattern.fullmatch(name) for name in names):
            raise _refusal(path, f"holds no {expected} outside of any folder")


def _plain_files(archive: tarfile.TarFile, refusal: Callable[[str], SettingError]) -> list[str]:
    names: list[str] = []
    size = 0
    for member in archive:
        name = str(PurePosixPath(member.name))
        if member.isdir() and name == ".":
            continue
        if not member.isreg():
            raise refusal(f"holds {name!r}, which is no plain file")
        names.append(name)
        size += member.size
        if size > MAX_BYTES or len(names) > MAX_FILES:
            raise refusal(f"unpacks to more than {MAX_BYTES:,} bytes or {MAX_FILES} files")
    return names


def _refusal(path: Path, fault: str) -> SettingError:
    return SettingError(
        f"Setting 'model_artifact' is \"{path}\", which {fault}: it must be the path of a model.tar.gz as "
        "training leaves it, or s3://BUCKET/KEY"
    )
