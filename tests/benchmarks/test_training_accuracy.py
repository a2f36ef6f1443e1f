"""The accuracy benchmark: what it reads of a staged folder, and its folds."""

import platform
import sys

import numpy as np
import pytest

from benchmarks import training_accuracy
from benchmarks.training_accuracy import Picture, Run, folds_of, summary


def test_the_pictures_are_found_from_a_relative_folder(tmp_path, monkeypatch, capsys):
    dataset = tmp_path / "staged" / "datasets" / "0123"
    dataset.mkdir(parents=True)
    (dataset / "manifest.json").write_text('{"classes": ["bicycle", "motorcycle"]}')
    for split in ("train", "validation", "test"):
        (dataset / f"{split}.lst").write_text("0\t1\tmotorcycle/a.png\n")
    seen = []
    monkeypatch.setattr(training_accuracy, "train", lambda root, training, *_: seen.extend(training) or 1.0)
    monkeypatch.setattr(training_accuracy, "answers", lambda *_: (np.ones(1), np.ones(1, bool)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["training_accuracy.py", "staged", "--seeds", "1"])
    assert training_accuracy.main() == 0
    # Training finds its pictures through links, which a relative path would leave dangling.
    assert seen == [Picture(dataset / "train" / "motorcycle" / "a.png", 1)]
    assert '"mean_accuracy": 1.0' in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["--folds", "1"], ["--folds", "-1"], ["--seeds", "-1"]])
def test_numbers_of_runs_that_make_no_sense_are_one_line(tmp_path, monkeypatch, capsys, wrong):
    monkeypatch.setattr(sys, "argv", ["training_accuracy.py", str(tmp_path), *wrong])
    with pytest.raises(SystemExit) as caught:
        training_accuracy.main()
    assert caught.value.code == 2
    assert "--seeds must be 0 or more, --folds 0 or at least 2" in capsys.readouterr().err


def test_the_folds_share_every_class_evenly_and_no_picture(tmp_path):
    pictures = [Picture(tmp_path / str(number), number % 2) for number in range(40)]
    folds = folds_of(pictures, 5)
    assert sorted((picture for fold in folds for picture in fold), key=lambda p: int(p.path.name)) == pictures
    assert all(sum(picture.label for picture in fold) == 4 and len(fold) == 8 for fold in folds)


def answered(right, wrong):
    """A run with so many right and wrong answers."""
    every = np.repeat([True, False], [right, wrong])
    return Run({"accuracy": float(every.mean())}, np.ones(len(every), np.float32), every)


@pytest.mark.parametrize(
    ("runs", "interval"),
    [
        # Of 300 answers 287 are right; Wilson's interval by its formula in Brown, Cai and DasGupta (2001).
        ([answered(96, 4), answered(95, 5), answered(96, 4)], [0.9273, 0.9745]),
        ([answered(20, 0)], [0.8389, 1.0]),
    ],
)
def test_the_accuracy_has_the_95_percent_interval_of_all_answers(runs, interval):
    assert summary("some", runs)["interval_95_accuracy_of_all_answers"] == interval


def test_the_machine_is_told_by_its_processors_name(monkeypatch, tmp_path):
    told = tmp_path / "cpuinfo"
    monkeypatch.setattr(training_accuracy, "CPUINFO", told)
    told.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\n")
    assert training_accuracy.machine()["processor"] == "Some CPU @ 2.00GHz"
    told.unlink()
    assert training_accuracy.machine()["processor"] == platform.machine()
