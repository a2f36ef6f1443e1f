"""What `python -m console route` says beside its table."""

from pathlib import Path

import pytest

from console.__main__ import main
from console.commands.printing import explain_classes
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
    assert "knows c0, c1, c2, c3, c4, c5 and 94 more only" in explain_classes([f"c{n}" for n in range(100)])
