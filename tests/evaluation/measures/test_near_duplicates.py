"""Which test photos a model may know by heart."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from evaluation.measures.near_duplicates import find_most_alike, find_near_duplicates, fingerprint
from evaluation.staged_photos import DataSet
from tests.evaluation.staged_sample import photo, png, staged


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


ORIGINAL = photo(1, bright=True)
CHANGES = {
    "the same": ORIGINAL,
    "mirrored": png(opened(ORIGINAL).transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "darker": png(ImageEnhance.Brightness(opened(ORIGINAL)).enhance(0.6)),
    "less contrast": png(ImageEnhance.Contrast(opened(ORIGINAL)).enhance(0.5)),
    "larger": png(opened(ORIGINAL).resize((200, 200), Image.Resampling.BICUBIC)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_a_near_duplicate(change: str) -> None:
    known = {f"train/{number}": fingerprint(photo(number, bright=True)) for number in range(5)}
    (found,) = find_most_alike({"copy": fingerprint(CHANGES[change])}, known)
    assert (found.file, found.training_file) == ("copy", "train/1")
    assert 0.9 < found.correlation <= 1


def test_photos_of_one_brightness_are_no_near_duplicates() -> None:
    known = {str(number): fingerprint(photo(number, bright=True)) for number in range(50)}
    assert find_most_alike({"other": fingerprint(photo(99, bright=True))}, known) == []


def test_photos_of_one_colour_are_like_nothing() -> None:
    white = fingerprint(png(Image.new("RGB", (32, 32), "white")))
    assert find_most_alike({"white": white}, {"white too": white}) == []


def test_without_training_photos_there_are_none() -> None:
    assert find_most_alike({"copy": fingerprint(ORIGINAL)}, {}) == []


def test_a_test_photo_among_the_training_photos_is_found_and_no_other(tmp_path: Path) -> None:
    (found,) = find_near_duplicates(DataSet.in_folder(staged(tmp_path)), "test")
    assert (found.file, found.training_file) == ("bicycle/1.png", "train/bicycle/0.png")
    assert found.correlation == pytest.approx(1)


def test_validation_photos_are_not_looked_for_among_themselves(tmp_path: Path) -> None:
    assert find_near_duplicates(DataSet.in_folder(staged(tmp_path)), "validation") == []
