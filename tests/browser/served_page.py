"""``python -m console`` as a user starts it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from embedded_cloud import REPOSITORY

STOP_SECONDS = 20


@contextmanager
def served(environment: Mapping[str, str], name: str, port: int) -> Iterator[str]:
    """Serves the page of a deployment; yields its address, and ends the server as Ctrl-C does."""
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
        yield address.group()
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == 130, said
    assert "Traceback" not in said, said
