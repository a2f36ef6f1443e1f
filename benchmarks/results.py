"""Runs the benchmarks and writes what they found: ``python -m benchmarks.results [--only NAME ...]``.

Each runs in a process of its own, one after the other. What it reports is kept in ``benchmarks/results/``,
and ``benchmarks/results.md`` is written anew of all that lies there: where only some run, the figures of the
others stay. One that fails is shown with its reason, the others still run, and the exit status is 1. A missed
goal is no failure. ``make bench`` installs what the rivals need.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.environment import REPOSITORY
from benchmarks.rows import Row

DOCUMENT = REPOSITORY / "benchmarks" / "results.md"
KEPT = REPOSITORY / "benchmarks" / "results"
DATA = "DIR"
"""Stands in a command for the folder of a staged data set."""
HEADER = "| what | here | rival | n | ratio: median (least to greatest) | goal | |"
INTRODUCTION = f"""# Results of the benchmarks

`make bench` runs all of them and writes this file; `python -m benchmarks.results --only NAME` runs one and
leaves the others' figures as they are. Figures are medians of n rounds, in which here and rival took turns;
the ratio is taken in each round, and the goal is about its median. `{DATA}` is the data set that
`python data_staging/stage.py --out` wrote.
"""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark, and in words what it compares.

    Attributes:
        title: Heads its table.
        rival: What is beside ours.
        command: Its module and arguments.
        bound: What the figures are bound by.
    """

    title: str
    rival: str
    command: Sequence[str]
    bound: str = ""


BENCHMARKS: Mapping[str, Benchmark] = {
    "staging": Benchmark(
        "Staging 60,000 images",
        "extract, `pickle.load`, `imsave` each, upload one by one; mere decompression",
        ("benchmarks.staging",),
        "The whole archive has to be unpacked, which takes a fifth of the notebook way's time to a folder "
        "even with ISA-L; mere decompression here is zlib's. Its last file says which label is which class: "
        "until then any of 60,000 pictures, 184 MB, may be wanted. On the embedded cloud requests take both "
        "ways' processor; the farther away S3 is, the more uploading side by side pays.",
    ),
    "training": Benchmark(
        "Training to the default accuracy",
        "MXNet 1.9.1, the same network and epochs",
        ("benchmarks.model.training_speed", DATA, "--rounds", "3"),
        "A quarter of our process is the frozen layers' views, which more epochs do not take again: an epoch "
        "alone is five times as fast as MXNet's. A round takes nine minutes.",
    ),
    "serving": Benchmark(
        "`/invocations`", "an MXNet module behind the same server", ("benchmarks.model.serving", DATA)
    ),
    "package": Benchmark(
        "The Lambda package",
        "the `sagemaker` SDK in the package, and the functions that import it",
        ("benchmarks.package",),
        "What decodes photos, Pillow and libheif, takes 25 of serialize's 27 MB; the seed's functions decode "
        "none.",
    ),
    "execution": Benchmark(
        "A warm execution on the embedded cloud",
        "three bare Lambda calls of the same functions",
        ("benchmarks.execution",),
        "Between the functions an execution's state is written to disk, so that a cloud that was ended goes "
        "on where it was; who polls waits for the next look, too.",
    ),
    "synthesis": Benchmark(
        "`cdk synth`, and `cdk deploy` with nothing changed",
        "a bare CDK app with as many stacks",
        ("benchmarks.synthesis",),
        "Each construct is a message to the CDK's own process, and the CDK checks each template with its "
        "own rules; ours has some 170 resources, the rival seven.",
    ),
    "page": Benchmark(
        "The page at 100,000 invocations", "pandas reading the same lines", ("benchmarks.console_page",)
    ),
    "fresh-clone": Benchmark(
        "From a fresh clone to the first routed photo", "none", ("benchmarks.fresh_clone",)
    ),
}


