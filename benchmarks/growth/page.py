"""Serves the page beside captured traffic and asks it: ``python -m benchmarks.growth.page INVOCATIONS``.

The traffic lies in moto's S3, a process of its own: a thousand invocations an object. Prints the seconds from
the first request until the first of them are answered, and until all are; what the answer with all of them
takes then; the server's processor seconds and its most MiB, as JSON.
"""

import hashlib
import http.client
import io
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import boto3
import numpy as np
from PIL import Image

from benchmarks.drawn_traffic import draw_traffic
from benchmarks.environment import REPOSITORY
from lambdas.workflow.places import manifest_key, parameter

NAME, BUCKET, DATA_SET = "scones-growth", "scones-growth-bucket", "0123456789abcdef"
AN_OBJECT = 1_000
PICTURES = 200
START_SECONDS = 60


def draw_pictures() -> list[bytes]:
    """Returns PNG files as small as those of CIFAR-100."""
    numbers = np.random.default_rng(0)
    pictures = []
    for _ in range(PICTURES):
        written = io.BytesIO()
        Image.fromarray(numbers.integers(0, 256, (28, 28, 3), np.uint8)).save(written, "PNG")
        pictures.append(written.getvalue())
    return pictures


@contextmanager
def simulate_aws() -> Iterator[str]:
    """Runs moto's AWS and yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=quiet, stderr=quiet
    )
    try:
        _wait(lambda: ask(f"127.0.0.1:{port}", "/moto-api/"))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait(call: Callable[[], object]) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            call()
            return
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)


def ask(place: str, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> bytes:
    """Returns the body of an answer."""
    with closing(http.client.HTTPConnection(place)) as connection:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            sys.exit(f"{method} {path} was answered {answer.status}")
        return answer.read()


def deploy(invocations: int) -> None:
    """Makes what the page finds a deployment by, and its captured traffic."""
    s3, ssm, pictures = boto3.client("s3"), boto3.client("ssm"), draw_pictures()
    s3.create_bucket(Bucket=BUCKET)
    files = {
        f"test/{number}.png": {
            "sha256": hashlib.sha256(picture).hexdigest(),
            "bytes": len(picture),
            "label": number % 2,
        }
        for number, picture in enumerate(pictures)
    }
    manifest = {"classes": ["bicycle", "motorcycle"], "dataset": DATA_SET, "files": files}
    s3.put_object(Bucket=BUCKET, Key=manifest_key(DATA_SET), Body=json.dumps(manifest).encode())
    definition = {"StartAt": "Look", "States": {"Look": {"Type": "Succeed"}}}
    machine = boto3.client("stepfunctions").create_state_machine(
        name=NAME, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/scones"
    )["stateMachineArn"]
    for which, value in {"bucket": BUCKET, "dataset": DATA_SET, "state-machine": machine}.items():
        ssm.put_parameter(Name=parameter(NAME, which), Value=value, Type="String")
    objects = max(1, invocations // AN_OBJECT)
    for key, content in draw_traffic(NAME, pictures, invocations, datetime.now(UTC), objects):
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)


class Page:
    """The page's API, as its browser asks it."""

    def __init__(self, place: str) -> None:
        self._place = place
        (self._token,) = re.findall(rb'name="session-token" content="([^"]+)"', self.ask("/"))

    def ask(self, path: str, method: str = "GET") -> bytes:
        """Returns the body of an answer."""
        headers = {"Authorization": f"Bearer {self._token.decode()}"} if path != "/" else {}
        return ask(self._place, path, method, headers)

    def count_invocations(self) -> int:
        """Returns how many invocations an answer with all of them has."""
        body = self.ask("/api/invocations/captured/columns")
        (length,) = struct.unpack_from("<I", body)
        count: int = json.loads(body[4 : 4 + length])["count"]
        return count


def main(invocations: int) -> int:
    """Returns the exit status."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1"}
    with simulate_aws() as os.environ["AWS_ENDPOINT_URL"]:
        deploy(invocations)
        command = [sys.executable, "-m", "console", "--name", NAME, "--port", "8765"]
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        (place,) = re.findall(r"http://(\S+)/", process.stdout.readline())
        page = Page(place)
        started = time.monotonic()
        page.ask("/api/invocations", "POST")
        while not page.count_invocations():
            time.sleep(0.01)
        first = time.monotonic() - started
        while not json.loads(page.ask("/api/invocations/captured/progress"))["done"]:
            pass
        every = time.monotonic() - started
        started = time.monotonic()
        counted = page.count_invocations()
        answer = time.monotonic() - started
        process.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if counted != invocations:
        sys.exit(f"The page counted {counted} of {invocations} invocations")
    megabytes = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    found = {
        "processor": usage.ru_utime + usage.ru_stime,
        "first": first,
        "every": every,
        "answer": 1000 * answer,
        "megabytes": megabytes,
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
