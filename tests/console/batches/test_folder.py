"""What is uploaded of a folder, and what is not sent twice."""

import errno
import os
import re
from pathlib import Path
from typing import Any

import pytest

from console.batches.folder import ENDINGS, upload_folder
from console.batches.sources import Source, WrongSource
from evaluation.deployment import Deployment
from tests.console.batches.batch_machine import BUCKET

REPOSITORY = Path(__file__).resolve().parents[3]
PREFIX = "batches/trucks-0a1b2c3d/photos/"


def write(folder: Path, *names: str) -> Source:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(f"photo {name}".encode())
    return Source("trucks-0a1b2c3d", str(folder), BUCKET, PREFIX, folder)


def list_photos(deployment: Deployment) -> dict[str, str]:
    listed = deployment.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {entry["Key"].removeprefix(PREFIX): entry["ETag"] for entry in listed}


def test_the_photos_of_all_subfolders_keep_their_paths_and_what_is_no_photo_is_told(
    deployment: Deployment, tmp_path: Path
) -> None:
    source = write(tmp_path, "a.JPG", "dock 7/ä b.png", "notes.txt", ".hidden.jpg", ".git/c.jpg")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / f"{'l' * 200}").mkdir()
    uploaded = upload_folder(deployment, source)
    assert list(list_photos(deployment)) == ["a.JPG", "dock 7/ä b.png"]
    assert (uploaded.sent, uploaded.kept, uploaded.gone) == (2, 0, 0)
    assert uploaded.left_out == {"being no photos": ["empty.jpg", "link", "notes.txt"]}


def test_a_second_upload_sends_only_what_is_missing_or_has_changed(
    deployment: Deployment, tmp_path: Path
) -> None:
    source = write(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    upload_folder(deployment, source)
    before = list_photos(deployment)
    deployment.client("s3").delete_object(Bucket=BUCKET, Key=f"{PREFIX}a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"PHOTO b.jpg")
    (tmp_path / "c.jpg").rename(tmp_path / "d.jpg")
    uploaded = upload_folder(deployment, source)
    assert (uploaded.sent, uploaded.kept, uploaded.gone) == (3, 0, 1)
    after = list_photos(deployment)
    assert (after["a.jpg"], after["c.jpg"]) == (before["a.jpg"], before["c.jpg"])
    assert after["b.jpg"] != before["b.jpg"]
    assert (uploaded := upload_folder(deployment, source)).sent == 0
    assert uploaded.kept == 3


def test_a_folder_without_a_photo_is_refused_with_the_endings_of_photos(
    deployment: Deployment, tmp_path: Path
) -> None:
    with pytest.raises(WrongSource, match=r"has no photo, which .* \.avif, \.bmp, .*: 1 left out being no p"):
        upload_folder(deployment, write(tmp_path, "notes.txt"))


def test_a_name_that_is_no_text_and_one_that_is_too_long_for_s3_are_left_out(
    deployment: Deployment, tmp_path: Path
) -> None:
    deep = "/".join(["d" * 200] * 5)
    source = write(tmp_path, "a.jpg", f"{deep}/long.jpg")
    try:
        (tmp_path / "\udcff.jpg").write_bytes(b"photo")
    except OSError:
        pytest.skip("this file system takes no such name")
    uploaded = upload_folder(deployment, source)
    assert list(list_photos(deployment)) == ["a.jpg"]
    assert uploaded.left_out == {"for S3 takes no such names": [f"{deep}/long.jpg", "\udcff.jpg"]}


def refuse(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Has the system refuse to open files and folders of these names, even for a superuser."""

    def guard(operate: Any) -> Any:
        def do(place: Any, *arguments: Any, **more: Any) -> Any:
            if Path(place).name in names:
                raise PermissionError(errno.EACCES, "Permission denied", str(place))
            return operate(place, *arguments, **more)

        return do

    monkeypatch.setattr(Path, "open", guard(Path.open))
    monkeypatch.setattr(os, "scandir", guard(os.scandir))


def test_what_cannot_be_read_is_left_out_with_the_reason(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path, "a.jpg", "locked.jpg", "locked/b.jpg", "open/c.jpg", "notes.txt")
    refuse(monkeypatch, "locked", "locked.jpg")
    uploaded = upload_folder(deployment, source)
    assert list(list_photos(deployment)) == ["a.jpg", "open/c.jpg"]
    assert uploaded.sent == 2
    assert uploaded.left_out == {
        "for they cannot be read (Permission denied)": ["locked", "locked.jpg"],
        "being no photos": ["notes.txt"],
    }


def test_a_photo_that_can_be_read_no_more_counts_as_left_out_and_stays_in_the_batch(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path, "a.jpg", "locked.jpg")
    upload_folder(deployment, source)
    refuse(monkeypatch, "locked.jpg")
    uploaded = upload_folder(deployment, source)
    assert (uploaded.sent, uploaded.kept, uploaded.gone) == (0, 1, 0)
    assert uploaded.left_out == {"for they cannot be read (Permission denied)": ["locked.jpg"]}


@pytest.mark.parametrize("locked", ["only.jpg", "trucks"])
def test_a_folder_of_which_nothing_can_be_read_is_refused(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: str
) -> None:
    source = write(tmp_path / "trucks", "only.jpg")
    refuse(monkeypatch, locked)
    with pytest.raises((WrongSource, PermissionError), match="Permission denied"):
        upload_folder(deployment, source)


def test_what_lies_there_already_is_not_said_to_be_uploaded(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path, "a.jpg", "b.jpg")
    upload_folder(deployment, source)
    assert capsys.readouterr().err.splitlines()[-1] == "Uploading: 2 of 2 photos"
    upload_folder(deployment, source)
    assert capsys.readouterr().err.splitlines()[-1] == "Comparing and uploading: 2 of 2 photos"


def test_a_folder_s_photos_are_those_that_the_page_takes_out_of_one() -> None:
    page = (REPOSITORY / "console" / "page" / "views" / "try_it" / "files.js").read_text()
    pattern = re.search(r"EXTENSIONS = /(.+)/i;", page)
    assert pattern
    assert all(re.search(pattern[1], f"photo{ending}", re.IGNORECASE) for ending in ENDINGS)
    for ending in ("avif", "bmp", "gif", "heic", "heif", "jfif", "jpg", "jpeg", "png", "tif", "tiff", "webp"):
        assert bool(re.search(pattern[1], f"photo.{ending}")) == (f".{ending}" in ENDINGS)
