"""Sends photos through the state machine and prints what became of each."""

import argparse
import sys

from console.commands.printing import explain_classes, explain_failures, format_routings, route_with_progress
from console.executions.routing import find_photo
from evaluation.deployment import Deployment


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "route",
        help="send photos through the state machine",
        description="Sends each photo through the deployed state machine and prints what became of it. "
        "Exit status 0 if all were routed, 1 if one was refused or failed.",
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="a local file or s3://BUCKET/KEY")
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Routes the photos; returns 0 if all were routed."""
    photos = [find_photo(deployment, argument) for argument in options.photos]
    routings = route_with_progress(deployment, photos)
    print(format_routings(routings))
    for line in explain_failures(routings):
        print(line, file=sys.stderr)
    print(explain_classes(deployment.read_manifest()), file=sys.stderr)
    return 0 if all(routing.outcome == "routed" for routing in routings) else 1
