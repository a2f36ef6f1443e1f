"""The accuracy benchmark: what it scores on which pictures, and its folds."""

import json
import sys

import numpy as np
import pytest

from benchmarks.model import training_accuracy
from benchmarks.model.job_folder import Picture, Training
from benchmarks.model.training_accuracy import Run, split_into_folds, summarise


def test_each_seed_s_model_is_scored_on_the_test_images(tmp_path, monkeypatch, capsys):
    data_set = tmp_path / "datasets" / "0123"
    data_set.mkdir(parents=True)
    (data_set / "manifest.json").touch()
    for split in ("train", "validation", "test"):
        (data_set / f"{split}.lst").write_text(f"0\t1\tmotorcycle/{split}.png\n")
    seeds, scored = [], []

    def classify(_, pictures):
        scored.extend(pictures)
        return np.ones(1), np.ones(1, bool)

    monkeypatch.setattr(training_accuracy, "train", lambda _, seed: seeds.append(seed) or Training(1.0, ()))
    monkeypatch.setattr(training_accuracy, "classify", classify)
    monkeypatch.setattr(sys, "argv", ["training_accuracy", str(tmp_path), "--seeds", "2"])
    assert training_accuracy.main() == 0
    assert seeds == [1, 2]
    assert scored == [Picture(data_set / "test" / "motorcycle" / "test.png", 1)] * 2
    report = json.loads(capsys.readouterr().out)
    assert report["hyperparameters"]["use_pretrained_model"] == "1"
    assert report["results"][0]["mean_accuracy"] == 1.0


@pytest.mark.parametrize("wrong", [["--folds", "1"], ["--folds", "-1"], ["--seeds", "-1"]])
def test_numbers_of_runs_that_make_no_sense_are_one_line(tmp_path, monkeypatch, capsys, wrong):
    monkeypatch.setattr(sys, "argv", ["training_accuracy.py", str(tmp_path), *wrong])
    with pytest.raises(SystemExit) as caught:
        training_accuracy.main()
    assert caught.value.code == 2
    assert "--seeds must be 0 or more, --folds 0 or at least 2" in capsys.readouterr().err


def test_the_folds_share_every_class_evenly_and_no_picture(tmp_path):
    pictures = [Picture(tmp_path / str(number), number % 2) for number in range(40)]
    folds = split_into_folds(pictures, 5)
    assert sorted((picture for fold in folds for picture in fold), key=lambda p: int(p.path.name)) == pictures
    assert all(sum(picture.label for picture in fold) == 4 and len(fold) == 8 for fold in folds)


def run_with(right, wrong):
    """A run with so many right and wrong answers."""
    every = np.repeat([True, False], [right, wrong])
    return Run({"accuracy": float(every.mean())}, np.ones(len(every), np.float32), every)


@pytest.mark.parametrize(
    ("runs", "interval"),
    [
        # Of 300 answers 287 are right; Wilson's interval by its formula in Brown, Cai and DasGupta (2001).
        ([run_with(96, 4), run_with(95, 5), run_with(96, 4)], [0.9273, 0.9745]),
        ([run_with(20, 0)], [0.8389, 1.0]),
    ],
)
def test_the_accuracy_has_the_95_percent_interval_of_all_answers(runs, interval):
    assert summarise("some", runs)["interval_95_accuracy_of_all_answers"] == interval
