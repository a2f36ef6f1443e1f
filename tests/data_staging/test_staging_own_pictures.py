"""Own pictures: which files of a folder count, how they are split, and what is written of them."""

import json
import os
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from photo_files import fill, save, shapes
from PIL import ExifTags, Image

from data_staging import own_pictures, staging
from data_staging.own_pictures import Photo
from data_staging.photos import read_photo
from data_staging.progress import Progress
from data_staging.stage import main

CLASSES = ["apple", "pear", "plum"]
SPLITS = ("train", "validation", "test")

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with six different pictures of each of three classes."""
    return fill(tmp_path / "pictures", CLASSES)


def stage(pictures: Path, out: Path, classes: list[str] = CLASSES) -> int:
    """Runs the command; returns its exit status."""
    return main(["--images", str(pictures), "--classes", ",".join(classes), "--out", str(out)])


def staged(out: Path) -> Path:
    (data_set,) = (out / "datasets").iterdir()
    return data_set


def manifest(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((staged(out) / "manifest.json").read_text())
    return content


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


def test_folders_in_a_class_belong_to_it_and_hidden_ones_do_not_exist(pictures: Path, tmp_path: Path) -> None:
    save(shapes("deep"), pictures / "pear" / "2023" / "May" / "deep.jpg", "JPEG")
    save(shapes("hidden"), pictures / "pear" / ".thumbnails" / "hidden.png")
    save(shapes("hidden too"), pictures / "pear" / "._deep.png")
    save(shapes("no class"), pictures / ".ipynb_checkpoints" / "hidden.png")
    (pictures / ".DS_Store").write_bytes(b"x")
    assert stage(pictures, tmp_path) == 0
    source = manifest(tmp_path)["source"]
    assert source["left_out"] == {}
    assert "pear/2023/May/deep.jpg" in source["originals"].values()
    assert not any("hidden" in original or "._" in original for original in source["originals"].values())


def test_links_are_followed_but_those_to_folders_in_a_class(pictures: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (pictures / "plum").rename(elsewhere)
    (pictures / "plum").symlink_to(elsewhere)
    (pictures / "pear" / "linked.png").symlink_to(save(shapes("linked"), tmp_path / "linked.png"))
    (pictures / "pear" / "around").symlink_to(pictures)
    assert stage(pictures, tmp_path) == 0
    source = manifest(tmp_path)["source"]
    assert {"plum/0.png", "pear/linked.png"} <= set(source["originals"].values())
    assert list(source["left_out"]) == ["pear/around"]


def test_what_is_no_picture_is_left_out_and_listed(pictures: Path, tmp_path: Path, capsys: Captured) -> None:
    (pictures / "README.txt").write_text("my fruit")
    (pictures / "apple" / "notes.jpg").write_text("not a photo")
    (pictures / "pear" / "empty.jpg").touch()
    assert stage(pictures, tmp_path) == 0
    listed = {
        "README.txt": "in no subfolder",
        "apple/notes.jpg": "no image of a known format",
        "pear/empty.jpg": "empty",
    }
    left_out = manifest(tmp_path)["source"]["left_out"]
    assert left_out.keys() == listed.keys()
    errors = capsys.readouterr().err
    for name, reason in listed.items():
        assert reason in left_out[name]
        assert f"Left out: '{name}' is {left_out[name]}\n" in errors


def test_of_many_left_out_the_first_are_shown_and_all_are_in_the_manifest(
    pictures: Path, tmp_path: Path, capsys: Captured
) -> None:
    for number in range(25):
        (pictures / "pear" / f"{number:02}.raw").write_text("not a photo")
    stage(pictures, tmp_path)
    shown = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Left out: ")]
    assert len(shown) == 11
    assert shown[-1].startswith("Left out: 15 more; manifest.json")
    assert len(manifest(tmp_path)["source"]["left_out"]) == 25


def test_of_copies_the_first_counts_however_they_are_encoded(pictures: Path, tmp_path: Path) -> None:
    photo = save(shapes("photo", (2000, 1500)), pictures / "apple" / "photo.jpg", "JPEG")
    decoded = Image.open(photo)
    save(decoded, pictures / "apple" / "screenshot.png")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = decoded.transpose(Image.Transpose.ROTATE_90)
    save(turned, pictures / "apple" / "turned.webp", "WEBP", lossless=True, exif=exif.tobytes())
    assert stage(pictures, tmp_path) == 0
    source = manifest(tmp_path)["source"]
    assert source["left_out"] == {
        "apple/screenshot.png": "the same picture as 'apple/photo.jpg'",
        "apple/turned.webp": "the same picture as 'apple/photo.jpg'",
    }
    assert list(source["originals"].values()).count("apple/photo.jpg") == 1


def test_a_picture_in_two_classes_counts_in_neither(pictures: Path, tmp_path: Path) -> None:
    for file in ("apple/both.png", "apple/both-again.png", "plum/both.bmp"):
        save(shapes("both"), pictures / file, Path(file).suffix[1:].upper())
    assert stage(pictures, tmp_path) == 0
    source = manifest(tmp_path)["source"]
    assert source["left_out"].keys() == {"apple/both.png", "apple/both-again.png", "plum/both.bmp"}
    assert "of another class" in source["left_out"]["apple/both.png"] + source["left_out"]["plum/both.bmp"]
    assert len(source["originals"]) == 18


@pytest.mark.parametrize(
    "name",
    [
        "a\tb\nc.png",
        "ünï cödé 🚲.png",
        "-rf.png",
        "a,b;c'\"$(x).png",
        "x" * 250 + ".png",
        "CON.png",
    ],
)
def test_whatever_a_file_is_called_its_picture_has_a_safe_name(
    name: str, pictures: Path, tmp_path: Path
) -> None:
    save(shapes("named"), pictures / "apple" / name)
    assert stage(pictures, tmp_path) == 0
    originals = manifest(tmp_path)["source"]["originals"]
    (path,) = (
        path for path, original in originals.items() if original.startswith("apple/") and len(original) > 11
    )
    assert own_pictures.CLASS_NAME.fullmatch(Path(path).stem)


def test_a_file_name_that_is_no_text_is_no_obstacle(pictures: Path, tmp_path: Path) -> None:
    nameless = os.fsencode(pictures / "apple") + b"/\xff\xfe.png"
    save(shapes("nameless"), tmp_path / "nameless.png").rename(os.fsdecode(nameless))
    assert stage(pictures, tmp_path) == 0
    assert len(manifest(tmp_path)["files"]) == 19


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


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda folder: (folder / "plum").rename(folder / "cherry"),
            'set "classes": ["apple", "cherry", "pear"]',
        ),
        (lambda folder: (folder / "plum").rename(folder / "cherry"), "--classes apple,cherry,pear"),
        (
            lambda folder: (folder / "fig").mkdir(),
            "are apple, fig, pear, plum, but the classes are apple, pear",
        ),
        (lambda folder: (folder / "plum").rename(folder / "p,l"), "the subfolder 'p,l' of"),
        (lambda folder: (folder / "plum").rename(folder / "pl um\n"), r"the subfolder 'pl um\n' of"),
        (lambda folder: (folder / "plum").rename(folder / "Prünelle"), "rename it"),
        (lambda folder: folder.rename(folder.parent / "gone"), "is no folder"),
        (
            lambda folder: [(folder / "plum" / f"{n}.png").unlink() for n in range(4)],
            "'plum' has 2; at least 3",
        ),
        (lambda folder: [(folder / "plum" / f"{n}.png").write_text("") for n in range(6)], "'plum' has 0;"),
        (
            lambda folder: [(folder / name).rename(folder / f".{name}") for name in CLASSES],
            "has 0 subfolders",
        ),
    ],
)
def test_a_folder_that_cannot_be_staged_is_one_line(
    change: Any, complaint: str, pictures: Path, tmp_path: Path, capsys: Captured
) -> None:
    change(pictures)
    assert stage(pictures, tmp_path / "out") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = (line for line in captured.err.splitlines() if line.startswith("stage.py: "))
    assert complaint in line
    assert not (tmp_path / "out").exists()


def test_classes_can_be_checked_before_anything_is_read(pictures: Path, capsys: Captured) -> None:
    check = ["--fetch", "--images", str(pictures), "--classes"]
    assert main([*check, "plum,pear,apple"]) == 0
    assert capsys.readouterr() == (f"{pictures}\n", "")
    assert main([*check, "bicycle,motorcycle"]) == 1
    assert "--classes apple,pear,plum" in capsys.readouterr().err


def test_an_archive_and_a_folder_at_once_are_refused(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--images", "a", "--archive", "b"])
    assert left.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_odd_metadata_are_not_talked_about(pictures: Path, tmp_path: Path, capsys: Captured) -> None:
    save(shapes("odd"), pictures / "apple" / "odd.jpg", "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    assert stage(pictures, tmp_path) == 0
    assert "arn" not in capsys.readouterr().err
    assert "apple/odd.jpg" in manifest(tmp_path)["source"]["originals"].values()


@pytest.mark.parametrize("change", [Path.unlink, lambda file: save(shapes("other"), file)])
def test_a_picture_that_changes_meanwhile_is_noticed(change: Any, pictures: Path, tmp_path: Path) -> None:
    data_set = staging.read_own_pictures(pictures, CLASSES, 0.1)
    change(pictures / "pear" / "3.png")
    with pytest.raises(staging.StagingError, match=r"pear/3\.png' was changed meanwhile: run it again"):
        staging.stage(data_set, "scones", None, tmp_path)
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
        for number in range(8):
            pixels = Image.effect_noise((512, 512), 100).convert("RGB")
            save(pixels, tmp_path / "pictures" / name / f"{number}.bmp", "BMP")
    tracemalloc.start()
    try:
        assert stage(tmp_path / "pictures", tmp_path) == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # As pixels or as files they are 19 MB and 7 MB.
    assert sum(entry["bytes"] for entry in manifest(tmp_path)["files"].values()) > 6e6
    assert peak < 5e6
