"""One model served by the algorithm's own web server, as a subprocess on 127.0.0.1."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import urllib3

from local.sagemaker.containers import algorithm
from local.sagemaker.containers.child_process import ChildProcess
from local.sagemaker.containers.log_streams import LogStream
from local.sagemaker.emulator import start_thread
from local.waiting import wait_until

STARTUP_SECONDS = 240  # of a container, where a request gives no time-out
INVOCATION_SECONDS = 60.0  # what AWS gives an endpoint's container to answer
_PING_SECONDS = 2.0
SECONDS_BETWEEN_RESTARTS = 1.0
_CONNECTIONS = 64  # as many as requests at once

_logger = logging.getLogger("sagemaker.endpoints")


class ServerGone(Exception):
    """The server was ended, or could not be brought back in time."""


class ServerDied(Exception):
    """The server's process ended while it had a request, twice."""


class ModelServer:
    """A serving process that is started again when it dies, until it is ended."""

    def __init__(self, root: Path, environment: dict[str, str], log: LogStream) -> None:
        """Starts the process.

        Args:
            root: Folder that stands for /opt/ml, with the unpacked model in ``model``.
            environment: What the model's container adds to the usual environment.
            log: Takes its output, and is closed when the server has ended.
        """
        self.log = log
        self._root = root
        self._environment = algorithm.build_environment(environment)
        self._port = _find_free_port()
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", self._port, maxsize=_CONNECTIONS, retries=False)
        self._ending = threading.Event()
        self._in_flight = 0
        self._idle = threading.Condition()
        self._process = self._start()
        self._keeper = start_thread("sagemaker-keeper", self._restart_when_dead)

    def is_healthy(self) -> bool:
        """Returns whether it answers /ping with 200 now."""
        try:
            return self._pool.request("GET", "/ping", timeout=_PING_SECONDS).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def wait_until_healthy(self, seconds: float) -> bool:
        """Returns whether it became healthy; False as soon as its process has died at the start."""
        deadline = time.monotonic() + seconds
        first = self._process
        while time.monotonic() < deadline and not self._ending.is_set():
            if self.is_healthy():
                return True
            if self._process is not first or first.wait(0) is not None:
                return False
            time.sleep(0.1)
        return False

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Holds the server's end back while a request is with it."""
        with self._idle:
            if self._ending.is_set():
                raise ServerGone
            self._in_flight += 1
        try:
            yield
        finally:
            with self._idle:
                self._in_flight -= 1
                self._idle.notify_all()

    def invoke(
        self, body: bytes, headers: dict[str, str], seconds: float = INVOCATION_SECONDS
    ) -> urllib3.BaseHTTPResponse:
        """Passes an invocation on; where the process has died, to the next process.

        Args:
            body: The request's body.
            headers: The request's headers.
            seconds: Time in which the answer must have come.

        Raises:
            ServerGone: There was no process to take it within the time.
            ServerDied: The process that had it ended, and so did the next one.
            urllib3.exceptions.ReadTimeoutError: It did not answer in time.
        """
        deadline = time.monotonic() + seconds
        lost = False
        while (left := deadline - time.monotonic()) > 0 and not self._ending.is_set():
            try:
                return self._pool.request(
                    "POST",
                    "/invocations",
                    body=body,
                    headers=headers,
                    timeout=urllib3.Timeout(connect=_PING_SECONDS, read=left),
                )
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
                time.sleep(0.2)
            except urllib3.exceptions.ProtocolError:
                if lost:
                    raise ServerDied from None
                lost = True
                wait_until(lambda: self._ending.is_set() or self.is_healthy(), left)
        raise ServerGone

    def end(self, patience: float) -> None:
        """Ends it once the requests that are with it have their answers, or ``patience`` seconds are over."""
        with self._idle:
            self._ending.set()
            self._idle.wait_for(lambda: self._in_flight == 0, patience)
        self._process.end()
        self._keeper.join()
        self._pool.close()
        self.log.close()

    def _start(self) -> ChildProcess:
        return ChildProcess(
            [*algorithm.SERVE, "--root", str(self._root), "--port", str(self._port)],
            folder=algorithm.WORKING_FOLDER,
            environment=self._environment,
            on_line=self.log.write,
        )

    def _restart_when_dead(self) -> None:
        while True:
            status = self._process.wait()
            if self._ending.wait(SECONDS_BETWEEN_RESTARTS):
                return
            _logger.warning(
                "%s: the model server ended with status %s, starting it again", self._root, status
            )
            self._process = self._start()
            if self._ending.is_set():  # ``end`` may have seen the process before this one
                self._process.end()


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
