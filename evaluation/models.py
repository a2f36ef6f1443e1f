"""A model that is a file: its artifact, served by the algorithm's own server for as long as it is asked."""

import http.client
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluation.errors import EvaluationError

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 300
ANSWER_SECONDS = 60


@contextmanager
def artifact_model(artifact: Path) -> Iterator[Callable[[bytes], bytes]]:
    """Serves a model.tar.gz and gives a function that has it answer an image file.

    Raises:
        EvaluationError: It is no model that can be served, or it does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _unpack(artifact, root / "model")
        port = _free_port()
        command = [sys.executable, "-m", "training", "serve", "--root", folder, "--port", str(port)]
        with (root / "log").open("w") as log:
            server = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(server, port, artifact, root / "log")
            yield lambda image: _answer(port, image, artifact)
        finally:
            server.terminate()
            server.wait()


def _unpack(artifact: Path, folder: Path) -> None:
    try:
        with tarfile.open(artifact, "r:gz") as members:
            members.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise EvaluationError(f"{artifact} is no model.tar.gz that can be unpacked: {error}") from None


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait(server: subprocess.Popen[bytes], port: int, artifact: Path, log: Path) -> None:
    last = time.monotonic() + START_SECONDS
    while not _is_up(port):
        if server.poll() is not None:
            said = log.read_text().strip().splitlines()
            reason = said[-1] if said else f"its server ended with status {server.returncode}"
            raise EvaluationError(f"{artifact} cannot be served: {reason}")
        if time.monotonic() > last:
            raise EvaluationError(f"{artifact} is not served after {START_SECONDS} seconds")
        time.sleep(0.1)


def _is_up(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except ConnectionError:
        return False
    finally:
        connection.close()


def _answer(port: int, image: bytes, artifact: Path) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request(
            "POST",
            "/invocations",
            image,
            {"Content-Type": "application/x-image", "Accept": "application/json"},
        )
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise EvaluationError(f"{artifact} gives no answer: {error}") from None
    finally:
        connection.close()
    if response.status != 200:
        raise EvaluationError(f"{artifact} answers {response.status}: {body.decode(errors='replace')[:200]}")
    return body
