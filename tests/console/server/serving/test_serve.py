"""`python -m console` as a process: its address, its port, and how it ends."""

import http.client
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[4]
# Serves a deployment that is asked for nothing.
PROGRAM = """
import sys
from console.server.serve import serve_page
from evaluation.deployment import Deployment
deployment = Deployment("scones")
deployment.state_machine = "arn:aws:states:us-east-1:123456789012:stateMachine:scones"
try:
    serve_page(deployment, int(sys.argv[1]))
except KeyboardInterrupt:
    sys.exit("interrupted")
"""


@contextmanager
def served(port: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        found = re.fullmatch(r"The page: http://127\.0\.0\.1:(\d+)/ \(Ctrl-C stops it\)\n", line)
        assert found, line
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


@contextmanager
def answer(port: int, path: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            yield response


def page(port: int) -> str:
    with answer(port, "/", {}) as response:
        return response.read().decode()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that is taken."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("number", "status", "said"), [(signal.SIGTERM, 0, ""), (signal.SIGINT, 1, "interrupted\n")]
)
def test_a_signal_ends_it_while_a_stream_is_open(taken: int, number: int, status: int, said: str) -> None:
    with served(taken) as (process, port):
        assert port > taken
        token = re.search(r'name="session-token" content="([\w-]{43})"', page(port))
        assert token
        headers = {"Authorization": f"Bearer {token[1]}"}
        with answer(port, "/api/changes", headers) as stream:
            assert stream.readline().startswith(b'data: {"stream": ')
            process.send_signal(number)
            assert process.communicate(timeout=60) == ("", said)
        assert process.returncode == status


def test_an_upload_that_is_broken_off_leaves_no_trace_in_the_log(taken: int) -> None:
    with served(taken) as (process, port):
        token = re.search(r'content="([\w-]{43})"', page(port))
        assert token
        head = f"POST /api/photos HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token[1]}\r\n"
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"{head}Content-Length: 100\r\n\r\n...".encode())
            # It is read as soon as another request is answered.
            page(port)
        page(port)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60) == ("", "")


def test_every_server_has_a_token_of_its_own(taken: int) -> None:
    with served(taken) as (_, first), served(taken) as (_, second):
        assert first != second
        assert page(first) != page(second)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "console", "--port", port], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert run.returncode == 2
    assert "--port" in run.stderr
    assert "Traceback" not in run.stderr
