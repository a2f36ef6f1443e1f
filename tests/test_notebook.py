"""The notebook is committed as it is to be read: without outputs, and for no machine in particular."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOK: dict[str, Any] = json.loads((REPOSITORY / "notebooks" / "scones.ipynb").read_text(encoding="utf-8"))
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_it_is_a_notebook_of_format_4() -> None:
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert NOTEBOOK["metadata"]["kernelspec"]["name"] == "python3"
    names = [cell["id"] for cell in NOTEBOOK["cells"]]
    assert len(set(names)) == len(names)
    assert {cell["cell_type"] for cell in NOTEBOOK["cells"]} == {"code", "markdown"}


def test_it_has_no_outputs() -> None:
    assert CODE
    assert [cell for cell in CODE if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.mark.parametrize("cell", CODE, ids=lambda cell: cell["id"])
def test_its_cells_are_python(cell: dict[str, Any]) -> None:
    compile("".join(cell["source"]), cell["id"], "exec")


def test_it_names_no_host_region_account_or_path_of_a_machine() -> None:
    text = "".join(line for cell in NOTEBOOK["cells"] for line in cell["source"])
    assert "session.boto_region_name" in text
    telling = r"https?://|localhost|127\.0\.0\.1|endpoint_url|\d{12}|[a-z]{2}-[a-z]+-\d|/(?:tmp|home|root|Users|opt)/"
    assert re.findall(telling, text) == []


def test_each_text_explains_the_cell_below_it() -> None:
    kinds = [cell["cell_type"] for cell in NOTEBOOK["cells"]]
    assert kinds == ["markdown", "code"] * (len(kinds) // 2)


def read_packages() -> dict[str, str]:
    """Returns what requirements-notebook.txt names, with the version and perhaps for which Python."""
    lines = (REPOSITORY / "requirements-notebook.txt").read_text().splitlines()
    packages = [line.partition("==") for line in lines if line and not line.startswith("#")]
    return {normalise(name): version for name, _, version in packages}


def normalise(name: str) -> str:
    """Returns a package's name as PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_its_packages_are_pinned() -> None:
    packages = read_packages()
    assert packages["sagemaker"].startswith("2.")
    assert [name for name, version in packages.items() if not re.match(r"\d+(\.\w+)+(; |$)", version)] == []


def test_its_packages_are_all_that_the_staging_of_pictures_imports() -> None:
    program = (
        "import importlib, pkgutil, sys, data_staging\n"
        "for module in pkgutil.walk_packages(data_staging.__path__, 'data_staging.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    imported = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split()
    distributions = metadata.packages_distributions()
    needed = {normalise(name) for module in imported for name in distributions.get(module, [])}
    assert {"boto3", "pillow"} <= needed
    assert needed - set(read_packages()) - {"setuptools", "pip"} == set()
