"""Own pictures: how they are split, and what is written of them."""

import random
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_staging import own_pictures, steps
from data_staging.dataset import SPLITS
from data_staging.errors import StagingError
from data_staging.own_pictures import Photo
from data_staging.photos import read_photo
from data_staging.progress import Progress
from data_staging.stage import main
from tests.data_staging.own_pictures.photo_files import fill, save, shapes
from tests.data_staging.own_pictures.staged_pictures import CLASSES, manifest, stage, staged

Captured = pytest.CaptureFixture[str]


def test_pictures_are_staged_as_those_of_cifar_100_are(pictures: Path, tmp_path: Path) -> None:
    assert stage(pictures, tmp_path) == 0
    content = manifest(tmp_path)
    assert content["classes"] == CLASSES
    assert content["splits"]["train"] == {"count": 12, "classes": dict.fromkeys(CLASSES, 4)}
    assert content["splits"]["validation"] == {"count": 3, "classes": dict.fromkeys(CLASSES, 1)}
    assert content["splits"]["test"] == {"count": 3, "classes": dict.fromkeys(CLASSES, 1)}
    for split in SPLITS:
        lines = [line.split("\t") for line in (staged(tmp_path) / f"{split}.lst").read_text().splitlines()]
        assert [index for index, _, _ in lines] == [str(index) for index in range(len(lines))]
        for _, label, path in lines:
            assert path.split("/")[0] == CLASSES[int(label)]
            with Image.open(staged(tmp_path) / split / path) as image:
                assert (image.format, image.mode) == ("PNG", "RGB")


def test_the_manifest_tells_which_file_each_picture_was(pictures: Path, tmp_path: Path) -> None:
    stage(pictures, tmp_path)
    content = manifest(tmp_path)
    assert (content["source"]["kind"], content["source"]["folder"]) == ("images", "pictures")
    originals = content["source"]["originals"]
    assert originals.keys() == content["files"].keys()
    assert sorted(originals.values()) == sorted(f"{name}/{n}.png" for name in CLASSES for n in range(6))
    for path, original in originals.items():
        shown = Image.open(staged(tmp_path) / path).tobytes()
        assert shown == Image.open(pictures / original).tobytes()


def test_the_same_pictures_are_the_same_data_set_and_are_written_once(
    pictures: Path, tmp_path: Path, capsys: Captured
) -> None:
    stage(pictures, tmp_path)
    assert capsys.readouterr().out.startswith("Staged: ")
    (pictures / "apple" / "0.png").touch()
    stage(pictures, tmp_path)
    assert capsys.readouterr().out.startswith("Up to date: ")
    save(shapes("another"), pictures / "apple" / "6.png")
    stage(pictures, tmp_path)
    assert len(list((tmp_path / "datasets").iterdir())) == 2


def test_content_alone_decides_the_split(pictures: Path, tmp_path: Path) -> None:
    def split_of_each_picture(out: Path) -> dict[bytes, str]:
        return {path.read_bytes(): path.parts[-3] for path in staged(out).rglob("*.png")}

    stage(pictures, tmp_path / "first")
    for name in CLASSES:
        for number, file in enumerate(sorted((pictures / name).iterdir(), reverse=True)):
            (pictures / name / f"folder {number}").mkdir()
            Image.open(file).save(pictures / name / f"folder {number}" / "renamed.bmp")
            file.unlink()
    stage(pictures, tmp_path / "second")
    assert split_of_each_picture(tmp_path / "first") == split_of_each_picture(tmp_path / "second")


