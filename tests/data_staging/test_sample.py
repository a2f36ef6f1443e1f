"""The stand-in for CIFAR-100: its layout is the real one, its pictures are drawn and always the same."""

import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from data_staging import sample, steps
from data_staging.cifar100 import archive, pickles
from data_staging.sample import CLASS_NAMES, main, write_sample

REPOSITORY = Path(__file__).resolve().parents[2]


def parts(path: Path) -> dict[str, dict[bytes, object]]:
    with tarfile.open(path) as packed:
        return {
            part: pickles.load(packed.extractfile(f"cifar-100-python/{part}"))  # type: ignore[arg-type]
            for part in ("meta", "train", "test")
        }


def test_its_layout_is_that_of_the_real_archive(cifar100: Path, drawn: Path) -> None:
    real, ours = parts(cifar100), parts(drawn)
    assert real["meta"] == ours["meta"]
    for half in ("train", "test"):
        assert {key: type(value) for key, value in real[half].items()} == {
            key: type(value) for key, value in ours[half].items()
        }
    kinds = dict(zip(*labels(real["train"]), strict=True))
    assert all(kinds.get(label, kind) == kind for label, kind in zip(*labels(ours["train"]), strict=True))


def labels(half: dict[bytes, object]) -> tuple[list[int], list[int]]:
    return half[b"fine_labels"], half[b"coarse_labels"]  # type: ignore[return-value]


def test_it_says_that_it_is_generated(drawn: Path) -> None:
    assert archive.read(drawn).generated
    assert steps.read_data_set(drawn, ["bicycle", "motorcycle"], 0.1).source.kind == "generated"


def test_the_same_arguments_give_the_same_file(drawn: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "a.tar.gz", tmp_path / "made" / "b.tar.gz"):
        write_sample(path, 3, 2)
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "made" / "b.tar.gz").read_bytes()


def test_each_class_is_drawn_as_often_and_no_two_pictures_are_the_same(tmp_path: Path) -> None:
    classes = ["bicycle", "motorcycle"]
    write_sample(tmp_path / "a.tar.gz", train_per_class=6, test_per_class=3)
    content = archive.read(tmp_path / "a.tar.gz")
    for rows, count in ((content.train, 6), (content.test, 3)):
        assert Counter(content.class_names[label] for label in rows.labels) == dict.fromkeys(classes, count)
    pixels = np.concatenate([content.train.pixels, content.test.pixels])
    assert len({row.tobytes() for row in pixels}) == 18
    assert content.train.labels != sorted(content.train.labels)


def test_pixels_alone_tell_the_classes_apart_but_not_easily(tmp_path: Path) -> None:
    write_sample(tmp_path / "a.tar.gz", train_per_class=100, test_per_class=50)
    content = archive.read(tmp_path / "a.tar.gz")
    train, test = (rows.pixels.astype(np.float32) for rows in (content.train, content.test))
    distances = (train**2).sum(axis=1) - 2 * test @ train.T
    nearest = np.array(content.train.labels)[distances.argmin(axis=1)]
    accuracy = np.mean(nearest == content.test.labels)
    assert 0.55 < accuracy < 0.9


def test_the_names_are_cifar_100s() -> None:
    assert len(CLASS_NAMES) == 100
    assert {"bicycle", "motorcycle", "lawn_mower"} < set(CLASS_NAMES)


def test_it_runs_as_a_command_and_stages(tmp_path: Path) -> None:
    path = tmp_path / "sample.tar.gz"
    script = REPOSITORY / "data_staging" / "sample.py"
    done = subprocess.run([sys.executable, script, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    content = archive.read(path)
    assert len(content.train.names) == 1000
    assert len(content.test.names) == 200
    assert [each.name for each in tmp_path.iterdir()] == ["sample.tar.gz"]


def test_a_path_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{__file__}/sample.tar.gz"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sample.py: ")
    assert "cannot be written" in line


def test_ctrl_c_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(content: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(sample, "pickle_as_python_2", interrupt)
    monkeypatch.setattr(sample.write_sample, "__defaults__", (1, 1))
    assert main([str(tmp_path / "sample.tar.gz")]) == 130
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
