"""Measures staging beside the notebook way: ``python -m benchmarks.staging``.

The archive has 60,000 generated pictures in CIFAR-100's layout and stays in ``.cache/``. In every round each
way stages its bicycles and motorcycles in a process of its own, to an empty folder and to an empty bucket of
an embedded cloud: ``data_staging/stage.py``, and extracting all, ``pickle.load``, ``imsave`` of each and
upload one by one; to the bucket once more as if it were far away, so that each answer comes 30 ms later. All
that comes before an upload, but for the import of boto3, is measured beside a process that only decompresses.
Who comes first changes with the round. Memory is the most that the process had.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from benchmarks.environment import REPOSITORY
from benchmarks.full_archive import write_full_archive
from benchmarks.growth.child import Taken, measure
from benchmarks.rows import Row, print_report
from benchmarks.staging.distance import put_at_distance
from lambdas.workflow.places import parameter
from tests.end_to_end.embedded_cloud import EmbeddedCloud

ARCHIVE = REPOSITORY / ".cache" / "full-archive.tar.gz"
STAGE = (sys.executable, "data_staging/stage.py", "--archive", str(ARCHIVE))
NOTEBOOK = (sys.executable, "-m", "benchmarks.rivals.notebook_staging", str(ARCHIVE))
DECOMPRESS = (sys.executable, "-m", "benchmarks.rivals.decompression", str(ARCHIVE))
READ = """
import sys
from pathlib import Path
from data_staging import steps
from stacks.configuration.settings import read_cdk_json
settings = read_cdk_json()
steps.read_data_set(Path(sys.argv[1]), settings.classes, settings.validation_fraction)
"""
SECONDS_AWAY = 0.03
Way = Callable[[Path, str], Taken]


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    write_full_archive(ARCHIVE)
    with tempfile.TemporaryDirectory() as home, start_cloud(Path(home)) as cloud:
        to_folder = compare(stage_to_folder, save_to_folder, rounds)
        to_s3 = compare_to_s3(cloud, "here", rounds)
        with put_at_distance(cloud.port, SECONDS_AWAY) as port:
            # The cloud's environment has an address for S3 alone beside that of all services.
            distant = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}"}
            away = replace(cloud, environment={**cloud.environment, **distant})
            to_distant_s3 = compare_to_s3(away, "away", rounds)
        before = compare(read, decompress, rounds)
    print_report(
        [
            *make_rows("to a folder", to_folder),
            *make_rows("to S3", to_s3),
            Row("staging to S3 30 ms away", "s", *list_figures("seconds", to_distant_s3), at_least=10),
            Row("before an upload, boto3 not imported", "s", *list_figures("seconds", before), at_most=1.5),
        ]
    )
    return 0


@contextmanager
def start_cloud(home: Path) -> Iterator[EmbeddedCloud]:
    """Yields an empty cloud, which is stopped at the end."""
    cloud = EmbeddedCloud(home)
    try:
        cloud.up()
        yield cloud
    finally:
        cloud.local("down")


def compare(ours: Way, theirs: Way, rounds: int) -> list[tuple[Taken, Taken]]:
    """Returns what both ways took in each round, each in an empty folder and under a name of its own."""
    found = []
    for number in range(rounds):
        taken = {}
        for way in (ours, theirs)[:: -1 if number % 2 else 1]:
            with tempfile.TemporaryDirectory() as folder:
                # Ours ends when all is on the disk: it must not wait for what others have written.
                os.sync()
                taken[way] = way(Path(folder), f"measured-{number}-{'ours' if way is ours else 'theirs'}")
        found.append((taken[ours], taken[theirs]))
    return found


def compare_to_s3(cloud: EmbeddedCloud, where: str, rounds: int) -> list[tuple[Taken, Taken]]:
    """Compares both ways to a cloud, in buckets whose names say where it is."""
    return compare(
        lambda folder, name: stage_to_s3(cloud, f"{name}-{where}"),
        lambda folder, name: save_to_s3(cloud, folder, f"{name}-{where}"),
        rounds,
    )


def make_rows(where: str, found: list[tuple[Taken, Taken]]) -> list[Row]:
    """Returns the rows of time and memory of both ways."""
    return [
        Row(f"staging {where}", "s", *list_figures("seconds", found), at_least=10),
        Row(f"memory of staging {where}", "MiB", *list_figures("megabytes", found), at_most=0.5),
    ]


def list_figures(which: str, found: list[tuple[Taken, Taken]]) -> tuple[list[float], list[float]]:
    """Returns one figure of all rounds, ours and theirs."""
    return [getattr(ours, which) for ours, _ in found], [getattr(theirs, which) for _, theirs in found]


def stage_to_folder(folder: Path, name: str) -> Taken:
    """Stages to a folder."""
    return measure([*STAGE, "--out", str(folder)])


def save_to_folder(folder: Path, name: str) -> Taken:
    """Saves in a folder, as the notebooks do."""
    return measure([*NOTEBOOK, str(folder)])


def stage_to_s3(cloud: EmbeddedCloud, name: str) -> Taken:
    """Stages for a deployment that has nothing but a bucket."""
    cloud.client("s3").create_bucket(Bucket=name)
    cloud.client("ssm").put_parameter(Name=parameter(name, "bucket"), Value=name, Type="String")
    with patch.dict(os.environ, cloud.environment):
        return measure([*STAGE, "--name", name])


def save_to_s3(cloud: EmbeddedCloud, folder: Path, name: str) -> Taken:
    """Saves and uploads, as the notebooks do."""
    cloud.client("s3").create_bucket(Bucket=name)
    with patch.dict(os.environ, cloud.environment):
        return measure([*NOTEBOOK, str(folder), name])


def read(folder: Path, name: str) -> Taken:
    """Does what staging does before it uploads."""
    return measure([sys.executable, "-c", READ, str(ARCHIVE)])


def decompress(folder: Path, name: str) -> Taken:
    """Decompresses the archive."""
    return measure([*DECOMPRESS])


if __name__ == "__main__":
    sys.exit(main())
