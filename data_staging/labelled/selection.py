"""Chooses among labelled photos those that the training split takes: no copy of a picture that is there."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from PIL import Image

from data_staging.dataset import DataSet, LabelledSource, Picture
from data_staging.errors import shorten
from data_staging.labelled.labels import Label, Labels
from data_staging.photos import DECODERS, UnreadablePhoto, digest_pixels, encode_unchanged
from data_staging.progress import run_in_threads

NAME_DIGITS = 32
"""More than an own picture's name ends in, so that no two pictures have one name."""

Read = Callable[[Label], Image.Image]
"""Returns a labelled photo as serving shows it to the model, or raises UnreadablePhoto."""


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A picture that a person has labelled.

    Attributes:
        path: Relative to its split's folder: ``class/labelled-digits.png``. What it shows gives it its name:
            a data set's id does not depend on which of several copies was chosen.
        label: Index of its class in the data set's classes.
        digest: SHA-256 of the size and pixels that are staged of it, in hex.
        given: Where it lies, and who labelled it.
        read: Reads it.
    """

    path: str
    label: int
    digest: str
    given: Label
    read: Read

    def encode(self) -> bytes:
        """Returns the picture as a PNG file.

        Raises:
            StagingError: It cannot be read as it was before.
        """
        return encode_unchanged(
            lambda: self.read(self.given), self.digest, f"the labelled photo {shorten(self.given.key)}"
        )

    def digest_as_photo(self) -> str:
        """Returns ``digest``."""
        return self.digest


@dataclass(frozen=True)
class Choice:
    """Which labelled photos are taken.

    Attributes:
        taken: Those that are.
        left_out: Why each other one is not, by its id.
    """

    taken: list[LabelledPhoto]
    left_out: dict[str, str]


def choose_photos(data_set: DataSet, labels: Labels, read: Read) -> Choice:
    """Chooses the labelled photos that a data set's training split can take.

    Those that show the same as a picture of any split, pixel for pixel, are left out. Of those that show the
    same as each other the one whose photo has the first id counts; if they have different labels, none does.
    """
    left_out = dict(labels.left_out)
    known = [label for label in labels.whole if label.label in data_set.classes]
    for label in labels.whole:
        if label.label not in data_set.classes:
            left_out[label.photo] = f"labelled {shorten(label.label)}, which is none of the classes"
    same = _group_by_pixels(known, read, left_out)
    staged = {picture.digest_as_photo(): path for path, picture in data_set.pictures.items()}
    taken = []
    for digest, copies in same.items():
        if first := _choose(copies, staged.get(digest), left_out):
            index = data_set.classes.index(first.label)
            path = f"{first.label}/labelled-{digest[:NAME_DIGITS]}.png"
            taken.append(LabelledPhoto(path, index, digest, first, read))
    return Choice(taken, left_out)


def add_to_training(data_set: DataSet, choice: Choice) -> DataSet:
    """Returns a data set whose training split has labelled photos as well, and whose manifest names them."""
    training: list[Picture] = [*data_set.splits["train"], *choice.taken]
    training.sort(key=lambda picture: (picture.digest, picture.path))
    facts = {f"train/{photo.path}": asdict(photo.given) for photo in choice.taken}
    source = LabelledSource(dict(sorted(facts.items())), dict(sorted(choice.left_out.items())))
    return replace(data_set, splits={**data_set.splits, "train": training}, labelled=source)


def _group_by_pixels(labels: list[Label], read: Read, left_out: dict[str, str]) -> dict[str, list[Label]]:
    """Returns the labels of the photos that show the same, by the digest of what they show.

    Args:
        labels: Whose photos are read.
        read: Reads them.
        left_out: Gets those that cannot be read.
    """

    def digest(label: Label) -> str | UnreadablePhoto:
        try:
            return digest_pixels(read(label))
        except UnreadablePhoto as unreadable:
            return unreadable

    same: dict[str, list[Label]] = {}
    digests = run_in_threads("Reading labelled photos", "photos", DECODERS, digest, labels)
    for label, digested in zip(labels, digests, strict=True):
        if isinstance(digested, UnreadablePhoto):
            left_out[label.photo] = str(digested)
        else:
            same.setdefault(digested, []).append(label)
    return same


def _choose(copies: list[Label], staged: str | None, left_out: dict[str, str]) -> Label | None:
    """Returns the label that counts of photos that show the same, if one does; the others are left out.

    Args:
        copies: In the order of the photos' ids.
        staged: Path of a picture of the data set that shows the same, if there is one.
        left_out: Gets the others.
    """
    first, *others = copies
    if staged is not None:
        left_out |= {label.photo: f"the same picture as {shorten(staged)}" for label in copies}
        return None
    other = next((label for label in others if label.label != first.label), None)
    if other is not None:
        for label in copies:
            against = other if label.label == first.label else first
            left_out[label.photo] = (
                f"labelled {label.label}, but the same picture as photo {against.photo}, labelled "
                f"{against.label}"
            )
        return None
    left_out |= {label.photo: f"the same picture as photo {first.photo}" for label in others}
    return first
