"""Whatever items the table of outcomes has: each photo is taken once or left out with a reason."""

import random
import string
from dataclasses import asdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_staging.dataset import SPLITS, DataSet, Source
from data_staging.labelled.labels import Label, Labels, check_labels
from data_staging.labelled.selection import add_to_training, choose_photos
from data_staging.photos import UnreadablePhoto, digest_pixels
from tests.data_staging.own_pictures.photo_files import shapes

CLASSES = ["bicycle", "motorcycle"]

values = st.one_of(
    st.fixed_dictionaries({"S": st.text(max_size=20)}),
    st.fixed_dictionaries({"N": st.integers().map(str)}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.fixed_dictionaries({"NULL": st.just(True)}),
    st.fixed_dictionaries({"M": st.dictionaries(st.text(max_size=3), st.just({"S": "x"}), max_size=2)}),
    st.fixed_dictionaries({"B": st.binary(max_size=5)}),
)
names = st.sampled_from([*Label.__dataclass_fields__, "confidence"])
whole = st.fixed_dictionaries(
    {
        name: st.fixed_dictionaries({"S": st.text(min_size=name != "version", max_size=20)})
        for name in Label.__dataclass_fields__
    }
)
odd = st.dictionaries(names, values, max_size=8)
damaged = st.builds(lambda item, damage: item | damage, whole, st.dictionaries(names, values, max_size=2))
items = st.lists(st.one_of(whole, damaged, odd), max_size=6)

photos = st.text(string.hexdigits.lower(), min_size=32, max_size=32)
labels = st.lists(
    st.builds(
        Label,
        photo=photos,
        bucket=st.just("bucket"),
        key=st.sampled_from(["gone", *(f"picture-{number}" for number in range(4)), "staged"]),
        version=st.just(""),
        label=st.sampled_from([*CLASSES, "tricycle"]),
        reviewed_by=st.just("arn"),
        decided_at=st.just("2026-11-05T10:20:30.400Z"),
    ),
    unique_by=lambda label: label.photo,
    max_size=8,
)


class Drawn:
    """A picture of the data set."""

    def __init__(self, name: str, label: int) -> None:
        self.path, self.label, self.digest = f"{CLASSES[label]}/{name}.png", label, name

    def encode(self) -> bytes:
        raise AssertionError("nothing is staged here")

    def digest_as_photo(self) -> str:
        return digest_pixels(shapes(self.digest))


BASE = DataSet(
    CLASSES,
    {split: [Drawn("staged" if split == "test" else split, 0)] for split in SPLITS},
    Source("generated", "drawn.tar.gz", "0" * 32, False),
)


def read(label: Label) -> Image.Image:
    if label.key == "gone":
        raise UnreadablePhoto("gone")
    return shapes(label.key)


@given(items)
def test_each_item_gives_a_whole_label_or_a_reason(table: list[dict[str, dict[str, Any]]]) -> None:
    found = check_labels(table)
    given = {item["photo"]["S"] for item in table if isinstance(item.get("photo", {}).get("S"), str)}
    assert {label.photo for label in found.whole} | found.left_out.keys() >= given
    assert all(found.left_out.values())
    for label in found.whole:
        assert all(isinstance(value, str) for value in asdict(label).values())
        assert all(value for name, value in asdict(label).items() if name != "version")


@given(st.lists(whole, max_size=6), st.randoms(use_true_random=False))
def test_whole_items_give_their_labels_in_one_order(table: list[Any], chance: random.Random) -> None:
    by_photo = {item["photo"]["S"]: item for item in table}
    mixed = list(by_photo.values())
    chance.shuffle(mixed)
    found = check_labels(mixed)
    assert found.left_out == {}
    assert [label.photo for label in found.whole] == sorted(by_photo)
    for label in found.whole:
        assert asdict(label) == {name: value["S"] for name, value in by_photo[label.photo].items()}


@given(st.lists(whole, max_size=6), st.integers(0, 6))
def test_a_label_that_can_still_be_undone_is_none_yet(table: list[Any], untold: int) -> None:
    by_photo = {item["photo"]["S"]: item for item in table}
    items = list(by_photo.values())
    fresh = [{**item, "untold": {"BOOL": True}} for item in items[:untold]]
    found = check_labels([*fresh, *items[untold:]])
    assert [label.photo for label in found.whole] == sorted(item["photo"]["S"] for item in items[untold:])
    assert (found.left_out, found.unsettled) == ({}, len(fresh))


@given(labels)
def test_each_picture_is_taken_once_and_never_one_that_is_staged(given: list[Label]) -> None:
    ordered = Labels(sorted(given, key=lambda label: label.photo), {})
    choice = choose_photos(BASE, ordered, read)
    assert {photo.given.photo for photo in choice.taken}.isdisjoint(choice.left_out)
    assert {photo.given.photo for photo in choice.taken} | choice.left_out.keys() == {
        label.photo for label in given
    }
    pictures = [photo.given.key for photo in choice.taken]
    assert len(pictures) == len(set(pictures))
    assert {"gone", "staged"}.isdisjoint(pictures)
    for photo in choice.taken:
        same = {label.label for label in given if label.key == photo.given.key} - {"tricycle"}
        assert same == {CLASSES[photo.label]}
    after = add_to_training(BASE, choice)
    assert {split: after.splits[split] for split in ("validation", "test")} == {
        split: BASE.splits[split] for split in ("validation", "test")
    }
    assert len(after.splits["train"]) == 1 + len(choice.taken)
    assert (after.id == BASE.id) == (not choice.taken)
