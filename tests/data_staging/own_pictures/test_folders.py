"""Which files of a folder of own pictures count, and which folders are refused."""

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from data_staging import own_pictures
from data_staging.stage import main
from tests.data_staging.own_pictures.photo_files import save, shapes
from tests.data_staging.own_pictures.staged_pictures import CLASSES, manifest, stage

Captured = pytest.CaptureFixture[str]


def test_folders_in_a_class_belong_to_it_but_hidden_ones(
    pictures: Path, tmp_path: Path, capsys: Captured
) -> None:
    save(shapes("deep"), pictures / "pear" / "2023" / "May" / "deep.jpg", "JPEG")
    save(shapes("hidden"), pictures / "pear" / ".thumbnails" / "hidden.png")
    save(shapes("hidden too"), pictures / "pear" / "._deep.png")
    save(shapes("no class"), pictures / ".ipynb_checkpoints" / "hidden.png")
    (pictures / ".DS_Store").write_bytes(b"x")
    assert stage(pictures, tmp_path) == 0
    source = manifest(tmp_path)["source"]
    assert source["left_out"] == {}
    assert (
        "Left out: 4 hidden files and folders ('.DS_Store', '.ipynb_checkpoints', " in capsys.readouterr().err
    )
    assert "pear/2023/May/deep.jpg" in source["originals"].values()
    assert not any("hidden" in original or "._" in original for original in source["originals"].values())


def test_what_a_system_adds_to_a_folder_is_left_out_with_a_line(
    pictures: Path, tmp_path: Path, capsys: Captured
) -> None:
    save(shapes("shadow"), pictures / "__MACOSX" / "apple" / "._0.png")
    save(shapes("deeper"), pictures / "apple" / "__MACOSX" / "1.png")
    (pictures / ".DS_Store").write_bytes(b"x")
    for name in ("Thumbs.db", "thumbs.db", "desktop.ini", "._0.png", "Icon\r"):
        (pictures / "pear" / name).write_bytes(b"x")
    (pictures / "apple" / "notes.txt").write_text("mine")
    assert stage(pictures, tmp_path) == 0
    left_out = manifest(tmp_path)["source"]["left_out"]
    assert left_out.keys() == {
        "apple/notes.txt",
        "__MACOSX",
        "apple/__MACOSX",
        *(f"pear/{name}" for name in ("Thumbs.db", "thumbs.db", "desktop.ini", "Icon\r")),
    }
    errors = capsys.readouterr().err
    for name in ("__MACOSX", "pear/Thumbs.db"):
        assert f"Left out: {name!r} is of no use but to the system that has put it there\n" in errors
    assert "Left out: 2 hidden files and folders ('.DS_Store', 'pear/._0.png')\n" in errors


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
    photo = save(shapes("photo", (400, 300)), pictures / "apple" / "photo.jpg", "JPEG")
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


def test_odd_metadata_are_not_talked_about(pictures: Path, tmp_path: Path, capsys: Captured) -> None:
    save(shapes("odd"), pictures / "apple" / "odd.jpg", "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    assert stage(pictures, tmp_path) == 0
    assert "arn" not in capsys.readouterr().err
    assert "apple/odd.jpg" in manifest(tmp_path)["source"]["originals"].values()
