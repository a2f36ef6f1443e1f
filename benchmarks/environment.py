"""Tells what every benchmark runs on: the repository, this machine, and the environment that has MXNet."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MXNET = REPOSITORY / ".cache" / "mxnet-1.9.1" / "bin" / "python"
CPUINFO = Path("/proc/cpuinfo")
LOAD_AT_START = os.getloadavg()[0]
"""Read when a benchmark imports this: its report is written at the end, under a load of its own."""


def describe_machine() -> dict[str, object]:
    """Returns what a benchmark's figures depend on, which each report tells beside them."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    packages = {package: version(package) for package in ("torch", "openvino", "numpy", "Pillow")}
    return {
        "cores": os.cpu_count(),
        "processor": _read_processor(),
        "load_at_start": LOAD_AT_START,
        "commit": commit,
        "versions": {"python": platform.python_version(), **packages},
    }


def _read_processor() -> str:
    """Returns the processor's name, or its architecture where the system does not tell the name."""
    cpuinfo = CPUINFO.read_text() if CPUINFO.is_file() else ""
    found = re.search(r"^model name\s*: (.+)$", cpuinfo, re.MULTILINE)
    return found[1] if found else platform.machine()
