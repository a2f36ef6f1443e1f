"""Which pictures are chosen, how they are split and named, and that content alone decides it."""

import dataclasses
import json
import random
from collections import Counter
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


def data_set(
    source: Archive, classes: list[str], fraction: float = 0.2, other_class: str | None = None
) -> DataSet:
    named = classes if other_class is None else [*classes, other_class]
    splits = select(source, classes, fraction, other_class)
    return DataSet(named, splits, SOURCE, other_class=other_class)


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


MANY = [f"kind-{number}" for number in range(7)] + ["bicycle", "motorcycle"]


def many(per_class: int, half: int = 0) -> Rows:
    """Rows of many classes, each of another content."""
    which = [(label, number) for number in range(per_class) for label in range(len(MANY))]
    pixels = np.zeros((len(which), 3072), np.uint8)
    pixels[:, :3] = [(half, label, number) for label, number in which]
    names = [f"{half}_{label}_{number}.png" for label, number in which]
    return Rows(names, [label for label, _ in which], pixels)


OF_MANY = Archive(MANY, many(20), many(4, half=1), False)


def test_the_other_class_is_drawn_evenly_and_has_as_many_pictures_as_a_class() -> None:
    splits = select(OF_MANY, ["bicycle", "motorcycle"], 0.2, "other")
    for split, count in {"train": 16, "validation": 4, "test": 4}.items():
        labels = [picture.label for picture in splits[split]]
        assert [labels.count(label) for label in range(3)] == [count] * 3
    drawn = [picture for split in ("train", "validation") for picture in splits[split] if picture.label == 2]
    origins = Counter(MANY[picture.row[1]] for picture in drawn)
    assert set(origins) == set(MANY) - {"bicycle", "motorcycle"}
    assert set(origins.values()) == {2, 3}
    assert all(picture.path.split("/")[0] == "other" for picture in drawn)
    paths = [picture.path for pictures in splits.values() for picture in pictures]
    assert len(set(paths)) == len(paths)


def test_the_other_class_changes_none_of_the_pictures_of_the_classes() -> None:
    classes = ["bicycle", "motorcycle"]
    without, with_other = select(OF_MANY, classes, 0.2), select(OF_MANY, classes, 0.2, "other")
    for split, pictures in without.items():
        kept = [picture.path for picture in with_other[split] if picture.label < 2]
        assert [picture.path for picture in pictures] == kept


def test_where_rows_stand_has_no_say_in_what_is_drawn() -> None:
    moved = dataclasses.replace(OF_MANY, train=shuffled(OF_MANY.train, 3), test=shuffled(OF_MANY.test, 4))
    assert data_set(moved, ["bicycle", "motorcycle"], other_class="other").id == (
        data_set(OF_MANY, ["bicycle", "motorcycle"], other_class="other").id
    )


def test_data_sets_with_and_without_an_other_class_have_different_ids() -> None:
    three = data_set(OF_MANY, ["bicycle", "motorcycle"], other_class="other")
    as_a_class = dataclasses.replace(three, other_class=None)
    ids = {three.id, as_a_class.id, data_set(OF_MANY, ["bicycle", "motorcycle"]).id}
    assert len(ids) == 3
    assert json.loads(three.encode_manifest({}))["other_class"] == "other"
    assert "other_class" not in json.loads(as_a_class.encode_manifest({}))


def test_the_other_class_is_no_class_of_the_archive() -> None:
    with pytest.raises(StagingError, match="other_class is kind-3, which is one of the archive's classes"):
        select(OF_MANY, ["bicycle", "motorcycle"], 0.2, "kind-3")


def test_an_archive_of_nothing_else_gives_no_other_class(drawn: Path) -> None:
    with pytest.raises(StagingError, match=r"0 training and 0 test pictures of other classes.*--images DIR"):
        select(archive.read(drawn), ["bicycle", "motorcycle"], 0.2, "other")
