"""The steps of staging: find the pictures, read them, choose from them, put the data set in its place."""

import os
import sys
from collections.abc import Mapping, Sized
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from data_staging import deployment, folder, own_pictures
from data_staging.cifar100 import archive
from data_staging.cifar100.download import MD5, URL, compute_md5, download, find_cache_folder
from data_staging.cifar100.selection import select
from data_staging.dataset import DataSet, FolderSource, Source
from data_staging.errors import StagingError, shorten
from data_staging.labelled.labels import Labels
from data_staging.labelled.selection import add_to_training, choose_photos
from data_staging.labelled.store import PhotoStore
from lambdas.workflow import places

LEFT_OUT_SHOWN = 10


def find_archive(given: Path | None) -> Path:
    """Returns the path of the archive: the given one, SCONES_CIFAR100's, the cached one or a fresh download.

    Raises:
        StagingError: There is none.
    """
    variable = os.environ.get("SCONES_CIFAR100")
    if given is None and not variable:
        return download(find_cache_folder())
    path, origin = (given, "--archive") if given is not None else (Path(variable or ""), "SCONES_CIFAR100")
    if path.is_dir():
        raise StagingError(
            f"{path} ({origin}) is no file but a folder: give the author's archive itself, {Path(URL).name}, "
            "as it was before somebody unpacked it"
        )
    if not path.is_file():
        raise StagingError(f"{path} ({origin}) is no file: give the path of a {Path(URL).name}")
    return path


def keep_own_pictures(
    name: str,
    bucket_name: str | None,
    classes: list[str],
    other_class: str | None = None,
    *,
    labels_wanted: bool,
) -> str | None:
    """Returns a sentence that says which own pictures a deployment keeps, or None if it has none.

    CIFAR-100 takes their place only where somebody names an archive: a deploy that is run again without
    naming the folder again must not train on something else. Labelled photos wait until it is named again;
    how many do is printed.

    Raises:
        StagingError: They are of other classes than these, or AWS cannot be asked.
    """
    staged = deployment.read_staged(name, bucket_name)
    if staged is None or staged.manifest["source"]["kind"] != "images":
        return None
    classes = _add_other(classes, other_class)
    staged_classes = staged.manifest["classes"]
    if staged_classes != classes:
        raise StagingError(
            f"own pictures of {', '.join(staged_classes)} are staged ({staged.place}), but the classes are "
            f"{', '.join(classes)}: give --images DIR for those, or --archive PATH for CIFAR-100's"
        )
    if found := _find_labelled(name, wanted=labels_wanted):
        known = staged.list_known_labels()
        waiting = [label for label in found[0].whole if label.photo not in known and label.label in classes]
        if waiting:
            them, wait = ("it", "waits") if len(waiting) == 1 else ("them", "wait")
            print(
                f"{_count_labelled(waiting)} {wait}: give --images DIR again to stage {them} with it",
                file=sys.stderr,
            )
    return (
        f"Kept: {staged.place} (own pictures of {', '.join(classes)}; --images DIR stages a folder anew, "
        "--archive PATH goes back to CIFAR-100)"
    )


def read_data_set(
    path: Path, classes: list[str], validation_fraction: float, other_class: str | None = None
) -> DataSet:
    """Reads an archive and chooses the wanted classes from it, and the other class if there is to be one.

    Raises:
        StagingError: The archive cannot be used, or it lacks a class.
        OSError: The archive cannot be read.
    """
    with ThreadPoolExecutor(1) as beside:
        summed = beside.submit(compute_md5, path)
        content = archive.read(path)
    md5 = summed.result()
    source = Source("generated" if content.generated else "cifar-100", path.name, md5, md5 == MD5)
    splits = select(content, classes, validation_fraction, other_class)
    return DataSet(_add_other(classes, other_class), splits, source, other_class=other_class)


def read_own_pictures(
    images: Path, classes: list[str], validation_fraction: float, other_class: str | None = None
) -> DataSet:
    """Reads a folder of own pictures, and says which of its files are left out.

    Raises:
        StagingError: Its subfolders are not the classes, or one has too few pictures.
        OSError: A folder in it cannot be read.
    """
    classes = _add_other(classes, other_class)
    found = own_pictures.find(images, classes, other_class)
    _print_left_out({shorten(path): reason for path, reason in found.left_out.items()}, "source.left_out")
    if found.hidden:
        first = ", ".join(map(shorten, found.hidden[:3])) + (", ..." if len(found.hidden) > 3 else "")
        print(f"Left out: {len(found.hidden)} hidden files and folders ({first})", file=sys.stderr)
    splits = own_pictures.split(found.photos, classes, validation_fraction)
    originals = {
        f"{name}/{photo.path}": photo.original for name, photos in splits.items() for photo in photos
    }
    source = FolderSource(images.resolve().name, originals, found.left_out)
    return DataSet(classes, splits, source, other_class=other_class)


