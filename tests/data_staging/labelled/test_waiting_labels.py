"""Where own pictures stay, labelled photos wait until the folder is given again, and a line says how many."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data_staging.deployment_on_moto import keys, staged_id
from tests.data_staging.labelled.outcomes_on_moto import CLASSES, label_photo, png, stage, staged_manifest
from tests.data_staging.own_pictures.photo_files import fill, shapes

Captured = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("deployed", "archive")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of own pictures, which are staged."""
    folder = fill(tmp_path / "pictures", CLASSES)
    stage("--images", folder)
    return folder


def run_again(capsys: Captured) -> list[str]:
    """Runs the command without naming pictures; returns its lines."""
    capsys.readouterr()
    assert stage() == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Kept: ")
    return captured.err.splitlines()


def test_labelled_photos_wait_where_own_pictures_are_kept(pictures: Path, capsys: Captured) -> None:
    before, data_set = keys(), staged_id()
    assert run_again(capsys) == []
    for number in range(2):
        label_photo(png(shapes(number)), "bicycle", f"incoming/{number}.png")
    copies = {key for key in keys() if key.startswith("review/")}
    assert run_again(capsys) == ["2 labelled photos wait: give --images DIR again to stage them with it"]
    assert (keys() - copies, staged_id()) == (before, data_set)


def test_labelled_photos_that_were_staged_or_left_out_wait_no_longer(
    pictures: Path, capsys: Captured
) -> None:
    label_photo(png(shapes(1)), "bicycle", "incoming/taken.png")
    label_photo((pictures / "bicycle" / "0.png").read_bytes(), "bicycle", "incoming/copy.png")
    stage("--images", pictures)
    assert staged_manifest()["source"]["labelled"].keys() < staged_manifest()["files"].keys()
    assert run_again(capsys) == []
    label_photo(png(shapes(2)), "bicycle", "incoming/later.png")
    assert run_again(capsys) == ["1 labelled photo waits: give --images DIR again to stage it with it"]


def test_a_copy_that_is_labelled_later_waits_only_until_the_folder_is_given(
    pictures: Path, capsys: Captured
) -> None:
    label_photo(png(shapes(1)), "bicycle", "incoming/first.png")
    stage("--images", pictures)
    label_photo(png(shapes(1)), "bicycle", "incoming/second.png")
    assert len(run_again(capsys)) == 1
    stage("--images", pictures)
    assert run_again(capsys) == []


def test_labels_of_other_classes_wait_for_nothing(pictures: Path, capsys: Captured) -> None:
    label_photo(png(shapes(1)), "tricycle")
    assert run_again(capsys) == []


def test_labels_that_the_setting_turns_off_do_not_wait(
    pictures: Path, capsys: Captured, turn_off: Callable[[], None]
) -> None:
    label_photo(png(shapes(1)), "bicycle")
    turn_off()
    assert run_again(capsys) == ["1 labelled photo not taken: the setting labels_in_training is false"]
