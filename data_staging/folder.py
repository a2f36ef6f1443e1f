"""Writes a data set under a folder of this machine, with the keys that it would have in S3."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from data_staging.dataset import DataSet, describe
from data_staging.errors import StagingError
from data_staging.progress import Progress
from lambdas.workflow import places

UNFINISHED = ".unfinished-"


def write(data_set: DataSet, out: Path) -> bool:
    """Writes ``datasets/{id}/…`` under a folder: the whole of it appears at once, or nothing.

    Returns:
        Whether it had to be written; False if it was there already.

    Raises:
        StagingError: It cannot be written, or its folder is there without a manifest.
    """
    target = out / places.data_set_key(data_set.id)
    try:
        return not _is_whole(target) and _write(data_set, target)
    except OSError as error:
        raise StagingError(f"{target} cannot be written: {error.strerror}") from None


def _is_whole(target: Path) -> bool:
    return (target / "manifest.json").exists()


def _write(data_set: DataSet, target: Path) -> bool:
    if target.exists():
        raise StagingError(f"{target} has no manifest.json, so it is not whole: remove it and run again")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _make_unfinished(target.parent) as unfinished:
        try:
            _fill(unfinished, data_set)
            unfinished.chmod(0o755)
            # The name must not reach the disk before the content does, should the power fail.
            os.sync()
            unfinished.rename(target)
        except OSError:
            # Another run may have been faster: the same id is the same content.
            if _is_whole(target):
                return False
            raise
    return True


@contextmanager
def _make_unfinished(place: Path) -> Iterator[Path]:
    """Gives a folder that is gone afterwards unless it was renamed; takes away what killed runs have left.

    A run holds a lock on its folder, and one on the place until it does: no other run sees a folder without.
    """
    with ExitStack() as held:
        with _hold(place):
            for left in place.glob(f"{UNFINISHED}*"):
                with suppress(OSError), _hold(left, fcntl.LOCK_NB):
                    shutil.rmtree(left, ignore_errors=True)
            unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=place))
            held.callback(shutil.rmtree, unfinished, ignore_errors=True)
            held.enter_context(_hold(unfinished))
        yield unfinished


@contextmanager
def _hold(folder: Path, options: int = 0) -> Iterator[None]:
    """Holds a folder's lock, which ends with the process; BlockingIOError where LOCK_NB asks for it."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | options)
        yield
    finally:
        os.close(opened)


def _fill(folder: Path, data_set: DataSet) -> None:
    for split in data_set.splits:
        for name in data_set.classes:
            (folder / split / name).mkdir(parents=True)
    files = {}
    with Progress("Writing", len(data_set.pictures), "pictures") as progress:
        for path, picture in data_set.pictures.items():
            content = picture.encode()
            (folder / path).write_bytes(content)
            files[path] = describe(picture, content)
            progress.advance()
    for path, content in data_set.encode_lists().items():
        (folder / path).write_bytes(content)
    (folder / "manifest.json").write_bytes(data_set.encode_manifest(files))
