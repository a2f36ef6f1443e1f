"""Prepares all that a Python function can import: its own package, and what AWS's runtime brings."""

import hashlib
import importlib.util
import io
import os
import re
import shutil
import sys
import sysconfig
import zipfile
from importlib import metadata
from pathlib import Path

BROUGHT_BY_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
"""Top-level modules of AWS's Python runtimes; a function sees nothing else of this interpreter."""
BUILD = re.compile(r"\.(cpython-[\w-]+)\.so$")
"""In the name of a compiled module, which Python and system it is for: ``cpython-313-x86_64-linux-gnu``."""


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


def unpack(code: bytes, folder: Path) -> Path:
    """Unpacks a function's zip once per content.

    Args:
        code: The zip that was deployed.
        folder: Folder of all unpacked packages.

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
    use_hosts_builds(part / "task")
    part.replace(root.parent)
    return root


def use_hosts_builds(root: Path) -> None:
    """Puts this interpreter's own build in the place of each distribution that is compiled for another.

    What goes to AWS holds wheels for Lambda's Python on Linux, which no other Python and system can load. A
    distribution is replaced whole, for its parts fit one another alone; one that is not installed here is
    left, and fails at its import as it would on AWS.
    """
    for distribution in list(metadata.distributions(path=[str(root)])):
        names = [file.as_posix() for file in distribution.files or []]
        builds = {match[1] for name in names if (match := BUILD.search(name))}
        if not builds - {sysconfig.get_config_var("SOABI")}:
            continue
        try:
            own_build = metadata.distribution(distribution.name)
        except metadata.PackageNotFoundError:
            continue
        for part in {name.split("/")[0] for name in names}:
            if (root / part).is_dir():
                shutil.rmtree(root / part)
            else:
                (root / part).unlink(missing_ok=True)
        for part in {file.parts[0] for file in own_build.files or []} - {".."}:
            (root / part).symlink_to(Path(str(own_build.locate_file(part))).resolve())


def _find_module(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"the embedded cloud needs the Python package {name}: install requirements.txt")
    origin = Path(os.path.realpath(spec.origin))
    return origin.parent if spec.submodule_search_locations else origin
