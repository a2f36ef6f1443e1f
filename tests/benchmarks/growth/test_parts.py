"""The parts whose growth is measured: their sizes, what is laid out for them, and what is refused."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.growth import __main__ as growth
from benchmarks.growth.archives import TEST_PHOTOS, draw_half
from benchmarks.growth.parts import PARTS, Part
from data_staging.sample import write_archive
from data_staging.steps import read_data_set


def test_each_part_has_sizes_enough_for_a_line() -> None:
    for part in PARTS.values():
        assert len(part.sizes) >= 5
        assert list(part.sizes) == sorted(set(part.sizes))


def test_all_photos_of_an_archive_are_staged(tmp_path: Path) -> None:
    halves = {"train": draw_half("train", 40, 1), "test": draw_half("test", TEST_PHOTOS, 2)}
    write_archive(tmp_path / "photos.tar.gz", halves)
    splits = read_data_set(tmp_path / "photos.tar.gz", ["bicycle", "motorcycle"], 0.1).splits
    counts = {split: len(pictures) for split, pictures in splits.items()}
    assert counts == {"train": 36, "validation": 4, "test": TEST_PHOTOS}


@pytest.mark.parametrize(
    "part", ["training-photos", "training-classes", "training-image-size", "answer-network-size"]
)
def test_the_job_of_a_size_has_hyperparameters_that_training_takes(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.container_paths import ContainerPaths
    from training.hyperparameters import parse

    # What a part trains while it is prepared is nothing that the hyperparameters depend on.
    monkeypatch.setattr("benchmarks.growth.parts._train", lambda *_: None)
    size = PARTS[part].sizes[0]
    PARTS[part].prepare(tmp_path, size)
    found = parse(ContainerPaths(tmp_path / "job").read_hyperparameters())
    assert found.epochs == 1
    assert size in (found.num_classes, found.num_training_samples, found.image_shape[1])


def test_rounds_run_every_size_and_give_a_curve_a_figure(tmp_path: Path) -> None:
    run: list[tuple[int, bool]] = []

    def prepare(folder: Path, size: int) -> None:
        (folder / "laid out").write_text(str(size))

    def measure(folder: Path, size: int) -> dict[str, float]:
        run.append((size, (folder / "laid out").read_text() == str(size)))
        return {"seconds": float(len(run)), "MiB": 2.0 * size}

    seconds, memory = growth.measure_part(Part("photos", (1, 2, 4), prepare, measure), 2)
    assert run == [(1, True), (2, True), (4, True), (4, True), (2, True), (1, True)]
    assert seconds.rounds == [[1, 6], [2, 5], [3, 4]]
    assert memory.medians == [2, 4, 8]
    assert memory.exponent == pytest.approx(1)


@pytest.mark.parametrize("options", [["--rounds", "0"], ["--draw", "no/such/folder"]])
def test_what_cannot_be_measured_is_refused_before_anything_is(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["growth", "staging", *options])
    monkeypatch.setattr(growth, "measure_part", lambda *_: pytest.fail("something was measured"))
    with pytest.raises(SystemExit) as refused:
        growth.main()
    assert refused.value.code == 2
    assert options[0] in capsys.readouterr().err or "no folder" in options[1]


def test_the_report_is_one_json_object_and_the_picture_lies_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    part = Part("photos", (1, 10, 100), lambda *_: None, lambda _, size: {"seconds": 0.5 * size})
    monkeypatch.setitem(PARTS, "staging", part)
    monkeypatch.setattr(sys, "argv", ["growth", "staging", "--rounds", "1", "--draw", str(tmp_path)])
    assert growth.main() == 0
    output = capsys.readouterr()
    (curve,) = json.loads(output.out)["curves"]
    assert curve["figure"] == "seconds"
    assert curve["exponent"] == pytest.approx(1)
    assert "| seconds | 0.500 | 5.00 | 50.0 | 1.00 | 1.00 |" in output.err
    assert (tmp_path / "staging.svg").read_text().lstrip().startswith("<?xml")
