"""The machine that a report names beside its figures."""

import platform
from pathlib import Path

import pytest

from benchmarks import environment


def test_the_machine_is_told_by_its_processors_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(environment, "CPUINFO", cpuinfo)
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\n")
    assert environment.describe_machine()["processor"] == "Some CPU @ 2.00GHz"
    cpuinfo.unlink()
    assert environment.describe_machine()["processor"] == platform.machine()


def test_the_machine_is_told_with_the_versions_that_figures_depend_on() -> None:
    versions = environment.describe_machine()["versions"]
    assert isinstance(versions, dict)
    assert versions["python"] == platform.python_version()
    assert versions.keys() == {"python", "torch", "openvino", "numpy", "Pillow"}


def test_the_load_that_is_told_is_not_that_of_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.os, "getloadavg", lambda: (1000.0, 0.0, 0.0))
    assert environment.describe_machine()["load_at_start"] != 1000.0
