"""What `python -m console route` says beside its table."""

from pathlib import Path

import pytest

from console.__main__ import main
from console.commands.printing import explain_classes, format_routings
from console.executions.routing import Photo, Routing
from evaluation.deployment import Deployment
from tests.console.server.page_client import png


def test_it_says_that_the_model_knows_its_classes_only(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    photo = tmp_path / "teal rectangle.png"
    photo.write_bytes(png(0))
    assert main(["route", str(photo)]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].split()[-3:-1] == ["0.950", "routed"]
    assert printed.err.splitlines()[-1] == (
        "The model knows bicycle and motorcycle only: whatever else a photo shows, it is called one of them."
    )


def test_of_many_classes_the_first_are_named() -> None:
    manifest = {"classes": [f"c{number}" for number in range(100)]}
    assert "knows c0, c1, c2, c3, c4, c5 and 94 more only" in explain_classes(manifest)


def test_with_an_other_class_it_says_that_such_photos_are_refused() -> None:
    manifest = {"classes": ["bicycle", "motorcycle", "other"], "other_class": "other"}
    assert explain_classes(manifest) == (
        "The model knows bicycle and motorcycle, and refuses a photo that looks more like something else "
        "(other)."
    )


def test_a_photo_of_none_of_the_classes_is_told_as_refused() -> None:
    cause = "The photo shows no bicycle or motorcycle: most probable is other, of bicycle 0.1, motorcycle 0.1"
    photo = Photo("teal.png", "bucket", "teal.png")
    routing = Routing(photo, "refused", "other", 0.8, "NoneOfTheClasses", cause, 7)
    assert "refused: no bicycle or motorcycle" in format_routings([routing])
