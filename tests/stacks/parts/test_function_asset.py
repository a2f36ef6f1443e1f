"""The functions' assets: whole or absent, the same for the same sources, and what each function needs."""

import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest

from local.lambda_functions.packages import use_hosts_builds
from stacks.parts import function_asset
from stacks.parts.function_asset import (
    DECODERS,
    LAMBDAS,
    PYTHON,
    REQUIREMENTS,
    AssetError,
    FunctionAssets,
    build_function_assets,
)
from tests.stacks.synthesis import REPOSITORY, STACKS, Assembly

# What AWS's Python runtime brings: boto3 and what it needs.
RUNTIME_PACKAGES = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")


@pytest.fixture(scope="session")
def assets() -> FunctionAssets:
    return build_function_assets()


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of AWS's runtime and no other."""
    folder = tmp_path_factory.mktemp("runtime")
    for package in RUNTIME_PACKAGES:
        for file in files(package) or []:
            top = file.parts[0]
            if top != ".." and not (folder / top).exists():
                (folder / top).symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / top)
    return folder


@pytest.fixture(scope="session")
def lambdas_python() -> str:
    """The Python that Lambda runs the functions on, if this machine has it."""
    found = shutil.which(f"python{PYTHON}") or ""
    asked = [found, "-c", "import sys; print(sys.executable)"]
    if not found or subprocess.run(asked, capture_output=True, check=False).returncode != 0:
        pytest.skip(f"there is no Python {PYTHON} on the PATH")
    return found


