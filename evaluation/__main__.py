"""Says what a model is worth: ``python -m evaluation``, or ``--artifact MODEL`` of one that is in a file."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from evaluation.answers import Answer, ask
from evaluation.deployment import Deployment, setting
from evaluation.endpoint_model import endpoint_model
from evaluation.errors import EvaluationError
from evaluation.measures.comparison import Comparison, compare
from evaluation.measures.near_duplicates import near_duplicates
from evaluation.models import artifact_model
from evaluation.report.page import page
from evaluation.report.publishing import upload, write
from evaluation.report.report import Subject, Target, earlier, report
from evaluation.report.summary import summary
from evaluation.staged_photos import DataSet, in_bucket, in_folder

ADVICE = (
    "set AWS_PROFILE or AWS_DEFAULT_REGION, or use the embedded cloud: "
    'python -m local up; eval "$(python -m local env)"'
)


def parser() -> argparse.ArgumentParser:
    """Returns the command line of this room."""
    command = argparse.ArgumentParser(
        prog="python -m evaluation",
        description="Has the deployed endpoint, or the model in a file, answer the staged test photos. "
        "Prints accuracy, calibration, the price of a threshold and the recommended one, and makes of them "
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
    try:
        return _run(options)
    except KeyboardInterrupt:
        print("evaluation: interrupted, nothing is written", file=sys.stderr)
        return 130
    except BotoCoreError as error:
        print(f"evaluation: {error}: {ADVICE}", file=sys.stderr)
        return 1
    except (EvaluationError, ClientError, OSError, ValueError) as error:
        print(f"evaluation: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    target = Target(
        options.routed_error_target or setting("routed_error_target"),
        options.routed_error_confidence or setting("routed_error_confidence"),
        options.monthly_photos,
    )
    deployment = Deployment(options.name or setting("name"), boto3.Session())
    if options.folder:
        data_set = in_folder(options.folder)
    else:
        data_set = in_bucket(deployment.session, deployment.bucket, deployment.data_set)
    with ExitStack() as stack:
        subject, model = _subject(options, data_set, deployment, stack)
        answers = ask(data_set, options.split, model, subject.model)
        comparison = _comparison(options, data_set, subject, answers, stack)
    found = report(subject, target, answers, near_duplicates(data_set, options.split), comparison)
    for line in summary(found):
        print(line)
    files = {"report.json": json.dumps(found, indent=1) + "\n", "report.html": page(found, data_set.read)}
    if options.out:
        write(files, options.out)
        print(f"Report: {options.out / 'report.html'}")
    if subject.endpoint:
        place = upload(files, deployment.session, deployment.bucket, subject.model, options.split)
        print(f"Report: {place}report.html")
    if comparison is not None and not comparison.better:
        print(f"evaluation: {comparison.challenger} is no better than {comparison.champion}", file=sys.stderr)
        return 1
    return 0


def _subject(
    options: argparse.Namespace, data_set: DataSet, deployment: Deployment, stack: ExitStack
) -> tuple[Subject, Callable[[bytes], bytes]]:
    """Returns what is evaluated, and what has it answer for as long as the stack is open."""
    facts = {
        "data_set": data_set.id,
        "classes": data_set.classes,
        "split": options.split,
        "when": time.time(),
    }
    if options.artifact:
        artifact = options.artifact
        subject = Subject(**facts, model=artifact.name, artifact=str(artifact), endpoint=None, threshold=None)
        return subject, stack.enter_context(artifact_model(artifact))
    endpoint = deployment.endpoint()
    subject = Subject(
        **facts,
        model=endpoint.model,
        artifact=endpoint.artifact,
        endpoint=endpoint.name,
        threshold=deployment.threshold(),
    )
    return subject, endpoint_model(deployment.session, endpoint.name)


def _comparison(
    options: argparse.Namespace,
    data_set: DataSet,
    subject: Subject,
    answers: list[Answer],
    stack: ExitStack,
) -> Comparison | None:
    if options.challenger:
        model = stack.enter_context(artifact_model(options.challenger))
        challengers = ask(data_set, options.split, model, str(options.challenger))
        return compare(subject.model, answers, str(options.challenger), challengers)
    if options.against:
        champion, champions = earlier(options.against)
        return compare(champion, champions, subject.model, answers)
    return None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number of 1 or more")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and below 1")
    return share


if __name__ == "__main__":
    sys.exit(main())
