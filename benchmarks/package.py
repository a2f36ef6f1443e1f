"""Measures the functions' packages beside one with the SageMaker SDK: ``python -m benchmarks.package``.

``make bench`` installs the SDK as one packs it for Lambda: all it needs, for this Python. Sizes are those
of the unpacked packages, which Lambda limits, and of their zips.

In every round each of the three handlers, and the seed's that imports the SDK, is imported in a process of
its own, as Lambda starts it: from a package in which nothing is compiled, beside what AWS's runtime brings,
which is. Only the import is timed. The files are in the system's cache. How long the seed's other two take,
which import boto3 alone or nothing, stands in the report as ``seed``.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.environment import REPOSITORY
from benchmarks.rows import Row, print_report
from local.lambda_functions.packages import make_runtime, use_hosts_builds
from stacks.parts.function_asset import FunctionAsset, build_function_assets

SDK = REPOSITORY / ".cache" / "sagemaker-sdk"
SEED = REPOSITORY / "benchmarks" / "rivals" / "seed"
STEPS = ("serialize", "classify", "filter")
WITH_SDK = "seed.classify"
IMPORT = """
import sys, time
sys.path[:0] = sys.argv[2:]
import importlib
begin = time.perf_counter()
importlib.import_module(sys.argv[1]).handler
print(time.perf_counter() - begin)
"""
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "CLASSES": "bicycle,motorcycle",
    "CONFIDENCE_THRESHOLD": "0.8",
    "THRESHOLD_SOURCE": "the benchmark",
    "ENDPOINT_NAME": "measured",
    "ENDPOINT_SWITCH": "/measured/endpoint-switch",
    "POWERTOOLS_METRICS_NAMESPACE": "measured",
}


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    if not SDK.is_dir():
        sys.exit(f"there is no {SDK.relative_to(REPOSITORY)}: make bench installs it")
    functions = build_function_assets()
    # As stacks/workflow.py has it.
    assets = {"serialize": functions.decoding, "classify": functions.plain, "filter": functions.plain}
    with tempfile.TemporaryDirectory() as folder:
        seed = lay_out_seed(Path(folder) / "seed")
        sizes = measure_sizes(assets, seed)
        own = {step: lay_out_own(asset.folder, Path(folder) / step) for step, asset in assets.items()}
        times = measure_imports(own, seed, Path(folder) / "runtime", rounds)
    imports = [
        Row(f"cold import of {step}", "ms", times[f"lambdas.{step}"], times[WITH_SDK], at_most=1 / 5)
        for step in STEPS
    ]
    others = {name: statistics.median(found) for name, found in times.items() if name.startswith("seed.")}
    print_report([*sizes, *imports], seed=others)
    return 0


def lay_out_seed(folder: Path) -> Path:
    """Returns a folder with the seed's functions beside the SDK."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SDK, folder, copy_function=os.link, ignore=ignored)
    shutil.copytree(SEED, folder / "seed", ignore=ignored)
    return folder


def lay_out_own(asset: Path, folder: Path) -> Path:
    """Returns a folder with an asset's functions, and with what this Python can import of their packages."""
    shutil.copytree(asset, folder / "unpacked")
    use_hosts_builds(folder / "unpacked")
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(folder / "unpacked", folder / "own", ignore=ignored))


def measure_sizes(assets: Mapping[str, FunctionAsset], seed: Path) -> list[Row]:
    """Returns two rows for each handler: the size of its package, unpacked and zipped."""
    unpacked, zipped = add_up(seed), pack(seed)
    rows = []
    for step, asset in assets.items():
        what = f"the package of {step}"
        rows += [
            Row(f"{what}, unpacked", "MB", [add_up(asset.folder)], [unpacked], at_most=1 / 50),
            Row(f"{what}, zipped", "MB", [pack(asset.folder)], [zipped], at_most=1 / 50),
        ]
    return rows


def add_up(folder: Path) -> float:
    """Returns the megabytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def pack(folder: Path) -> float:
    """Returns the megabytes of a folder's zip."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in folder.rglob("*"):
                archive.write(path, path.relative_to(folder))
        return file.tell() / 1e6


def measure_imports(
    own: Mapping[str, Path], seed: Path, runtime: Path, rounds: int
) -> Mapping[str, list[float]]:
    """Returns for each handler the milliseconds of every round; the order changes with the round."""
    make_runtime(runtime)
    packages = {f"lambdas.{step}": own[step] for step in STEPS} | {f"seed.{step}": seed for step in STEPS}
    times: dict[str, list[float]] = {name: [] for name in packages}
    # The first is left out: it reads the files from the disk.
    for number in range(rounds + 1):
        for name in list(packages)[:: -1 if number % 2 else 1]:
            times[name].append(time_import(name, packages[name], runtime / "packages"))
    return {name: found[1:] for name, found in times.items()}


def time_import(module: str, *folders: Path) -> float:
    """Returns the milliseconds that a process of its own takes to import a module.

    Raises:
        SystemExit: It cannot be imported.
    """
    # Isolated as in Lambda, and nothing that was compiled is kept.
    imported = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT, module, *folders],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    if imported.returncode:
        sys.exit(f"{module} cannot be imported: {imported.stderr.strip().splitlines()[-1]}")
    return float(imported.stdout.splitlines()[-1]) * 1000


if __name__ == "__main__":
    sys.exit(main())