def test_a_command_builds_them_and_tells_nothing_where_they_are_there(assets: FunctionAssets) -> None:
    command = [sys.executable, "-m", "stacks.parts.function_asset"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert assets.plain.folder.is_dir()
    assert assets.decoding.folder.is_dir()
    assert (done.stdout, done.stderr) == ("", "")


def test_every_handler_starts_with_nothing_but_its_asset_as_the_embedded_cloud_unpacks_it_and_awss_runtime(
    runtime: Path, assembly: Assembly, with_artifact: Assembly, with_auto: Assembly, tmp_path: Path
) -> None:
    def unpack(asset: Path) -> Path:
        folder = tmp_path / asset.name
        if not folder.exists():
            shutil.copytree(asset, folder)
            use_hosts_builds(folder)
        return folder

    check_start_of_handlers(sys.executable, unpack, runtime, assembly, with_artifact, with_auto)


def test_every_handler_starts_on_lambdas_own_python_from_its_asset_as_it_is_uploaded(
    lambdas_python: str, runtime: Path, assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    check_start_of_handlers(lambdas_python, lambda asset: asset, runtime, assembly, with_artifact, with_auto)


def check_start_of_handlers(
    python: str, unpack: Callable[[Path], Path], runtime: Path, *assemblies: Assembly
) -> None:
    """Checks that each handler can be imported, and that it imports the decoders if its asset has them."""
    # By handler and asset as it is uploaded: the environment.
    functions = {
        (
            properties["Handler"],
            made.folder / f"asset.{properties['Code']['S3Key'].removesuffix('.zip')}",
        ): properties["Environment"]["Variables"]
        for made in assemblies
        for stack in STACKS
        for function in made.resources(stack, "AWS::Lambda::Function").values()
        if "FunctionName" in (properties := function["Properties"])
    }
    for (handler, asset), environment in functions.items():
        decodes = import_handler(handler, environment, python, unpack(asset), runtime)
        assert decodes == (asset / "PIL").exists(), f"{handler} has the wrong asset"
    steps = {f"lambdas.{function}.handler" for function in ("serialize", "classify", "filter")}
    assert steps < {handler for handler, _ in functions}


def import_handler(
    handler: str, environment: dict[str, Any], python: str, asset: Path, runtime: Path
) -> bool:
    """Imports a function's handler as Lambda does; returns whether that imported a decoder."""
    module, function = handler.rsplit(".", 1)
    program = (
        f"import sys; sys.path[:0] = {[str(asset), str(runtime)]!r}; import {module} as m; "
        f"assert callable(m.{function}); print('PIL' in sys.modules)"
    )
    # What only a deploy knows is a number here: one of them is the threshold.
    known = {name: value if isinstance(value, str) else "0.8" for name, value in environment.items()}
    started = subprocess.run(
        [python, "-I", "-S", "-B", "-c", program],
        env={"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", **known},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, f"{handler}: {started.stderr}"
    return started.stdout == "True\n"


def test_an_asset_holds_sources_and_packages_and_no_leavings(assets: FunctionAssets) -> None:
    plain, decoding = (
        {path.name for path in asset.folder.iterdir() if path.suffix != ".dist-info"}
        for asset in (assets.plain, assets.decoding)
    )
    assert plain == {"aws_lambda_powertools", "jmespath", "lambdas", "typing_extensions.py"}
    extension = "_pi_heif.cpython-313-x86_64-linux-gnu.so"
    assert decoding - plain == {"PIL", "pillow.libs", "pi_heif", "pi_heif.libs", extension}
    for asset in (assets.plain, assets.decoding):
        lambdas = asset.folder / "lambdas"
        held = {path.relative_to(lambdas) for path in lambdas.rglob("*") if path.is_file()}
        assert held == {path.relative_to(LAMBDAS) for path in LAMBDAS.rglob("*.py")}
        assert {path.suffix for path in asset.folder.rglob("*")}.isdisjoint({".js", ".css"})


def test_a_second_build_takes_the_first_as_it_is(
    assets: FunctionAssets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("something was fetched"))
    assert build_function_assets() == assets


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Sources of a test's own, and a stand-in for pip that brings one file for each list."""
    lambdas = tmp_path / "lambdas"
    lambdas.mkdir()
    (lambdas / "one.py").write_text("ONE = 1\n")
    monkeypatch.setattr(function_asset, "LAMBDAS", lambdas)

    def fetch(requirements: Path, folder: Path) -> None:
        (folder / f"{requirements.stem}.py").write_text("")

    monkeypatch.setattr(function_asset, "_fetch_packages", fetch)
    yield lambdas


def test_the_decoders_are_in_the_one_asset_alone(sources: Path, tmp_path: Path) -> None:
    built = build_function_assets(tmp_path / "build")
    plain, decoding = (
        {path.name for path in asset.folder.iterdir()} for asset in (built.plain, built.decoding)
    )
    assert plain == {"lambdas", f"{REQUIREMENTS.stem}.py"}
    assert decoding == {*plain, f"{DECODERS.stem}.py"}
    assert built.plain.digest != built.decoding.digest


def test_a_source_that_is_only_moved_is_another_asset(sources: Path, tmp_path: Path) -> None:
    before = build_function_assets(tmp_path / "build").plain.folder
    (sources / "deploy").mkdir()
    (sources / "one.py").rename(sources / "deploy" / "one.py")
    after = build_function_assets(tmp_path / "build").plain.folder
    assert after != before
    assert (after / "lambdas" / "deploy" / "one.py").exists()
    assert not (after / "lambdas" / "one.py").exists()


def test_a_changed_source_is_another_asset_and_fetches_nothing(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_function_assets(tmp_path / "build")
    (sources / "one.py").write_text("ONE = 2\n")
    monkeypatch.setattr(function_asset, "_fetch_packages", lambda *_: pytest.fail("fetched again"))
    second = build_function_assets(tmp_path / "build")
    for before, after in ((first.plain, second.plain), (first.decoding, second.decoding)):
        assert before.digest != after.digest
        assert (before.folder / "lambdas" / "one.py").read_text() == "ONE = 1\n"
        assert (after.folder / "lambdas" / "one.py").read_text() == "ONE = 2\n"


def test_the_same_sources_are_the_same_asset_wherever_it_is_built(sources: Path, tmp_path: Path) -> None:
    first = build_function_assets(tmp_path / "here")
    os.utime(sources / "one.py", (1, 1))
    there = build_function_assets(tmp_path / "there")
    assert (there.plain.digest, there.decoding.digest) == (first.plain.digest, first.decoding.digest)


def modes(folder: Path) -> set[tuple[str, int]]:
    """Returns the kinds and modes of all that is in a folder, and its own."""
    return {
        ("folder" if path.is_dir() else "file", stat.S_IMODE(path.stat().st_mode))
        for path in (folder, *folder.rglob("*"))
    }


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_lambda_may_read_the_asset_whatever_this_user_keeps_from_others(
    sources: Path, tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        (sources / "deploy").mkdir()
        (sources / "deploy" / "two.py").write_text("TWO = 2\n")
        folder = build_function_assets(tmp_path / "build").plain.folder
    finally:
        os.umask(before)
    assert modes(folder) == {("folder", 0o755), ("file", 0o644)}


def test_an_asset_that_lambda_may_not_read_is_not_taken_as_it_is(sources: Path, tmp_path: Path) -> None:
    folder = build_function_assets(tmp_path / "build").plain.folder
    for path in (*folder.rglob("*.py"), folder / "lambdas"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert build_function_assets(tmp_path / "build").plain.folder == folder
    assert modes(folder) == {("folder", 0o755), ("file", 0o644)}


def test_a_program_in_the_asset_stays_one(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(requirements: Path, folder: Path) -> None:
        (folder / requirements.stem).write_text("#!/bin/sh\n")
        (folder / requirements.stem).chmod(0o700)

    monkeypatch.setattr(function_asset, "_fetch_packages", fetch)
    folder = build_function_assets(tmp_path / "build").plain.folder
    assert stat.S_IMODE((folder / REQUIREMENTS.stem).stat().st_mode) == 0o755


def test_the_functions_have_one_runtime_whoever_deploys(
    assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    for made in (assembly, with_artifact, with_auto):
        for stack in ("training", "workflow"):
            for function in made.resources(stack, "AWS::Lambda::Function").values():
                assert function["Properties"]["Runtime"] == "python3.13"
                assert function["Properties"]["Architectures"] == ["x86_64"]


def test_compiled_packages_are_those_of_the_one_runtime(assets: FunctionAssets) -> None:
    built_for = {
        match[1]
        for path in assets.decoding.folder.rglob("*.so")
        if (match := re.search(r"\.(cpython-.*)\.so", path.name))
    }
    assert built_for == {"cpython-313-x86_64-linux-gnu"}


def test_the_bundled_versions_are_those_that_the_tests_run() -> None:
    lines = [
        line
        for requirements in (REQUIREMENTS, DECODERS)
        for line in requirements.read_text().splitlines()
        if not line.startswith("#")
    ]
    assert len(lines) > 3
    assert {line.lower() for line in lines} <= set((REPOSITORY / "constraints.txt").read_text().splitlines())


def test_a_build_that_is_interrupted_leaves_no_half_made_asset(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Path, folder: Path) -> None:
        (folder / "half.py").write_text("")
        raise KeyboardInterrupt

    monkeypatch.setattr(function_asset, "_fetch_packages", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_function_assets(tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []


def test_two_builds_at_once_do_each_other_no_harm(sources: Path, tmp_path: Path) -> None:
    built: list[Path] = []
    threads = [
        threading.Thread(target=lambda: built.append(build_function_assets(tmp_path / "build").plain.folder))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 4
    assert len(set(built)) == 1
    assert (built[0] / f"{REQUIREMENTS.stem}.py").is_file()
    # The packages of both lists, and both assets.
    assert len(list((tmp_path / "build").iterdir())) == 4


def test_too_large_an_asset_is_refused_in_a_line(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function_asset, "MAX_BYTES", 3)
    with pytest.raises(AssetError, match=r"^The functions' asset has \d+ bytes, more than 3: [^\n]+$"):
        build_function_assets(tmp_path / "build")


def test_packages_that_cannot_be_fetched_are_named_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("no-such-package-anywhere==1.0\n")
    monkeypatch.setattr(function_asset, "REQUIREMENTS", requirements)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(AssetError) as refused:
        build_function_assets(tmp_path / "build")
    assert "no-such-package-anywhere" in str(refused.value)
    assert "PIP_FIND_LINKS" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list((tmp_path / "build").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file where the folder should be")
    with pytest.raises(AssetError, match=r"^The functions' assets cannot be written to \S+/build: [^\n]+$"):
        build_function_assets(tmp_path / "build")
