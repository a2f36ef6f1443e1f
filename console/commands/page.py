"""Serves the page: what ``python -m console`` does without a command."""

import argparse

from console.server.serve import serve_page
from evaluation.deployment import Deployment


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the page's options to the command line's own."""
    parser.add_argument(
        "--port",
        type=_port,
        default=8080,
        help="of the page (default 8080); the next free one if it is taken",
    )
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Serves the page until SIGTERM."""
    serve_page(deployment, options.port)
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is no port: 1 to 65535 are")
    return int(text)
