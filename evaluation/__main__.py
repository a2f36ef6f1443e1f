"""Measures what a model is worth: ``python -m evaluation``, or with ``--artifact MODEL`` one in a file."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from evaluation.answers import Answer, ask
from evaluation.deployment import Deployment
from evaluation.measures.comparison import Comparison, compare
from evaluation.measures.near_duplicates import find_near_duplicates
from evaluation.models import connect_endpoint, serve_artifact
from evaluation.report.page import render_page
from evaluation.report.publishing import upload_files, write_files
from evaluation.report.report import Subject, Target, build_report, read_report
from evaluation.report.summary import summarize
from evaluation.staged_photos import DataSet
from evaluation.terminal import report_errors
from stacks.configuration.settings import read_cdk_json


def parser() -> argparse.ArgumentParser:
    """Returns the command line of this room."""
    command = argparse.ArgumentParser(
        prog="python -m evaluation",
        description="Has the deployed endpoint, or the model in a file, answer the staged test photos. "
        "Prints accuracy, calibration, what each threshold costs and the recommended one, and makes of them "
        "report.json and report.html; the endpoint's also go to the deployment's bucket, under reports/. "
        "Exit status 1 if a challenger is no better.",
    )
    command.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="of stage.py --out, in place of the bucket"
    )
    command.add_argument(
        "--artifact", type=Path, metavar="MODEL", help="a model.tar.gz, in place of the endpoint"
    )
    command.add_argument("--split", choices=("test", "validation"), default="test")
    against = command.add_mutually_exclusive_group()
    against.add_argument(
        "--challenger",
        type=Path,
        metavar="MODEL",
        help="a model.tar.gz: is it better than the evaluated model?",
    )
    against.add_argument(
        "--against",
        type=Path,
        metavar="REPORT",
        help="a report.json: is the evaluated model better than its?",
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="write report.json and report.html there")
    command.add_argument("--name", help="the deployment's name (default: the setting in cdk.json)")
    command.add_argument(
        "--monthly-photos", type=_count, default=10_000, metavar="N", help="photos a month (default 10000)"
    )
    command.add_argument(
        "--routed-error-target",
        type=_share,
        metavar="SHARE",
        help="at most this share of the routed photos is wrong (default: the setting in cdk.json)",
    )
    command.add_argument(
        "--routed-error-confidence",
        type=_share,
        metavar="SHARE",
        help="with this probability (default: the setting in cdk.json)",
    )
    return command


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    command = parser()
    options = command.parse_args(arguments)
    if options.folder and not options.artifact:
        command.error("DIR is for --artifact: the endpoint is measured on the photos in its bucket")
    return report_errors(
        "evaluation", lambda: _run(options), interrupted="evaluation: interrupted, nothing is written"
    )


def _run(options: argparse.Namespace) -> int:
    settings = read_cdk_json()
    target = Target(
        options.routed_error_target or settings.routed_error_target,
        options.routed_error_confidence or settings.routed_error_confidence,
        options.monthly_photos,
    )
    deployment = Deployment(options.name or settings.name)
    data_set = DataSet.in_folder(options.folder) if options.folder else DataSet.in_bucket(deployment)
    with ExitStack() as stack:
        subject, model = _open_subject(options, data_set, deployment, stack)
        answers = ask(data_set, options.split, model, subject.model)
        comparison = _compare(options, data_set, subject, answers, stack)
    duplicates = find_near_duplicates(data_set, options.split)
    report = build_report(subject, target, answers, duplicates, comparison)
    for line in summarize(report):
        print(line)
    files = {
        "report.json": json.dumps(report, indent=1) + "\n",
        "report.html": render_page(report, data_set.read),
    }
    if options.out:
        write_files(files, options.out)
        print(f"Report: {options.out / 'report.html'}")
    if subject.endpoint:
        print(f"Report: {upload_files(files, deployment, subject.model, options.split)}")
    if comparison is not None and not comparison.better:
        print(f"evaluation: {comparison.challenger} is no better than {comparison.champion}", file=sys.stderr)
        return 1
    return 0


def _open_subject(
    options: argparse.Namespace, data_set: DataSet, deployment: Deployment, stack: ExitStack
) -> tuple[Subject, Callable[[bytes], bytes]]:
    """Returns what is evaluated, and the model, which answers for as long as the stack is open."""
    facts = {
        "dataset": data_set.id,
        "classes": data_set.classes,
        "other_class": data_set.other_class,
        "split": options.split,
        "when": time.time(),
    }
    if options.artifact:
        artifact = options.artifact
        subject = Subject(
            **facts, model=artifact.name, artifact=str(artifact), endpoint=None, threshold_in_service=None
        )
        return subject, stack.enter_context(serve_artifact(artifact))
    endpoint = deployment.find_endpoint()
    subject = Subject(
        **facts,
        model=endpoint.model,
        artifact=endpoint.artifact,
        endpoint=endpoint.name,
        threshold_in_service=deployment.read_threshold(),
    )
    runtime = deployment.client("sagemaker-runtime")
    return subject, connect_endpoint(runtime, endpoint.name, data_set.classes)


def _compare(
    options: argparse.Namespace,
    data_set: DataSet,
    subject: Subject,
    answers: list[Answer],
    stack: ExitStack,
) -> Comparison | None:
    if options.challenger:
        model = stack.enter_context(serve_artifact(options.challenger))
        challengers = ask(data_set, options.split, model, str(options.challenger))
        return compare(subject.model, answers, str(options.challenger), challengers)
    if options.against:
        champion, champions = read_report(options.against)
        return compare(champion, champions, subject.model, answers)
    return None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text[:100]} is no number of 1 or more")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text[:100]} is not above 0 and below 1")
    return share


if __name__ == "__main__":
    sys.exit(main())
