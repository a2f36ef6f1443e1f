"""A benchmark's job folder: which data set it is made of, and what the container finds in it."""

import json
from pathlib import Path

import pytest

from benchmarks.model.job_folder import Picture, Training, find_data_set, lay_out, read_split, run_training


def test_a_job_folder_is_laid_out_as_the_container_finds_it(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"pixels")
    root = tmp_path / "job"
    lay_out(root, {"train": [Picture(picture, 1)] * 2, "validation": [Picture(picture, 0)]}, {"epochs": "1"})
    settings = json.loads((root / "input/config/hyperparameters.json").read_text())
    assert settings == {"epochs": "1", "num_classes": "2", "num_training_samples": "2"}
    assert (root / "input/data/train_lst/train.lst").read_text() == "0\t1\t0.png\n1\t1\t1.png\n"
    assert (root / "input/data/validation/0.png").read_bytes() == b"pixels"


def test_a_folder_without_a_data_set_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds 0 data sets; stage one"):
        find_data_set(tmp_path)


def test_the_pictures_are_found_from_a_relative_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "staged" / "datasets" / "0123"
    folder.mkdir(parents=True)
    (folder / "manifest.json").touch()
    (folder / "train.lst").write_text("0\t1\tmotorcycle/a.png\n")
    monkeypatch.chdir(tmp_path)
    # Training finds its pictures through links, which a relative path would leave dangling.
    assert read_split(find_data_set(Path("staged")), "train") == [
        Picture(folder / "train" / "motorcycle" / "a.png", 1)
    ]


def test_epochs_are_read_from_the_log() -> None:
    lines = r"INFO:root:Epoch[0] Time cost=2.5\nEpoch[0] Train-accuracy=0.9\n[1] Epoch[1] Time cost=1.250"
    run = run_training(["printf", lines])
    assert run.epochs == (2.5, 1.25)
    assert run.process < 60
    assert Training(9.0, (3.0, 1.0, 2.0)).epoch == 2.0


def test_a_training_that_fails_ends_the_benchmark_with_what_it_said() -> None:
    with pytest.raises(SystemExit, match="no such data"):
        run_training(["bash", "-c", "echo no such data >&2; exit 3"])