@given(counts=st.lists(st.integers(3, 200), min_size=2, max_size=12), fraction=st.floats(0.001, 0.999))
def test_every_class_is_in_every_split_in_its_share(counts: list[int], fraction: float) -> None:
    photos = [
        Photo(f"{label}/{number}.png", label, f"{hash((label, number)):x}", Path(), "")
        for label, count in enumerate(counts)
        for number in range(count)
    ]
    splits = own_pictures.split(photos, [str(label) for label in range(len(counts))], fraction)
    assert Counter(photo.path for chosen in splits.values() for photo in chosen) == Counter(
        photo.path for photo in photos
    )
    for label, count in enumerate(counts):
        held = {name: sum(photo.label == label for photo in chosen) for name, chosen in splits.items()}
        assert min(held.values()) >= 1
        assert abs(held["test"] - count / 6) <= 1
        assert abs(held["validation"] - (count - held["test"]) * fraction) <= 1


def test_any_number_of_classes_can_be_staged(tmp_path: Path) -> None:
    classes = [f"class-{number:03}" for number in range(150)]
    assert stage(fill(tmp_path / "pictures", classes, per_class=3), tmp_path, classes) == 0
    content = manifest(tmp_path)
    assert content["classes"] == classes
    assert {split: content["splits"][split]["count"] for split in SPLITS} == dict.fromkeys(SPLITS, 150)


def test_labels_follow_the_order_of_the_classes_not_of_the_alphabet(pictures: Path, tmp_path: Path) -> None:
    order = ["plum", "apple", "pear"]
    assert stage(pictures, tmp_path, order) == 0
    for path, entry in manifest(tmp_path)["files"].items():
        assert order[entry["label"]] == path.split("/")[1]


def test_an_archive_and_a_folder_at_once_are_refused(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--images", "a", "--archive", "b"])
    assert left.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


@pytest.mark.parametrize("change", [Path.unlink, lambda file: save(shapes("other"), file)])
def test_a_picture_that_changes_meanwhile_is_noticed(change: Any, pictures: Path, tmp_path: Path) -> None:
    data_set = steps.read_own_pictures(pictures, CLASSES, 0.1)
    change(pictures / "pear" / "3.png")
    with pytest.raises(StagingError, match=r"pear/3\.png' was changed meanwhile: run it again"):
        steps.write(data_set, tmp_path)
    assert list((tmp_path / "datasets").iterdir()) == []


def test_ctrl_c_ends_the_reading_at_once(
    pictures: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(pictures, CLASSES, per_class=40)
    read: list[Path] = []

    def noting(file: Path) -> Image.Image:
        read.append(file)
        return read_photo(file)

    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(own_pictures, "read_photo", noting)
    monkeypatch.setattr(Progress, "advance", interrupt)
    assert stage(pictures, tmp_path) == 130
    assert capsys.readouterr().err.endswith("stage.py: interrupted; run it again to go on\n")
    assert len(read) < 120
    assert not (tmp_path / "datasets").exists()


def test_a_large_folder_is_staged_in_bounded_memory(tmp_path: Path) -> None:
    for name in CLASSES:
        for number in range(24):
            # As large as fits into an event as it is.
            pixels = Image.frombytes("RGB", (180, 180), random.Random(f"{name} {number}").randbytes(97_200))
            save(pixels, tmp_path / "pictures" / name / f"{number}.bmp", "BMP")
    tracemalloc.start()
    try:
        assert stage(tmp_path / "pictures", tmp_path) == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # As pixels they take 7 MB, as files as much.
    assert sum(entry["bytes"] for entry in manifest(tmp_path)["files"].values()) > 6e6
    assert peak < 5e6


def test_a_subfolder_gives_the_other_class_its_pictures(pictures: Path) -> None:
    *classes, last = CLASSES
    found = steps.read_own_pictures(pictures, classes, 0.2, last)
    assert (found.classes, found.other_class) == (CLASSES, last)
    assert {picture.label for picture in found.splits["test"]} == set(range(len(CLASSES)))
    assert found.id != steps.read_own_pictures(pictures, CLASSES, 0.2).id


def test_without_that_subfolder_the_setting_is_named(pictures: Path) -> None:
    with pytest.raises(StagingError, match=r"has no subfolder other, .* the setting other_class asks"):
        steps.read_own_pictures(pictures, CLASSES, 0.2, "other")
