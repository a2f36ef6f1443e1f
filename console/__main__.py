"""Shows and uses what is deployed: ``python -m console`` serves the page, its commands use the terminal."""

import argparse
import sys
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tqdm import tqdm

from console.commands.demo import demonstrate
from console.commands.model import take_model
from console.commands.printing import explanations, table
from console.deployment import Deployment, NotDeployed, default_name
from console.executions.routing import photo_in_s3, route_all
from console.server.serve import serve_page
from console.shared_session import SharedSession
from console.training_log import follow

ADVICE = (
    "set AWS_PROFILE or AWS_DEFAULT_REGION, or use the embedded cloud: "
    'python -m local up; eval "$(python -m local env)"'
)


def parser() -> argparse.ArgumentParser:
    """Returns the command line of this room."""
    top = argparse.ArgumentParser(
        prog="python -m console",
        description="Serves a page about the deployed workflow on 127.0.0.1, or runs a command on it. AWS "
        "account and region come from the environment, as for the AWS CLI; "
        'eval "$(python -m local env)" points it at the embedded cloud.',
    )
    top.add_argument("--name", help="the deployment's name (default: the setting in cdk.json)")
    top.add_argument(
        "--port",
        type=_port,
        default=8080,
        help="of the page (default 8080); the next free one if it is taken",
    )
    commands = top.add_subparsers(dest="command")
    route = commands.add_parser(
        "route",
        help="send photos through the state machine",
        description="Sends each photo through the deployed state machine and prints what became of it. "
        "Exit status 0 if all were routed, 1 if one was refused or failed.",
    )
    route.add_argument("photos", nargs="+", metavar="PHOTO", help="a local file or s3://BUCKET/KEY")
    commands.add_parser("demo", help="route every staged test photo and print the accuracy")
    model = commands.add_parser("model", help="download the deployed model's artifact")
    model.add_argument("file", metavar="FILE", type=Path, help="where to write it, as model.tar.gz")
    commands.add_parser("training-log", help="print what the training job says from now on, until Ctrl-C")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        if options.name is None:
            options.name = default_name()
        return _run(options, SharedSession())
    except KeyboardInterrupt:
        print("Interrupted. What was already started in the account goes on.", file=sys.stderr)
        return 130
    except BotoCoreError as error:
        print(f"console: {error}: {ADVICE}", file=sys.stderr)
        return 1
    except (NotDeployed, ValueError, OSError, ClientError) as error:
        print(f"console: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, session: boto3.Session) -> int:
    if options.command == "training-log":
        for line in follow(options.name, session):
            print(line, flush=True)
    if options.command == "model":
        uri = take_model(options.name, session, options.file)
        print(f"{options.file} is {uri}")
        return 0
    deployment = Deployment.find(options.name, session)
    if options.command == "demo":
        return 0 if demonstrate(deployment) else 1
    if options.command == "route":
        return _route(deployment, options.photos)
    serve_page(deployment, options.port)
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port: 1 to 65535 are")
    return port


def _route(deployment: Deployment, arguments: list[str]) -> int:
    photos = [photo_in_s3(deployment, argument) for argument in arguments]
    routings = list(tqdm(route_all(deployment, photos), total=len(photos), unit="photo", disable=None))
    print(table(routings))
    for line in explanations(routings):
        print(line, file=sys.stderr)
    return 0 if all(routing.outcome == "routed" for routing in routings) else 1


if __name__ == "__main__":
    sys.exit(main())
