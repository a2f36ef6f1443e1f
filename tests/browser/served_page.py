"""``python -m console`` as a user starts it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from embedded_cloud import REPOSITORY

STOP_SECONDS = 20


@dataclass(frozen=True)
class ServedPage:
    """A server and where it says that it serves."""

    address: str
    process: subprocess.Popen[str]


@contextmanager
def served(environment: Mapping[str, str], name: str, port: int) -> Iterator[ServedPage]:
    """Serves the page of a deployment, and ends the server as Ctrl-C does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "--name", name, "--port", str(port)],
        cwd=REPOSITORY,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address, line + process.stdout.read()
        yield ServedPage(address.group(), process)
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == 130, said
    assert "Traceback" not in said, said
