"""What `python -m console review --export DIR` writes."""

from pathlib import Path

import pytest

from console.__main__ import main
from console.reviews import export
from console.reviews.photos import Judged
from console.reviews.queue import Reviews
from console.reviews.telling import Teller
from data_staging import own_pictures
from evaluation.deployment import Deployment
from tests.console.reviews.waiting_photos import BUCKET, client, draw, put, read_item, refuse


def label(deployment: Deployment, key: str, at: int, as_class: str | None) -> str:
    photo = refuse(key, at)
    Reviews(deployment, "arn:ann#tab").judge(photo, as_class)
    Teller(deployment).tell(photo)
    return photo


def list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_labelled_photos_become_a_folder_of_classes_that_staging_takes(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bike = label(deployment, "incoming/1/My Bike.PNG", 1, "bicycle")
    same_name = label(deployment, "incoming/2/My Bike.PNG", 2, "bicycle")
    odd = label(deployment, "incoming/3/..", 3, "motorcycle")
    label(deployment, "incoming/4/cat.png", 4, None)
    refuse("waits.png", 5)
    folder = tmp_path / "new" / "labelled"
    assert main(["review", "--export", str(folder)]) == 0
    assert list_files(folder) == {
        f"bicycle/My-Bike-{bike}.png",
        f"bicycle/My-Bike-{same_name}.png",
        f"motorcycle/photo-{odd}",
    }
    assert (folder / f"bicycle/My-Bike-{same_name}.png").read_bytes() == draw(2)
    assert capsys.readouterr().out == (
        f"Labelled photos written to {folder}: 3 (2 bicycle, 1 motorcycle); there already: 0\n"
    )
    found = own_pictures.find(folder, ["bicycle", "motorcycle"])
    assert len(found.photos) == 3
    assert (found.left_out, found.hidden) == ({}, [])


def test_what_is_there_is_not_written_again(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = label(deployment, "bike.png", 1, "bicycle")
    file = tmp_path / "bicycle" / f"bike-{photo}.png"
    file.parent.mkdir()
    file.write_bytes(b"somebody's own by now")
    label(deployment, "new.png", 2, "bicycle")
    assert main(["review", "--export", str(tmp_path)]) == 0
    assert file.read_bytes() == b"somebody's own by now"
    assert ": 1 (1 bicycle); there already: 1" in capsys.readouterr().out


def test_a_run_that_is_killed_leaves_nothing_half_written_and_the_next_goes_on(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(deployment, "bike.png", 1, "bicycle")

    def die(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:10])
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Path, "write_bytes", die)
        assert main(["review", "--export", str(tmp_path)]) == 130
    assert all(Path(name).name.startswith(".") for name in list_files(tmp_path))
    assert main(["review", "--export", str(tmp_path)]) == 0
    (name,) = list_files(tmp_path)
    assert (tmp_path / name).read_bytes() == draw(1)


def test_a_label_that_can_still_be_undone_is_not_written_yet(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Reviews(deployment, "arn:ann#tab").judge(refuse("bike.png"), "bicycle")
    assert main(["review", "--export", str(tmp_path)]) == 0
    assert list_files(tmp_path) == set()
    assert "because their labels can still be undone: 1" in capsys.readouterr().out


def test_photos_that_cannot_be_written_are_a_line_each_and_the_others_are_written(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, foreign = label(deployment, "gone.png", 1, "bicycle"), label(deployment, "odd.png", 2, "bicycle")
    label(deployment, "good.png", 3, "bicycle")
    client("s3").delete_object(Bucket=BUCKET, Key="gone.png")
    put(read_item(foreign) | {"label": "../../etc"})
    assert main(["review", "--export", str(tmp_path)]) == 1
    output = capsys.readouterr()
    lines = [line for line in output.err.splitlines() if line.startswith("Photo ")]
    assert lines[0].startswith(f"Photo {foreign} cannot be reviewed: its attribute label is '../../etc'")
    assert lines[1].startswith(
        f"Photo {gone} is left out: s3://{BUCKET}/review/{gone}/gone.png cannot be read"
    )
    assert output.out.startswith(f"Labelled photos written to {tmp_path}: 1 (1 bicycle)")


def test_without_a_label_the_folder_is_empty(deployment: Deployment, tmp_path: Path) -> None:
    assert main(["review", "--export", str(tmp_path / "new")]) == 0
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.usefixtures("deployment")
def test_a_folder_that_is_a_file_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["review", "--export", str(tmp_path / "file")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("console: ")
    assert str(tmp_path / "file") in line


def test_an_extension_is_kept_where_it_is_one() -> None:
    def name(key: str) -> str:
        judged = Judged("1d", "b", key, "", "routed by review", "bicycle", "arn", "now", untold=False)
        return export.name_file(judged).name

    assert name("a/Photo 1.JPEG") == "Photo-1-1d.jpeg"
    assert name("a/archive.tar.gz") == "archive-tar-1d.gz"
    assert name("a/x.verylong") == "x-1d"
    assert name("a/x.p/../ng") == "ng-1d"
    assert name("") == "photo-1d"
