"""Lists the versions of the model, or has one of them serve."""

import argparse
import re
from datetime import datetime

from console.models.choosing import use_version
from console.models.listing import describe_versions, tell_kept_version
from evaluation.deployment import Deployment
from evaluation.terminal import format_table
from lambdas.workflow import places
from lambdas.workflow.prediction import format_share

HEADING = ("version", "model", "accuracy", "data set", "registered", "why in service or not")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "models",
        help="list the versions of the model, or go back to one",
        description="Lists every model that passed the gate. “use” has one of them serve, or the latest: the "
        "stacks are updated as by a deploy, gate and roll-back included, and nothing is trained for it. "
        "Deploys keep it until “use latest”.",
    )
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action")
    use = actions.add_parser("use", help="have a version serve")
    use.add_argument("version", metavar="VERSION", type=_read_version, help="its number, or latest")


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Prints the versions, or the steps by which one comes to serve."""
    if options.action == "use":
        for line in use_version(deployment, options.version):
            print(line, flush=True)
        print(
            tell_kept_version(deployment) or "The latest model serves, and the next deploy may train another"
        )
        return 0
    rows = [
        (
            str(version["version"]),
            version["model"],
            format_share(version["accuracy"]),
            version["dataset"],
            f"{datetime.fromtimestamp(version['registered']).astimezone():%Y-%m-%d %H:%M %Z}",
            version["why"],
        )
        for version in describe_versions(deployment)
    ]
    print(format_table(HEADING, rows) if rows else "No model has passed the gate yet: run make deploy")
    if kept := tell_kept_version(deployment):
        print(kept)
    return 0


def _read_version(text: str) -> str:
    if text == places.LATEST or re.fullmatch(r"[1-9][0-9]{0,8}", text):
        return text
    raise argparse.ArgumentTypeError(f"'{text[:40]}' is neither a version's number nor {places.LATEST}")
