"""How the functions' packages are measured."""

import sys
from pathlib import Path

import pytest

from benchmarks import package
from benchmarks.package import ENVIRONMENT, add_up, main, pack, time_import


def test_a_package_s_size_is_that_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "zeros").write_bytes(bytes(2_000_000))
    (tmp_path / "zeros").write_bytes(bytes(1_000_000))
    assert add_up(tmp_path) == 3
    assert pack(tmp_path) < 0.1


def test_a_module_is_imported_from_its_package_and_leaves_nothing_compiled_there(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("import time, other\ntime.sleep(0.05)\nhandler = other.handler\n")
    (tmp_path / "other.py").write_text("import os\nhandler = os.environ['ENDPOINT_NAME']\n")
    assert time_import("steps", tmp_path) >= 50
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_module_without_a_handler_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("")
    with pytest.raises(SystemExit, match=r"^steps cannot be imported: AttributeError: [^\n]*$"):
        time_import("steps", tmp_path)


@pytest.mark.parametrize("step", package.STEPS)
def test_the_handlers_are_imported_with_the_environment_that_they_need(step: str) -> None:
    assert "ENDPOINT_NAME" in ENVIRONMENT
    installed = [path for path in sys.path if path.endswith("site-packages")]
    assert time_import(f"lambdas.{step}", package.REPOSITORY, *map(Path, installed)) > 0


def test_without_the_sdk_it_says_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "REPOSITORY", tmp_path)
    monkeypatch.setattr(package, "SDK", tmp_path / "sdk")
    monkeypatch.setattr(sys, "argv", ["package"])
    with pytest.raises(SystemExit, match="no sdk: make bench installs it"):
        main()
