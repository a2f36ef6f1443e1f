"""The embedded cloud's command line: ``python -m local up|down|status|env [--home DIR]``."""

import argparse
import sys
from pathlib import Path

from local import lifecycle

REPOSITORY = Path(__file__).resolve().parents[1]


def parse_command_line(arguments: list[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="An AWS of this project's own on 127.0.0.1: no account, no network, no bill.",
        epilog='eval "$(python -m local env)" points the AWS CLI, boto3, the CDK and SageMaker\'s SDK at it.',
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="up|down|status|env")
    descriptions = {
        "up": "start it, or say that it is up",
        "down": "stop it with all that it started; what was deployed is kept",
        "status": "say whether it is up; exit status 1 if not",
        "env": "print the exports that point a shell at it",
    }
    for name, description in descriptions.items():
        command = commands.add_parser(name, help=description, description=description)
        command.add_argument(
            "--home",
            type=Path,
            default=REPOSITORY / ".local-cloud",
            help="folder of everything it keeps (default: .local-cloud beside the code)",
        )
        if name == "up":
            command.add_argument(
                "--port", type=_parse_port, help=f"port on 127.0.0.1 (default: {lifecycle.DEFAULT_PORT})"
            )
    return parser.parse_args(arguments)


def _parse_port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a port: give a whole number from 1 to 65535")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    options = parse_command_line(arguments)
    home = options.home.resolve()
    try:
        if options.command == "up":
            print(lifecycle.start(home, options.port))
        elif options.command == "down":
            print(lifecycle.stop(home))
        elif options.command == "env":
            print(lifecycle.format_exports(home))
        else:
            server = lifecycle.find_server(home)
            print(f"up at {server.url}, process {server.pid}, home {home}" if server else "down")
            return 0 if server else 1
    except lifecycle.CloudError as error:
        print(f"local: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"local: {options.command} interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
