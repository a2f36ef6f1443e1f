"""Routes many photos at once: those of a folder, or under a prefix of S3."""

import argparse
import sys
import time
from collections.abc import Mapping
from typing import Any

from console.batches import runs
from console.batches.folder import Uploaded, upload_folder
from console.batches.sources import Source, find_batch, read_source
from data_staging.progress import Progress
from evaluation.deployment import Deployment, EvaluationError
from evaluation.terminal import format_table
from lambdas.workflow import places

MOST_CONCURRENT = 1000
POLL_SECONDS = 2.0
_SHOWN_LEFT_OUT = 5
_LONGEST_SOURCE = 60


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "batch",
        help="route many photos at once",
        description="Routes all photos of a folder, which are uploaded first, or under a prefix of S3, and "
        "follows that until its end. Ctrl-C leaves it running. The same source again asks only for what is "
        "new or failed; a folder is known by its path, on whichever machine, so that several can add to one "
        "batch. What was uploaded, and the files that a batch leaves, expire after the days of the setting "
        "capture_days. Without SOURCE it lists the batches. Exit status 0 if all were routed or refused.",
    )
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="s3://BUCKET/PREFIX or a folder; with a flag a batch's id, too",
    )
    parser.add_argument(
        "--max-concurrency",
        type=_read_concurrency,
        metavar="N",
        help="how many parts of it are asked for at once (default: the setting batch_max_concurrency)",
    )
    acts = parser.add_mutually_exclusive_group()
    acts.add_argument("--follow", action="store_true", help="follow the one that runs, or print how it ended")
    acts.add_argument("--cancel", action="store_true", help="stop the one that runs; what it has done stays")
    acts.add_argument("--redrive", action="store_true", help="ask again for what failed, and follow that")
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Does what is asked; returns 0 if every photo was answered for."""
    acts = options.follow or options.cancel or options.redrive
    if options.source is None:
        if acts or options.max_concurrency:
            raise EvaluationError("name the batch: its id, s3://BUCKET/PREFIX or a folder")
        print(_format_list(runs.list_batches(deployment)))
        return 0
    if not acts:
        try:
            _start(deployment, options.source, options.max_concurrency)
        except KeyboardInterrupt:
            print("Stopped before it was started: the same command goes on with the upload", file=sys.stderr)
            return 130
        return _follow(deployment, find_batch(deployment, options.source))
    if options.max_concurrency:
        raise EvaluationError("--max-concurrency is for a new run of a batch alone")
    batch = find_batch(deployment, options.source)
    if options.cancel:
        runs.cancel(deployment, batch)
        print(f"Cancelled {batch}. To go on: python -m console batch --redrive {batch}")
        return 0
    if options.redrive:
        runs.redrive(deployment, batch)
    return _follow(deployment, batch)


def _read_concurrency(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= MOST_CONCURRENT:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text[:40]}' is no whole number from 1 to {MOST_CONCURRENT}")


def _start(deployment: Deployment, text: str, max_concurrency: int | None) -> None:
    """Uploads what has to be, and starts the batch, unless it is running."""
    source = read_source(deployment, text)
    if runs.find_running(deployment, source.batch):
        _tell_running(source, max_concurrency)
        return
    if source.folder is not None:
        _tell_upload(source, upload_folder(deployment, source))
    if runs.start(deployment, source, max_concurrency):
        print(f"Started batch {source.batch}", flush=True)
    else:
        _tell_running(source, max_concurrency)


def _tell_running(source: Source, max_concurrency: int | None) -> None:
    kept = "" if max_concurrency is None else "; --max-concurrency changes nothing about it"
    print(f"Batch {source.batch} is running: this follows it, and starts none beside it{kept}", flush=True)


def _tell_upload(source: Source, uploaded: Uploaded) -> None:
    place = places.s3_uri(source.bucket, source.prefix)
    if uploaded.sent:
        print(f"Photos uploaded to {place}: {uploaded.sent:,}; there already: {uploaded.kept:,}")
    else:
        print(f"Nothing to upload: there already in {place}: {uploaded.kept:,}")
    if uploaded.gone:
        print(f"No longer in the folder, but still in the batch: {uploaded.gone:,}")
    for reason, left_out in uploaded.left_out.items():
        more = ", …" if len(left_out) > _SHOWN_LEFT_OUT else ""
        names = ", ".join(repr(name) for name in left_out[:_SHOWN_LEFT_OUT])
        print(f"Left out, {reason}: {len(left_out):,} ({names}{more})")


def _follow(deployment: Deployment, batch: str) -> int:
    """Shows how far a batch is until its end, then what became of it; returns the exit status."""
    try:
        described = _wait(deployment, batch)
    except KeyboardInterrupt:
        print(
            f"It goes on. To follow it: python -m console batch --follow {batch}; to stop it: --cancel",
            file=sys.stderr,
        )
        return 130
    print(_format_end(deployment, described))
    summary = described["summary"]
    return 0 if summary and not summary["failed"] else 1


def _wait(deployment: Deployment, batch: str) -> dict[str, Any]:
    described = runs.describe(deployment, batch)
    if described["state"] != runs.RUNNING:
        return described
    with Progress("Routing", None, "photos") as progress:
        while described["state"] == runs.RUNNING:
            if counts := described["progress"]:
                progress.set_total(counts["total"])
                # After a redrive what had failed is not done any more.
                progress.advance(max(0, counts["done"] + counts["failed"] - progress.done))
            time.sleep(POLL_SECONDS)
            described = runs.describe(deployment, batch)
        if summary := described["summary"]:
            progress.set_total(summary["photos"])
            progress.advance(max(0, summary["photos"] - progress.done))
    return described


def _format_list(batches: list[dict[str, Any]]) -> str:
    if not batches:
        return (
            "No batch in the last 90 days: python -m console batch FOLDER, or s3://BUCKET/PREFIX, starts one"
        )
    heading = ["batch", "state", "photos", "routed", "refused", "reviewed", "failed", "started", "source"]
    return format_table(heading, [_format_line(described) for described in batches])


def _format_line(described: Mapping[str, Any]) -> list[str]:
    summary, progress = described["summary"], described["progress"]
    if summary:
        routed, failed = sum(summary["routed"].values()), sum(summary["failed"].values())
        reviewed = sum(summary["reviewed"].values())
        numbers = (summary["photos"], routed, summary["refused"], reviewed, failed)
        counts = [f"{number:,}" for number in numbers]
    elif progress:
        done = progress["done"] + progress["failed"]
        counts = [f"{done:,} of {progress['total']:,}", *["-"] * 3, f"{progress['failed']:,}"]
    else:
        counts = ["-"] * 5
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(described["started"]))
    return [described["id"], described["state"], *counts, started, _shorten(str(described["source"] or ""))]


def _shorten(source: str) -> str:
    """Returns the end of a long address, which tells one folder from another."""
    return source if len(source) <= _LONGEST_SOURCE else f"…{source[1 - _LONGEST_SOURCE :]}"


def _format_end(deployment: Deployment, described: Mapping[str, Any]) -> str:
    batch, summary = described["id"], described["summary"]
    if summary is None:
        if described["state"] == runs.DONE:
            return f"Batch {batch} is done; what it wrote has been overwritten or has expired"
        return _explain_end(deployment, described)
    rows = [[name, f"{count:,}"] for name, count in sorted(summary["routed"].items())]
    rows.append(["refused", f"{summary['refused']:,}"])
    reviewed, passed_over = summary["reviewed"], summary["passed_over"]
    for name, words in (("routed", "routed by review"), ("discarded", "discarded by review")):
        if reviewed[name]:
            rows.append([words, f"{reviewed[name]:,}"])
    rows += [[f"failed: {name}", f"{count:,}"] for name, count in sorted(summary["failed"].items())]
    rate = summary["photos_per_second"]
    pace = "" if rate is None else f" in {summary['seconds']:,.0f} s, {rate:.1f} a second"
    lines = [
        format_table([f"batch {batch}", "photos"], rows),
        f"{summary['photos']:,} photos{pace}: {summary['asked']:,} asked for, {summary['kept']:,} answered "
        "before",
        *([f"Passed over, being empty or folders: {passed_over:,}"] if passed_over else []),
        *(places.s3_uri(deployment.bucket, places.batch_key(batch, file)) for file in runs.FILES),
    ]
    if summary["refused"]:
        lines.append(
            "The refused ones wait for a person, unless one has decided since: python -m console review, "
            "or the page's view Review"
        )
    if summary["failed"]:
        if described["redrivable"]:
            lines.append(f"What failed is asked for again by python -m console batch --redrive {batch}")
        lines += _advise_on_bucket(deployment, described, "ImageAccessDenied" in summary["failed"])
    return "\n".join(lines)


def _explain_end(deployment: Deployment, described: Mapping[str, Any]) -> str:
    """Says how a batch ended that has come to no summary."""
    batch, progress = described["id"], described["progress"]
    counts = f" after {progress['done']:,} of {progress['total']:,} photos" if progress else ""
    ended = "failed" if described["state"] == runs.FAILED else "was cancelled"
    error = ": ".join(str(described[name]) for name in ("error", "cause") if described[name])
    why = f": {error}" if error and described["state"] == runs.FAILED else ""
    lines = [
        f"Batch {batch} {ended}{counts}{why}",
        f"To go on: python -m console batch --redrive {batch}. What was answered is not asked for again",
    ]
    lines += _advise_on_bucket(deployment, described, described["error"] == "States.ItemReaderFailed")
    return "\n".join(lines)


def _advise_on_bucket(deployment: Deployment, described: Mapping[str, Any], is_denied: bool) -> list[str]:
    bucket = described["bucket"]
    if not is_denied or bucket == deployment.bucket:
        return []
    return [
        f"{bucket} is not the deployment's bucket: its policy has to let in the roles of "
        f"{deployment.name}-batch (docs/permissions.md), and it has to be in this region"
    ]
