"""Lets a person judge the photos that wait, in the terminal, and writes the labelled ones to a folder."""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from console.reviews.export import export_labelled
from console.reviews.labels import suggest_retraining
from console.reviews.queue import Reviews
from console.reviews.reviewer import name_reviewer
from console.reviews.terminal.desk import Desk
from console.reviews.terminal.dialog import Dialog
from console.reviews.terminal.keys import open_answers
from evaluation.deployment import Deployment


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "review",
        help="judge the photos that the filter refused",
        description="Shows the photos that the filter refused, oldest first, one key for each class. A label "
        "routes its photo, and is in the next training. From a pipe a line is read for each key.",
    )
    parser.add_argument(
        "--export",
        metavar="DIR",
        type=Path,
        help="write the labelled photos to DIR/CLASS/ instead, as data_staging/stage.py --images takes them",
    )
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Reviews or exports; returns 0, or 1 if a labelled photo could not be written."""
    if options.export is not None:
        return _export(deployment, options.export)
    _review(deployment)
    return 0


def _review(deployment: Deployment) -> None:
    reviews = Reviews(deployment, name_reviewer(deployment))
    _suggest(deployment)
    waiting = reviews.count_waiting()
    if waiting:
        print(f"{waiting} photo{'s wait' if waiting > 1 else ' waits'} for review")
    else:
        print("No photo waits for review")
    with (
        tempfile.TemporaryDirectory(prefix="scones-review-") as folder,
        Desk(deployment, reviews, Path(folder)) as desk,
    ):
        if waiting:
            dialog = Dialog(desk, reviews.read_classes(), waiting)
            with open_answers(sys.stdin, dialog.keys) as read:
                dialog.run(read)
            _suggest(deployment)
    for note in desk.read_notes():
        print(note, file=sys.stderr)


def _suggest(deployment: Deployment) -> None:
    suggestion = suggest_retraining(deployment)
    if suggestion is not None:
        print(suggestion)


def _export(deployment: Deployment, folder: Path) -> int:
    exported = export_labelled(deployment, folder, _show_progress)
    for fault in exported.faults:
        print(fault, file=sys.stderr)
    written = ", ".join(f"{count} {name}" for name, count in sorted(exported.written.items()))
    print(
        f"Labelled photos written to {folder}: {exported.written.total()}{written and f' ({written})'}; "
        f"there already: {exported.kept}"
    )
    if exported.undoable:
        print(f"Not written yet, because their labels can still be undone: {exported.undoable}")
    return 1 if exported.faults else 0


def _show_progress(ends: Iterator[str], total: int) -> Iterable[str]:
    return tqdm(ends, total=total, unit="photo", disable=None)
