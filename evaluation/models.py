"""Two models to ask: the one in service through its endpoint, and one in a file, served by its own server."""

import http.client
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from evaluation.deployment import EvaluationError
from lambdas.workflow import places
from lambdas.workflow.prediction import MEASUREMENT
from training.tar_gz import InvalidArchive, unpack

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 300
ANSWER_SECONDS = 60
HEADERS = {"Content-Type": "application/x-image", "Accept": "application/json"}


def connect_endpoint(runtime: Any, endpoint: str, classes: Sequence[str]) -> Callable[[bytes], bytes]:
    """Returns a function that has an endpoint classify an image file.

    It raises ``EvaluationError`` if the endpoint's model knows other classes.

    Args:
        runtime: Client of SageMaker's runtime.
        endpoint: Name of the endpoint.
        classes: Names of the classes in label order.
    """

    def classify(image: bytes) -> bytes:
        response = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType=HEADERS["Content-Type"],
            Accept=HEADERS["Accept"],
            InferenceId=MEASUREMENT,
            Body=image,
        )
        if places.tells_other_classes(response.get("InvokedProductionVariant", ""), classes):
            raise EvaluationError(
                f"Endpoint {endpoint} serves a model of other classes than {', '.join(classes)}, which are "
                "staged, or of another order: make deploy, then measure again"
            )
        return response["Body"].read()

    return classify


@contextmanager
def serve_artifact(artifact: Path) -> Iterator[Callable[[bytes], bytes]]:
    """Serves a model.tar.gz and yields a function that has it classify an image file.

    Raises:
        EvaluationError: It is no model that can be served, or it does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        try:
            unpack(artifact, root / "model")
        except (InvalidArchive, OSError) as error:
            raise EvaluationError(f"{artifact} is no model.tar.gz that can be unpacked: {error}") from None
        port = _find_free_port()
        command = [sys.executable, "-m", "training", "serve", "--root", folder, "--port", str(port)]
        with (root / "log").open("w") as log:
            server = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_up(server, port, artifact, root / "log")
            yield lambda image: _classify(port, image, artifact)
        finally:
            server.terminate()
            server.wait()


def _find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_until_up(server: subprocess.Popen[bytes], port: int, artifact: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_up(port):
        if server.poll() is not None:
            lines = log.read_text().strip().splitlines()
            reason = lines[-1] if lines else f"its server ended with status {server.returncode}"
            raise EvaluationError(f"{artifact} cannot be served: {reason}")
        if time.monotonic() > deadline:
            raise EvaluationError(f"{artifact} is not served after {START_SECONDS} seconds")
        time.sleep(0.1)


def _is_up(port: int) -> bool:
    try:
        return _request(port, "GET", "/ping")[0] == 200
    except ConnectionError:
        return False


def _classify(port: int, image: bytes, artifact: Path) -> bytes:
    try:
        status, body = _request(port, "POST", "/invocations", image)
    except (OSError, http.client.HTTPException) as error:
        raise EvaluationError(f"{artifact} gives no answer: {error}") from None
    if status != 200:
        raise EvaluationError(f"{artifact} answers {status}: {body.decode(errors='replace')[:200]}")
    return body


def _request(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)) as connection:
        connection.request(method, path, body, HEADERS)
        response = connection.getresponse()
        return response.status, response.read()