def _add_other(classes: list[str], other_class: str | None) -> list[str]:
    """Returns the model's classes in label order, the other class last."""
    return classes if other_class is None else [*classes, other_class]


def take_labelled(data_set: DataSet, name: str, *, wanted: bool) -> DataSet:
    """Adds the photos that people have labelled to the training split, and says how many and which not.

    Args:
        data_set: The pictures to add them to.
        name: Name of the deployment whose photos they are.
        wanted: Whether they are taken at all: the setting ``labels_in_training``.

    Returns:
        The same data set if there are none.

    Raises:
        StagingError: AWS refused or cannot be reached.
    """
    found = _find_labelled(name, wanted=wanted)
    if found is None:
        return data_set
    labels, store = found
    if labels.unsettled:
        print(
            f"Not taken yet: {labels.unsettled} of the labels can still be undone. Stage again in a minute;"
            " if they still can, python -m console review tells other systems of them, which settles them",
            file=sys.stderr,
        )
    if not labels.whole and not labels.left_out:
        return data_set
    choice = choose_photos(data_set, labels, store.read)
    keys = {label.photo: f" ({shorten(label.key)})" for label in labels.whole}
    _print_left_out(
        {
            f"labelled photo {shorten(photo)}{keys.get(photo, '')}": reason
            for photo, reason in choice.left_out.items()
        },
        "source.labelled_left_out",
    )
    print(
        f"{_count_labelled(choice.taken)} taken into the training split, {len(choice.left_out)} left out",
        file=sys.stderr,
    )
    return add_to_training(data_set, choice)


def stage(data_set: DataSet, name: str, bucket_name: str | None, out: Path | None) -> str:
    """Writes a data set to a folder, or uploads it for a deployment.

    Returns:
        A sentence that says what was done.

    Raises:
        StagingError: The data set cannot be written or uploaded.
    """
    if out is None:
        _announce_training(data_set, name, bucket_name)
        place, changed = deployment.stage_to_s3(data_set, name, bucket_name)
    else:
        changed = folder.write(data_set, out)
        place = str(out / places.data_set_key(data_set.id))
    counts = ", ".join(f"{len(pictures)} {split}" for split, pictures in data_set.splits.items())
    kind = " GENERATED" if data_set.source.kind == "generated" else ""
    return (
        f"{'Staged' if changed else 'Up to date'}: {place} ({counts}{kind} pictures of "
        f"{', '.join(data_set.classes)})"
    )


def _find_labelled(name: str, *, wanted: bool) -> tuple[Labels, PhotoStore] | None:
    """Returns a deployment's labelled photos and what reads them; None if there are none, or none is wanted.

    If some are there that are not wanted, it says so.
    """
    found = deployment.find_labelled(name)
    if found is None or wanted:
        return found
    labels, _ = found
    print(
        f"{_count_labelled(labels.whole)} not taken: the setting labels_in_training is false", file=sys.stderr
    )
    return None


def _announce_training(data_set: DataSet, name: str, bucket_name: str | None) -> None:
    """Says before anything is staged that labelled photos make the next deploy train, which costs."""
    taken = data_set.labelled.labelled if data_set.labelled is not None else {}
    staged = deployment.read_staged(name, bucket_name) if taken else None
    if staged is not None and staged.id != data_set.id:
        new = taken.keys() - staged.manifest["source"].get("labelled", {}).keys()
        print(
            f"{_count_labelled(taken)} ({len(new)} of them new since the staged data set): the next deploy "
            "trains a new model",
            file=sys.stderr,
        )


def _count_labelled(photos: Sized) -> str:
    return f"{len(photos)} labelled photo{'' if len(photos) == 1 else 's'}"


def _print_left_out(left_out: Mapping[str, str], listed: str) -> None:
    """Prints the first of what is left out and why, and where in the manifest the others are listed."""
    for what, reason in list(left_out.items())[:LEFT_OUT_SHOWN]:
        print(f"Left out: {what} is {reason}", file=sys.stderr)
    if (more := len(left_out) - LEFT_OUT_SHOWN) > 0:
        print(f"Left out: {more} more; manifest.json names them all ({listed})", file=sys.stderr)