class Failure(Exception):
    """A benchmark gave no figures; the message is its reason in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", action="append", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS)
    )
    chosen = parser.parse_args(arguments).only or list(BENCHMARKS)
    failed = []
    with tempfile.TemporaryDirectory() as data:
        for name in dict.fromkeys(chosen):
            print(f"== {name}", file=sys.stderr, flush=True)
            found: dict[str, Any] = {"date": datetime.now(UTC).isoformat(timespec="seconds")}
            try:
                found["report"] = run(BENCHMARKS[name].command, Path(data))
            except Failure as failure:
                found["failed"] = str(failure)
                failed.append(name)
            keep(found, KEPT / f"{name}.json")
            replace(DOCUMENT, render(KEPT))
    for name in failed:
        print(f"{name} failed, see above", file=sys.stderr)
    return 1 if failed else 0


def run(command: Sequence[str], data: Path) -> dict[str, Any]:
    """Returns the report that a benchmark prints, whose rows are whole.

    Args:
        command: Its module and arguments.
        data: A folder, into which a data set is staged if it is named and still empty.

    Raises:
        Failure: It, or staging, failed.
    """
    if DATA in command and not any(data.iterdir()):
        call([sys.executable, "data_staging/stage.py", "--out", str(data)])
    given = [str(data) if argument == DATA else argument for argument in command]
    printed = call([sys.executable, "-m", *given])
    try:
        report: dict[str, Any] = json.loads(printed)
        for row in report["rows"]:
            Row(**row)
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"it printed no report of rows: {error!r}") from None
    return report


def call(command: Sequence[str]) -> str:
    """Returns what a command prints; its lines to standard error are handed on.

    Raises:
        Failure: It failed; the reason is its last line.
    """
    with tempfile.TemporaryFile("w+") as printed:
        with subprocess.Popen(
            command, cwd=REPOSITORY, stdout=printed, stderr=subprocess.PIPE, text=True, errors="replace"
        ) as process:
            last = ""
            for line in process.stderr or ():
                print(line, end="", file=sys.stderr, flush=True)
                last = line.strip() or last
        if process.returncode:
            raise Failure(last or f"exit status {process.returncode}")
        printed.seek(0)
        return printed.read()


def keep(found: Mapping[str, Any], path: Path) -> None:
    """Writes what a benchmark found, whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    replace(path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def replace(path: Path, text: str) -> None:
    """Writes a file that appears whole or stays as it was."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def render(kept: Path) -> str:
    """Returns the document of all that is kept in a folder."""
    parts = [INTRODUCTION]
    for name, benchmark in BENCHMARKS.items():
        path = kept / f"{name}.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        parts += render_benchmark(name, benchmark, found)
    return "\n".join(parts)


def render_benchmark(name: str, benchmark: Benchmark, found: Mapping[str, Any] | None) -> Iterator[str]:
    """Yields the lines of one benchmark, of which nothing has been found where it has not run yet."""
    yield f"## {benchmark.title}\n"
    yield f"`python -m {shlex.join(benchmark.command)}` (`--only {name}`); rival: {benchmark.rival}.\n"
    if found is None:
        yield "Not measured yet.\n"
        return
    if "failed" in found:
        yield f"**Failed** on {found['date']}: {escape(found['failed'])}\n"
        return
    yield HEADER
    yield "| --- | ---: | ---: | ---: | --- | --- | --- |"
    for given in found["report"]["rows"]:
        yield render_row(Row(**given))
    if benchmark.bound:
        yield f"\n{benchmark.bound}"
    yield f"\n{found['date']}, {describe(found['report']['machine'])}\n"


def render_row(row: Row) -> str:
    """Returns a row of the table."""
    here = f"{statistics.median(row.here):.4g} {row.unit}"
    rival = f"{statistics.median(row.rival):.4g} {row.unit}" if row.rival else "none"
    ratios = row.ratios
    spread = f"{statistics.median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})"
    met = "met" if row.is_met else "**not met**"
    return f"| {escape(row.what)} | {here} | {rival} | {len(row.here)} | {spread} | {row.goal} | {met} |"


def describe(machine: Mapping[str, Any]) -> str:
    """Returns in a line what a benchmark ran on."""
    versions = ", ".join(f"{package} {version}" for package, version in machine["versions"].items())
    return (
        f"commit {machine['commit'][:12]}; {machine['processor']}, {machine['cores']} cores, load "
        f"{machine['load_at_start']:.1f}; {versions}"
    )


def escape(text: str) -> str:
    """Returns a text that stays one cell of a table, in one line."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
