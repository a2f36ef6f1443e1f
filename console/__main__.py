"""Shows and uses what is deployed: ``python -m console`` serves the page, its commands use the terminal."""

import argparse
import os
import sys

from console.commands import (
    batch,
    demo,
    destroy,
    endpoint,
    model,
    models,
    page,
    review,
    route,
)
from console.commands.deploying import cost, preflight, training_log
from evaluation.deployment import Deployment
from evaluation.terminal import report_errors
from stacks.configuration.settings import read_name


def parser() -> argparse.ArgumentParser:
    """Returns the command line of this room."""
    top = argparse.ArgumentParser(
        prog="python -m console",
        description="Serves a page about the deployed workflow on 127.0.0.1, or runs a command on it. AWS "
        "account and region come from the environment, as for the AWS CLI; "
        'eval "$(python -m local env)" points it at the embedded cloud.',
    )
    top.add_argument("--name", help="the deployment's name (default: the setting in cdk.json)")
    page.add(top)
    commands = top.add_subparsers(dest="command")
    for command in (
        route,
        batch,
        review,
        demo,
        model,
        models,
        endpoint,
        training_log,
        preflight,
        cost,
        destroy,
    ):
        command.add(commands)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    options = parser().parse_args(arguments)
    return report_errors(
        "console",
        lambda: options.run(Deployment(options.name or read_name()), options),
        interrupted="Interrupted. What was already started in the account goes on.",
    )


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that wait for a cloud that does not answer must not keep the process from its end.
    os._exit(status)
