"""The steps of staging for a deployment: what it keeps, its labelled photos, and the upload."""

import sys
from collections.abc import Sized

from data_staging import deployment
from data_staging.dataset import DataSet
from data_staging.errors import StagingError, shorten
from data_staging.labelled.labels import Labels
from data_staging.labelled.selection import add_to_training, choose_photos
from data_staging.labelled.store import PhotoStore
from data_staging.steps import add_other, print_left_out


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
    classes = add_other(classes, other_class)
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
    print_left_out(
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


def upload(data_set: DataSet, name: str, bucket_name: str | None) -> tuple[str, bool]:
    """Uploads a data set, having said whether the next deploy trains a new model because of it.

    Returns:
        Where it lies, and whether anything had to be changed.

    Raises:
        StagingError: AWS refused or cannot be reached.
    """
    _announce_training(data_set, name, bucket_name)
    return deployment.stage_to_s3(data_set, name, bucket_name)


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
