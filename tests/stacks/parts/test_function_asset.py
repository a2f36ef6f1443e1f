"""The functions' asset: whole or absent, the same for the same sources, and enough to start the functions."""

import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path

import pytest

from local.lambda_functions.packages import use_hosts_builds
from stacks.parts import function_asset
from stacks.parts.function_asset import LAMBDAS, PYTHON, REQUIREMENTS, AssetError, build_function_asset
from tests.stacks.synthesis import REPOSITORY, Assembly

# What AWS's Python runtime brings: boto3 and what it needs.
RUNTIME_PACKAGES = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")


@pytest.fixture(scope="session")
def asset() -> Path:
    return build_function_asset().folder


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


@pytest.fixture(scope="session")
def asset_here(asset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The asset as the embedded cloud unpacks it for the Python that runs the tests."""
    folder = tmp_path_factory.mktemp("here") / "asset"
    shutil.copytree(asset, folder)
    use_hosts_builds(folder)
    return folder


def test_a_command_builds_it_and_tells_nothing_where_it_is_there(asset: Path) -> None:
    command = [sys.executable, "-m", "stacks.parts.function_asset"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert asset.is_dir()
    assert (done.stdout, done.stderr) == ("", "")


def test_every_handler_of_the_templates_starts_with_nothing_but_the_asset_and_awss_runtime(
    asset_here: Path, runtime: Path, assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    check_start_of_handlers(sys.executable, asset_here, runtime, assembly, with_artifact, with_auto)


def test_every_handler_starts_on_lambdas_own_python_from_the_asset_as_it_is_uploaded(
    lambdas_python: str,
    asset: Path,
    runtime: Path,
    assembly: Assembly,
    with_artifact: Assembly,
    with_auto: Assembly,
) -> None:
    check_start_of_handlers(lambdas_python, asset, runtime, assembly, with_artifact, with_auto)


def check_start_of_handlers(python: str, asset: Path, runtime: Path, *assemblies: Assembly) -> None:
    handlers = {
        function["Properties"]["Handler"]
        for made in assemblies
        for stack in ("storage", "training", "endpoint", "workflow")
        for function in made.resources(stack, "AWS::Lambda::Function").values()
        if "FunctionName" in function["Properties"]
    }
    assert {f"lambdas.{function}.handler" for function in ("serialize", "classify", "filter")} < handlers
    for handler in handlers:
        module, function = handler.rsplit(".", 1)
        path = [str(asset), str(runtime)]
        started = subprocess.run(
            [
                *(python, "-I", "-S", "-B", "-c"),
                f"import sys; sys.path[:0] = {path!r}; import {module} as m; assert callable(m.{function})",
            ],
            env={
                "AWS_REGION": "us-east-1",
                "AWS_DEFAULT_REGION": "us-east-1",
                "CLASSES": "bicycle,motorcycle",
                "CONFIDENCE_THRESHOLD": "0.8",
                "THRESHOLD_SOURCE": "a test",
                "ENDPOINT_NAME": "scones",
                "ENDPOINT_SWITCH": "/scones/endpoint-switch",
                "POWERTOOLS_SERVICE_NAME": "scones",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert started.returncode == 0, f"{handler}: {started.stderr}"


def test_the_asset_holds_sources_and_packages_and_no_leavings(asset: Path) -> None:
    top = {path.name for path in asset.iterdir()}
    assert {"PIL", "aws_lambda_powertools", "lambdas"} <= top
    assert not {"bin", "boto3", "botocore", "numpy"} & top
    lambdas = asset / "lambdas"
    held = {path.relative_to(lambdas) for path in lambdas.rglob("*") if path.is_file()}
    assert held == {path.relative_to(LAMBDAS) for path in LAMBDAS.rglob("*.py")}


def test_a_second_build_takes_the_first_as_it_is(asset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("something was fetched"))
    assert build_function_asset().folder == asset


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Sources of a test's own, and a stand-in for pip that brings one file."""
    lambdas = tmp_path / "lambdas"
    lambdas.mkdir()
    (lambdas / "one.py").write_text("ONE = 1\n")
    monkeypatch.setattr(function_asset, "LAMBDAS", lambdas)

    def fetch(folder: Path) -> None:
        (folder / "package.py").write_text("")

    monkeypatch.setattr(function_asset, "_fetch_packages", fetch)
    yield lambdas


def test_a_source_that_is_only_moved_is_another_asset(sources: Path, tmp_path: Path) -> None:
    before = build_function_asset(tmp_path / "build").folder
    (sources / "deploy").mkdir()
    (sources / "one.py").rename(sources / "deploy" / "one.py")
    after = build_function_asset(tmp_path / "build").folder
    assert after != before
    assert (after / "lambdas" / "deploy" / "one.py").exists()
    assert not (after / "lambdas" / "one.py").exists()


def test_a_changed_source_is_another_asset_and_fetches_nothing(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_function_asset(tmp_path / "build")
    (sources / "one.py").write_text("ONE = 2\n")
    monkeypatch.setattr(function_asset, "_fetch_packages", lambda _: pytest.fail("fetched again"))
    second = build_function_asset(tmp_path / "build")
    assert second.digest != first.digest
    assert (second.folder / "lambdas" / "one.py").read_text() == "ONE = 2\n"
    assert (first.folder / "lambdas" / "one.py").read_text() == "ONE = 1\n"


def test_the_same_sources_are_the_same_asset_wherever_it_is_built(sources: Path, tmp_path: Path) -> None:
    first = build_function_asset(tmp_path / "here")
    os.utime(sources / "one.py", (1, 1))
    assert build_function_asset(tmp_path / "there").digest == first.digest


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
        folder = build_function_asset(tmp_path / "build").folder
    finally:
        os.umask(before)
    assert modes(folder) == {("folder", 0o755), ("file", 0o644)}


def test_an_asset_that_lambda_may_not_read_is_not_taken_as_it_is(sources: Path, tmp_path: Path) -> None:
    folder = build_function_asset(tmp_path / "build").folder
    for path in (*folder.rglob("*.py"), folder / "lambdas"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert build_function_asset(tmp_path / "build").folder == folder
    assert modes(folder) == {("folder", 0o755), ("file", 0o644)}


def test_a_program_in_the_asset_stays_one(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(folder: Path) -> None:
        (folder / "program").write_text("#!/bin/sh\n")
        (folder / "program").chmod(0o700)

    monkeypatch.setattr(function_asset, "_fetch_packages", fetch)
    folder = build_function_asset(tmp_path / "build").folder
    assert stat.S_IMODE((folder / "program").stat().st_mode) == 0o755


def test_the_functions_have_one_runtime_whoever_deploys(
    assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    for made in (assembly, with_artifact, with_auto):
        for stack in ("training", "workflow"):
            for function in made.resources(stack, "AWS::Lambda::Function").values():
                assert function["Properties"]["Runtime"] == "python3.13"
                assert function["Properties"]["Architectures"] == ["x86_64"]


def test_compiled_packages_are_those_of_the_one_runtime(asset: Path) -> None:
    built_for = {
        match[1] for path in asset.rglob("*.so") if (match := re.search(r"\.(cpython-.*)\.so", path.name))
    }
    assert built_for == {"cpython-313-x86_64-linux-gnu"}


def test_the_bundled_versions_are_those_that_the_tests_run() -> None:
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 3
    assert {line.lower() for line in lines} <= set((REPOSITORY / "constraints.txt").read_text().splitlines())


def test_a_build_that_is_interrupted_leaves_no_half_made_asset(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half.py").write_text("")
        raise KeyboardInterrupt

    monkeypatch.setattr(function_asset, "_fetch_packages", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_function_asset(tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []


def test_two_builds_at_once_do_each_other_no_harm(sources: Path, tmp_path: Path) -> None:
    built: list[Path] = []
    threads = [
        threading.Thread(target=lambda: built.append(build_function_asset(tmp_path / "build").folder))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 4
    assert len(set(built)) == 1
    assert (built[0] / "package.py").is_file()
    assert len(list((tmp_path / "build").iterdir())) == 2


def test_too_large_an_asset_is_refused_in_a_line(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function_asset, "MAX_BYTES", 3)
    with pytest.raises(AssetError, match=r"^The functions' asset has \d+ bytes, more than 3: [^\n]+$"):
        build_function_asset(tmp_path / "build")


def test_packages_that_cannot_be_fetched_are_named_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("no-such-package-anywhere==1.0\n")
    monkeypatch.setattr(function_asset, "REQUIREMENTS", requirements)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(AssetError) as refused:
        build_function_asset(tmp_path / "build")
    assert "no-such-package-anywhere" in str(refused.value)
    assert "PIP_FIND_LINKS" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list((tmp_path / "build").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file where the folder should be")
    with pytest.raises(AssetError, match=r"^The functions' asset cannot be written to \S+/build: [^\n]+$"):
        build_function_asset(tmp_path / "build")
