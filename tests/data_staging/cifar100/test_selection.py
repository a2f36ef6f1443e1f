"""Which pictures are chosen, how they are split and named, and that content alone decides it."""

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_staging.cifar100 import archive
from data_staging.cifar100.archive import Archive, Rows
from data_staging.cifar100.selection import ArchivePicture, select
from data_staging.dataset import DataSet, Source
from data_staging.errors import StagingError

CLASS_NAMES = ["apple", "bicycle", "cup", "motorcycle"]
SOURCE = Source("cifar-100", "x.tar.gz", "0" * 32, False)


def rows(half: int, per_class: int = 10, name: str = "{half}_{label}_{number}.png") -> Rows:
    """Rows of every class, each of another content."""
    which = [(label, number) for number in range(per_class) for label in range(len(CLASS_NAMES))]
    pixels = np.zeros((len(which), 3072), np.uint8)
    for row, (label, number) in enumerate(which):
        pixels[row, :3] = half, label, number
    names = [name.format(half=half, label=label, number=number) for label, number in which]
    return Rows(names, [label for label, _ in which], pixels)


def shuffled(some: Rows, seed: int) -> Rows:
    order = random.Random(seed).sample(range(len(some.labels)), len(some.labels))
    return Rows([some.names[i] for i in order], [some.labels[i] for i in order], some.pixels[order])


ARCHIVE = Archive(CLASS_NAMES, rows(0), rows(1, per_class=3), False)


def contents(pictures: list[ArchivePicture]) -> set[bytes]:
    return {picture.row.tobytes() for picture in pictures}


def data_set(source: Archive, classes: list[str], fraction: float = 0.2) -> DataSet:
    return DataSet(classes, select(source, classes, fraction), SOURCE)


def test_labels_follow_the_order_in_which_classes_are_given() -> None:
    for classes in (["motorcycle", "bicycle"], ["bicycle", "motorcycle"], ["cup", "apple", "bicycle"]):
        for pictures in select(ARCHIVE, classes, 0.2).values():
            assert {(picture.label, picture.path.split("/")[0]) for picture in pictures} == set(
                enumerate(classes)
            )
            assert all(CLASS_NAMES[picture.row[1]] == picture.path.split("/")[0] for picture in pictures)


@pytest.mark.parametrize(("fraction", "held_out"), [(0.1, 1), (0.25, 2), (0.5, 5), (0.001, 1), (0.999, 9)])
def test_validation_takes_the_same_share_of_each_class(fraction: float, held_out: int) -> None:
    splits = select(ARCHIVE, ["bicycle", "motorcycle", "cup"], fraction)
    for label in range(3):
        counts = {split: sum(picture.label == label for picture in splits[split]) for split in splits}
        assert counts == {"train": 10 - held_out, "validation": held_out, "test": 3}


def test_no_picture_is_in_two_splits_and_test_pictures_are_only_in_test() -> None:
    splits = select(ARCHIVE, ["bicycle", "motorcycle"], 0.3)
    train, validation, test = (contents(splits[split]) for split in ("train", "validation", "test"))
    assert not train & validation
    assert all(row[0] == 0 for row in train | validation)
    assert all(row[0] == 1 for row in test)
    assert len(train | validation) == 20


@given(st.integers())
def test_the_order_of_rows_makes_no_difference(seed: int) -> None:
    mixed = dataclasses.replace(
        ARCHIVE, train=shuffled(ARCHIVE.train, seed), test=shuffled(ARCHIVE.test, seed)
    )
    ours, theirs = (data_set(source, ["bicycle", "motorcycle"]) for source in (ARCHIVE, mixed))
    assert ours.id == theirs.id
    assert ours.encode_lists() == theirs.encode_lists()


def test_classes_are_mixed_in_the_order_of_a_split() -> None:
    labels = [picture.label for picture in select(ARCHIVE, ["bicycle", "motorcycle"], 0.2)["train"]]
    assert labels != sorted(labels)


