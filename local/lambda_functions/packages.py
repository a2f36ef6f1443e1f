"""Prepares all that a Python function can import: its own package, and what AWS's runtime brings."""

import hashlib
import importlib.util
import io
import os
import shutil
import sys
import zipfile
from pathlib import Path

BROUGHT_BY_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
"""Top-level modules of AWS's Python runtimes; a function sees nothing else of this interpreter."""
LINUX_BUILD = "-linux-"
"""Part of the name of every module built for Linux: ``_imaging.cpython-311-x86_64-linux-gnu.so``."""


def make_runtime(folder: Path) -> None:
    """Fills ``folder`` with links to what AWS's runtime brings, and an executable ``bootstrap``."""
    (folder / "packages").mkdir(parents=True)
    for name in BROUGHT_BY_RUNTIME:
        module = _find_module(name)
        (folder / "packages" / module.name).symlink_to(module)
    # Through a link in the home, so that a listing of processes shows whose they are.
    client = folder / "runtime_client.py"
    client.symlink_to(Path(__file__).with_name(client.name))
    bootstrap = folder / "bootstrap"
    bootstrap.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{client}"\n')
    bootstrap.chmod(0o755)


def unpack(code: bytes, folder: Path, platform: str = sys.platform) -> Path:
    """Unpacks a function's zip once per content.

    Args:
        code: The zip that was deployed.
        folder: Folder of all unpacked packages.
        platform: ``sys.platform`` of this machine.

    Returns:
        The function's ``LAMBDA_TASK_ROOT``.
    """
    root = folder / hashlib.sha256(code).hexdigest() / "task"
    if root.exists():
        return root
    part = folder / f"{root.parent.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        archive.extractall(part / "task")
    if not platform.startswith("linux"):
        use_hosts_builds(part / "task")
    part.replace(root.parent)
    return root


def use_hosts_builds(root: Path) -> None:
    """Puts this interpreter's own build in the place of each module and package that is compiled for Linux.

    The package that goes to AWS holds Linux wheels (Pillow's), which no other system can load.
    """
    for module in sorted(root.glob(f"*{LINUX_BUILD}*.so")):
        module.unlink()
        own_build = _find_module(module.name.split(".")[0])
        (root / own_build.name).symlink_to(own_build)
    for package in sorted(path for path in root.iterdir() if path.is_dir()):
        if any(LINUX_BUILD in file.name for file in package.rglob("*.so")):
            shutil.rmtree(package)
            package.symlink_to(_find_module(package.name))


def _find_module(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"the embedded cloud needs the Python package {name}: install requirements.txt")
    origin = Path(os.path.realpath(spec.origin))
    return origin.parent if spec.submodule_search_locations else origin
