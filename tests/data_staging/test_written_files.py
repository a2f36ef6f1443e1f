"""What is written for a data set: pictures, lists and manifest, whole or not at all."""

import errno
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data_staging import folder, steps
from data_staging.cifar100 import archive
from data_staging.cifar100.selection import ArchivePicture
from data_staging.dataset import DataSet
from data_staging.errors import StagingError

REPOSITORY = Path(__file__).resolve().parents[2]
CLASSES = ["bicycle", "motorcycle"]
# Runs stage.py with the given arguments, and kills it when some files are written.
KILLED_HALF_WAY = """
import os, pathlib, signal, sys
write, written = pathlib.Path.write_bytes, []
def write_some(path, content):
    written.append(path)
    if len(written) > 10:
        os.kill(os.getpid(), signal.SIGKILL)
    return write(path, content)
pathlib.Path.write_bytes = write_some
from data_staging.stage import main
main(sys.argv[1:])
"""


@pytest.fixture
def written(data_set: DataSet, tmp_path: Path) -> Path:
    """The folder that the data set was written to."""
    assert folder.write(data_set, tmp_path)
    return tmp_path / "datasets" / data_set.id


def manifest(written: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((written / "manifest.json").read_text())
    return content


def test_a_picture_is_a_true_rgb_png_with_the_pixels_of_the_archive() -> None:
    row = np.arange(3072, dtype=np.uint16).astype(np.uint8)
    image = Image.open(io.BytesIO(ArchivePicture("bicycle/a.png", 0, "", row).encode()))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (32, 32))
    red, green, blue = row[:1024], row[1024:2048], row[2048:]
    assert image.getpixel((5, 1)) == (red[37], green[37], blue[37])
    assert np.array_equal(np.asarray(image).transpose(2, 0, 1).reshape(-1), row)


def test_the_real_archives_pictures_survive_unchanged(cifar100: Path, tmp_path: Path) -> None:
    content = archive.read(cifar100)
    data_set = steps.read_data_set(cifar100, CLASSES, 0.1)
    folder.write(data_set, tmp_path)
    files = tmp_path / "datasets" / data_set.id / "test"
    rows = {content.test.pixels[row].tobytes() for row in range(len(content.test.names))}
    pictures = sorted(files.rglob("*.png"))
    assert len(pictures) == len(data_set.splits["test"]) > 0
    for picture in pictures:
        pixels = np.asarray(Image.open(picture)).transpose(2, 0, 1)
        assert pixels.tobytes() in rows
        assert picture.name in content.test.names


def test_a_list_numbers_its_lines_and_its_paths_are_files_of_its_split(written: Path) -> None:
    for split in ("train", "validation", "test"):
        lines = [line.split("\t") for line in (written / f"{split}.lst").read_text().splitlines()]
        assert [index for index, _, _ in lines] == [str(index) for index in range(len(lines))]
        assert all(path.split("/")[0] == CLASSES[int(label)] for _, label, path in lines)
        listed = {path for _, _, path in lines}
        found = {str(path.relative_to(written / split)) for path in (written / split).rglob("*.png")}
        assert listed == found
        assert len(listed) == len(lines)


def test_the_manifest_agrees_with_the_files(written: Path, data_set: DataSet, drawn: Path) -> None:
    content = manifest(written)
    assert content["format"] == 1
    assert content["dataset"] == data_set.id
    assert content["classes"] == CLASSES
    assert content["source"] == {
        "kind": "generated",
        "archive": drawn.name,
        "md5": hashlib.md5(drawn.read_bytes()).hexdigest(),
        "official": False,
    }
    assert content["splits"] == {
        "train": {"count": 18, "classes": {"bicycle": 9, "motorcycle": 9}},
        "validation": {"count": 2, "classes": {"bicycle": 1, "motorcycle": 1}},
        "test": {"count": 4, "classes": {"bicycle": 2, "motorcycle": 2}},
    }
    found = {
        str(path.relative_to(written)): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
            "label": CLASSES.index(path.parent.name),
        }
        for path in written.rglob("*.png")
    }
    assert content["files"] == found


def test_what_is_written_already_is_left_alone(written: Path, data_set: DataSet) -> None:
    before = {path: path.stat().st_mtime_ns for path in written.rglob("*")}
    assert not folder.write(data_set, written.parents[1])
    assert {path: path.stat().st_mtime_ns for path in written.rglob("*")} == before


@pytest.mark.parametrize(
    "stop",
    [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()],
    ids=["disk full", "Ctrl-C"],
)
def test_a_run_that_stops_half_way_leaves_nothing(
    stop: BaseException, data_set: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes, written = Path.write_bytes, []

    def write_some(path: Path, content: bytes) -> int:
        written.append(path)
        if len(written) > 10:
            raise stop
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_some)
    with pytest.raises((StagingError, KeyboardInterrupt)) as stopped:
        folder.write(data_set, tmp_path)
    assert list((tmp_path / "datasets").iterdir()) == []
    if isinstance(stop, OSError):
        assert str(stopped.value).endswith("cannot be written: No space left on device")
    monkeypatch.undo()
    assert folder.write(data_set, tmp_path)


def test_of_two_runs_at_once_the_slower_one_finds_the_work_done(
    data_set: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = folder._fill

    def fill_while_another_run_overtakes(unfinished: Path, same: DataSet) -> None:
        monkeypatch.setattr(folder, "_fill", fill)
        assert folder.write(same, tmp_path)
        fill(unfinished, same)

    monkeypatch.setattr(folder, "_fill", fill_while_another_run_overtakes)
    assert not folder.write(data_set, tmp_path)
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == [data_set.id]


def test_what_a_killed_run_has_left_is_taken_away_by_the_next_one(
    data_set: DataSet, drawn: Path, tmp_path: Path
) -> None:
    options = ["--archive", drawn, "--out", tmp_path]
    killed = subprocess.run([sys.executable, "-c", KILLED_HALF_WAY, *options], cwd=REPOSITORY, check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = (tmp_path / "datasets").iterdir()
    assert left.name.startswith(".unfinished-")
    assert folder.write(data_set, tmp_path)
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == [data_set.id]


def test_the_content_is_on_the_disk_before_its_name_is(
    data_set: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    monkeypatch.setattr(os, "sync", lambda: seen.append((tmp_path / "datasets" / data_set.id).exists()))
    folder.write(data_set, tmp_path)
    assert seen == [False]


def test_a_folder_without_manifest_is_not_taken_for_a_data_set(written: Path, data_set: DataSet) -> None:
    (written / "manifest.json").unlink()
    with pytest.raises(StagingError, match="remove it and run again"):
        folder.write(data_set, written.parents[1])
