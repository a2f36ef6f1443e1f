"""What is uploaded of a folder, and what is not sent twice."""

import re
from pathlib import Path

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
    assert uploaded.left_out == ["empty.jpg", "link", "notes.txt"]


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
    with pytest.raises(WrongSource, match=r"has no photo: their names end in one of \.avif, \.bmp, "):
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
    assert uploaded.left_out == ["\udcff.jpg", f"{deep}/long.jpg"]


def test_a_folder_s_photos_are_those_that_the_page_takes_out_of_one() -> None:
    page = (REPOSITORY / "console" / "page" / "views" / "try_it" / "files.js").read_text()
    pattern = re.search(r"EXTENSIONS = /(.+)/i;", page)
    assert pattern
    assert all(re.search(pattern[1], f"photo{ending}", re.IGNORECASE) for ending in ENDINGS)
    for ending in ("avif", "bmp", "gif", "heic", "heif", "jfif", "jpg", "jpeg", "png", "tif", "tiff", "webp"):
        assert bool(re.search(pattern[1], f"photo.{ending}")) == (f".{ending}" in ENDINGS)
