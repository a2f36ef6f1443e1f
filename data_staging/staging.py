"""The steps of staging: find the archive, read it, choose from it, put the data set in its place."""

import os
from pathlib import Path

from data_staging import archive, deployment, folder
from data_staging.dataset import DataSet, Source
from data_staging.download import MD5, cache_folder, download, md5_of
from data_staging.errors import StagingError
from data_staging.selection import select


def find_archive(given: Path | None) -> Path:
    """Returns the path of the archive: the given one, SCONES_CIFAR100's, the cached one or a fresh download.

    Raises:
        StagingError: There is none.
    """
    variable = os.environ.get("SCONES_CIFAR100")
    if given is None and not variable:
        return download(cache_folder())
    path, origin = (given, "--archive") if given is not None else (Path(variable or ""), "SCONES_CIFAR100")
    if not path.is_file():
        raise StagingError(f"{path} ({origin}) is no file: give the path of a cifar-100-python.tar.gz")
    return path


def read_data_set(path: Path, classes: list[str], validation_fraction: float) -> DataSet:
    """Reads an archive and chooses the wanted classes from it.

    Raises:
        StagingError: The archive cannot be used, or a class cannot be had from it.
        OSError: The archive cannot be read.
    """
    content = archive.read(path)
    md5 = md5_of(path)
    source = Source("generated" if content.generated else "cifar-100", path.name, md5, md5 == MD5)
    return DataSet(classes, select(content, classes, validation_fraction), source)


def stage(data_set: DataSet, name: str, bucket_name: str | None, out: Path | None) -> str:
    """Writes a data set to a folder, or uploads it for a deployment.

    Returns:
        A sentence that says what was done.

    Raises:
        StagingError: It cannot be.
    """
    if out is None:
        place, changed = deployment.stage_to_s3(data_set, name, bucket_name)
    else:
        changed = folder.write(data_set, out)
        place = str(out / "datasets" / data_set.id)
    counts = ", ".join(f"{len(pictures)} {split}" for split, pictures in data_set.splits.items())
    kind = " GENERATED" if data_set.source.kind == "generated" else ""
    return (
        f"{'Staged' if changed else 'Up to date'}: {place} ({counts}{kind} pictures of "
        f"{', '.join(data_set.classes)})"
    )
