"""The benchmark of strangers: how photos are cut, and what becomes of an answer."""

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.model.strangers import CROPS, OTHER, UNSURE, cut, name_fates, read_crops


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (100, 100)])
def test_a_photo_is_cut_from_one_end_of_its_diagonal_to_the_other(size: tuple[int, int]) -> None:
    photo = Image.new("RGB", size)
    photo.putpixel((0, 0), (255, 0, 0))
    photo.putpixel((size[0] - 1, size[1] - 1), (0, 255, 0))
    whole, *crops = cut(photo)
    assert whole.size == size
    side = min(size) // 2
    assert [crop.size for crop in crops] == [(side, side)] * CROPS
    assert crops[0].getpixel((0, 0)) == (255, 0, 0)
    assert crops[-1].getpixel((side - 1, side - 1)) == (0, 255, 0)


def test_each_photo_of_a_folder_is_asked_about_whole_and_in_parts(tmp_path: Path) -> None:
    for name in ("a.png", "b.jpg"):
        Image.new("RGB", (64, 48), "teal").save(tmp_path / name)
    assert [crop.photo for crop in read_crops(tmp_path)] == ["a.png"] * 5 + ["b.jpg"] * 5


def test_a_folder_without_a_photo_ends_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds no photo"):
        read_crops(tmp_path)


def test_what_the_filter_would_refuse_is_no_class() -> None:
    answers = [(0.1, 0.1, 0.8), (0.7, 0.1, 0.2), (0.1, 0.9, 0.0)]
    classes = ["bicycle", "motorcycle", "other"]
    assert name_fates(answers, classes, "other", 0.8) == [OTHER, UNSURE, "motorcycle"]
    assert name_fates(answers, classes, None, 0.8) == ["other", UNSURE, "motorcycle"]
