"""The staging command on a folder of own pictures, and what it has written."""

import json
from pathlib import Path
from typing import Any

from data_staging.stage import main

CLASSES = ["apple", "pear", "plum"]


def stage(pictures: Path, out: Path, classes: list[str] = CLASSES) -> int:
    """Runs the command; returns its exit status."""
    return main(["--images", str(pictures), "--classes", ",".join(classes), "--out", str(out)])


def staged(out: Path) -> Path:
    """Returns the folder of the one data set there."""
    (data_set,) = (out / "datasets").iterdir()
    return data_set


def manifest(out: Path) -> dict[str, Any]:
    """Returns the manifest of the one data set there."""
    content: dict[str, Any] = json.loads((staged(out) / "manifest.json").read_text())
    return content
