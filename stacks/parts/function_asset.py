"""Packs lambdas/ with the packages it needs, without Docker: pip brings the wheels for Lambda's platform.

What is built lies under .build/, named by a digest of what went into it: nothing is fetched or built twice.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LAMBDAS = REPOSITORY / "lambdas"
REQUIREMENTS = LAMBDAS / "requirements.txt"
DECODERS = LAMBDAS / "requirements-photos.txt"
BUILD = REPOSITORY / ".build"

# One runtime, whoever deploys: of two people on different machines neither undoes what the other deployed.
# The two lists in lambdas/ pin the wheels for it, on x86-64.
PYTHON = "3.13"
# Lambda runs it on Amazon Linux 2023, which has glibc 2.34.
PLATFORMS = (*(f"manylinux_2_{glibc}_x86_64" for glibc in range(34, 16, -1)), "manylinux2014_x86_64")
# Lambda runs functions as another user: the modes of files are part of what is packed.
MODES = "0644, 0755"
# What no function uses: console scripts, which name this machine's Python and so differ from machine to
# machine, and Powertools' page of an API's documentation, 1.7 MB of JavaScript and CSS.
LEFT_OUT = ("bin", "aws_lambda_powertools/event_handler/openapi/swagger_ui")
# Unzipped, Lambda takes 250 MB; a quarter of it keeps cold starts short.
MAX_BYTES = 62_500_000


class AssetError(Exception):
    """The asset cannot be built; the message is one line for the user."""


@dataclass(frozen=True)
class FunctionAsset:
    """Functions' code as it is uploaded.

    Attributes:
        folder: The folder that will be on the functions' ``sys.path``.
        digest: Digest of all that went into it.
    """

    folder: Path
    digest: str


@dataclass(frozen=True)
class FunctionAssets:
    """One asset for each need: where no photo is decoded there is no decoder to be attacked.

    Attributes:
        plain: For functions that decode no photo.
        decoding: For those that do: the same, with the decoders.
    """

    plain: FunctionAsset
    decoding: FunctionAsset


def build_function_assets(build: Path = BUILD) -> FunctionAssets:
    """Builds the functions' assets in a folder, unless they are there already.

    Raises:
        AssetError: pip could not fetch the packages, an asset is too large, or cannot be written.
    """
    try:
        packages, decoders = (_fetch_packages_once(file, build) for file in (REQUIREMENTS, DECODERS))
        return FunctionAssets(plain=_assemble(build, packages), decoding=_assemble(build, packages, decoders))
    except OSError as error:
        raise AssetError(f"The functions' assets cannot be written to {build}: {error}") from None


def _fetch_packages_once(requirements: Path, build: Path) -> Path:
    digest = _digest(PYTHON, *PLATFORMS, *LEFT_OUT, requirements.read_text())
    return _fill_once(build / f"packages-{digest}", lambda folder: _fetch_packages(requirements, folder))


def _assemble(build: Path, *packages: Path) -> FunctionAsset:
    """Puts the sources beside the content of some folders of packages."""
    sources = sorted(LAMBDAS.rglob("*.py"))
    # Where a file lies counts: one that is only moved makes another asset.
    contents = [text for file in sources for text in (str(file.relative_to(LAMBDAS)), file.read_text())]
    digest = _digest(*(folder.name for folder in packages), MODES, *contents)

    def fill(folder: Path) -> None:
        for fetched in packages:
            shutil.copytree(fetched, folder, copy_function=os.link, dirs_exist_ok=True)
        for source in sources:
            copy = folder / source.relative_to(LAMBDAS.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if size > MAX_BYTES:
            raise AssetError(
                f"The functions' asset has {size:,} bytes, more than {MAX_BYTES:,}: "
                f"see what the requirements in {LAMBDAS.name}/ bring along"
            )

    functions = _fill_once(build / f"functions-{digest}", fill)
    _let_everyone_read(functions)
    return FunctionAsset(functions, digest)


def _let_everyone_read(folder: Path) -> None:
    """Sets the modes of all that is in a folder: this user's umask or a copy may have kept others out."""
    for path in (folder, *folder.rglob("*")):
        mode = 0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644
        if path.stat().st_mode & 0o777 != mode:
            path.chmod(mode)


def _fetch_packages(requirements: Path, folder: Path) -> None:
    """Installs the wheels for Lambda's Linux into a folder."""
    print(f"Fetching {LAMBDAS.name}/{requirements.name} for Lambda's Python {PYTHON} (once)", file=sys.stderr)
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(folder)),
        # What a package needs is listed too: pip would go by the Python that it runs on itself.
        *("--requirement", str(requirements), "--no-deps"),
        *("--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON),
        *(argument for tag in PLATFORMS for argument in ("--platform", tag)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reasons = ["no reason given", *re.findall(r"^ERROR: (.*)", done.stderr, re.MULTILINE)]
        raise AssetError(
            f"pip cannot fetch the functions' packages ({reasons[-1]}): "
            "check the network, or point PIP_FIND_LINKS at a folder of wheels"
        )
    for part in LEFT_OUT:
        shutil.rmtree(folder / part, ignore_errors=True)


def _fill_once(target: Path, fill: Callable[[Path], None]) -> Path:
    """Fills a folder that gets its name only when it is whole; takes a folder of that name as it is."""
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unfinished-") as unfinished:
        folder = Path(unfinished) / "content"
        folder.mkdir()
        fill(folder)
        try:
            folder.rename(target)
        except OSError:
            # Another process built the same meanwhile.
            if not target.is_dir():
                raise
    return target


def _digest(*facts: str) -> str:
    return hashlib.sha256("".join(f"{fact}\0" for fact in facts).encode()).hexdigest()[:16]


if __name__ == "__main__":
    try:
        build_function_assets()
    except AssetError as error:
        sys.exit(str(error))
