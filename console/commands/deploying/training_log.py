"""Prints what the training job says, while it says it."""

import argparse

from console.training_log import follow
from evaluation.deployment import Deployment


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "training-log", help="print what the training job says from now on, until Ctrl-C"
    )
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Prints the log's lines until Ctrl-C."""
    for line in follow(deployment):
        print(line, flush=True)
    return 0
