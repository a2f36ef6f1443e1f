"""Downloads the artifact of the deployed model, as training left it."""

import argparse
from pathlib import Path

from evaluation.deployment import Deployment


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser("model", help="download the deployed model's artifact")
    parser.add_argument("file", metavar="FILE", type=Path, help="where to write it, as model.tar.gz")
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Downloads the artifact, whole or not at all, over a file that is there."""
    uri = deployment.artifact
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    deployment.client("s3").download_file(bucket, key, str(options.file))
    print(f"{options.file} is {uri}")
    return 0