def test_the_id_tells_one_content_from_another() -> None:
    pixels = ARCHIVE.train.pixels.copy()
    pixels[ARCHIVE.train.labels.index(1), 100] += 1
    touched = dataclasses.replace(ARCHIVE, train=dataclasses.replace(ARCHIVE.train, pixels=pixels))
    renamed = dataclasses.replace(
        ARCHIVE, train=dataclasses.replace(ARCHIVE.train, names=[f"x{n}" for n in ARCHIVE.train.names])
    )
    ids = [
        data_set(ARCHIVE, ["bicycle", "motorcycle"]).id,
        data_set(ARCHIVE, ["motorcycle", "bicycle"]).id,
        data_set(ARCHIVE, ["bicycle", "motorcycle"], 0.3).id,
        data_set(touched, ["bicycle", "motorcycle"]).id,
        data_set(renamed, ["bicycle", "motorcycle"]).id,
    ]
    assert len(set(ids)) == len(ids)


def test_the_id_is_the_same_on_every_machine() -> None:
    assert data_set(ARCHIVE, ["bicycle", "motorcycle"]).id == "2abc1bb5c71b27ae"


@pytest.mark.parametrize("name", ["same.png", "SAME.png", "same-{number}.png"])
def test_names_are_made_unique_without_regard_to_case(name: str) -> None:
    train = rows(0, name=name)
    train.names[::8] = ["same-2.png"] * len(train.names[::8])
    splits = select(dataclasses.replace(ARCHIVE, train=train), ["bicycle", "apple"], 0.2)
    for label in (0, 1):
        paths = [
            picture.path.lower()
            for split in ("train", "validation")
            for picture in splits[split]
            if picture.label == label
        ]
        assert len(set(paths)) == 10
        assert all(path.endswith(".png") for path in paths)


@pytest.mark.parametrize(
    ("classes", "complaint"),
    [
        (["bicycle", "motorcicle"], "unknown class 'motorcicle': did you mean motorcycle"),
        (["bicycle", "Motorcycle"], "unknown class 'Motorcycle': did you mean motorcycle"),
        (["bicycle", "qqqq"], "unknown class 'qqqq': there are apple, bicycle, cup, motorcycle."),
        (["bicycle", "a\n\x1b[31m"], r"unknown class 'a\n\x1b[31m': there are"),
        (["bicycle", "bicycle"], "class 'bicycle' is named twice"),
        (["bicycle"], "at least two classes are needed, given: bicycle"),
        ([""], "at least two"),
    ],
)
def test_a_wrong_class_is_refused_with_a_suggestion(classes: list[str], complaint: str) -> None:
    with pytest.raises(StagingError) as refused:
        select(ARCHIVE, classes, 0.2)
    assert complaint in str(refused.value)


def test_a_class_without_pictures_to_hold_out_or_to_test_is_refused() -> None:
    lonely = dataclasses.replace(ARCHIVE, train=rows(0, per_class=1))
    with pytest.raises(StagingError, match="1 training and 3 test pictures of 'bicycle'"):
        select(lonely, ["bicycle", "motorcycle"], 0.2)
    untested = dataclasses.replace(ARCHIVE, test=rows(1, per_class=0))
    with pytest.raises(StagingError, match="10 training and 0 test pictures of 'bicycle'"):
        select(untested, ["bicycle", "motorcycle"], 0.2)


def test_the_real_archive_has_a_tenth_of_each_class_held_out(cifar100: Path) -> None:
    content = archive.read(cifar100)
    splits = select(content, ["bicycle", "motorcycle"], 0.1)
    for label, name in enumerate(["bicycle", "motorcycle"]):
        index = content.class_names.index(name)
        training = content.train.labels.count(index)
        assert sum(p.label == label for p in splits["validation"]) == round(training / 10)
        assert sum(p.label == label for p in splits["train"]) == training - round(training / 10)
        assert sum(p.label == label for p in splits["test"]) == content.test.labels.count(index)
