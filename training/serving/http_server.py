"""Answers the container's HTTP requests, GET /ping and POST /invocations with one image, whatever the model.

The standard library's threading server suffices: on two cores it gives 8 clients 1.27 times the answers a
second (1.22 to 1.39, seven turns) that Starlette on Hypercorn gives them with the same ResNet-20.
"""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from training.contract import IMAGE_CONTENT_TYPES
from training.data.images import UnreadableImage

MAX_BODY_BYTES = 25 * 1024 * 1024
MAX_UNREAD_BYTES = 4 * MAX_BODY_BYTES
LAST_REPLIES_SECONDS = 10

log = logging.getLogger("training")


class Overloaded(Exception):
    """More images wait for an answer than it makes sense to keep; the text says so in one line."""


class Server(ThreadingHTTPServer):
    """Answers each connection in a thread; at its end it waits for requests in work, not for idle clients.

    ``predict`` returns each class's probability for one encoded image. It is called from many threads, and
    raises UnreadableImage for what is no image, Overloaded where it has no time for one, and anything else
    where it cannot answer. The server ends itself once ``is_stuck`` says that an image has to be given up.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int, predict: Callable[[bytes], list[float]], is_stuck: Callable[[], bool] = lambda: False
    ) -> None:
        self.predict = predict
        self.stuck = False
        self._is_stuck = is_stuck
        self._in_work = 0
        self._changed = threading.Condition()
        super().__init__(("127.0.0.1", port), Handler)

    @contextmanager
    def track_request(self) -> Iterator[None]:
        """Keeps the server from ending between a request's first line and its reply."""
        with self._changed:
            self._in_work += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_work -= 1
                self._changed.notify_all()

    def service_actions(self) -> None:
        """Looks, several times a second, whether a request has to be given up."""
        if not self.stuck and self._is_stuck():
            self.stuck = True
            self.stop()

    def stop(self) -> None:
        """Ends ``serve_forever``, also from the thread that is in it."""
        threading.Thread(target=self.shutdown).start()

    def server_close(self) -> None:
        """Takes no more connections and waits for the replies that are due."""
        super().server_close()
        with self._changed:
            self._changed.wait_for(lambda: not self._in_work, LAST_REPLIES_SECONDS)


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection, which stays open between them (HTTP/1.1)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # A client that stops in the middle of a request frees its thread after this many seconds.
    timeout = 65
    server: Server

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError as error:
            log.info("A client went away: %s", error)

    def do_GET(self) -> None:
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            # A body that nobody reads would be taken for the next request.
            self.close_connection = True
        if self.path == "/ping":
            self._reply(503 if self.server.stuck else 200, "application/json", b"")
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        with self.server.track_request():
            body = self._read_body()
            if body is None:
                return
            if self.path != "/invocations":
                self.send_error(404)
                return
            content_type = self.headers.get("Content-Type", "").split(";")[0].strip().lower()
            if content_type not in IMAGE_CONTENT_TYPES:
                allowed = ", ".join(IMAGE_CONTENT_TYPES)
                self._refuse(
                    415, f"Content-Type {content_type[:100]!r} is not supported; use one of {allowed}."
                )
                return
            try:
                probabilities = self.server.predict(body)
            except UnreadableImage as error:
                self._refuse(400, f"Unable to read the image: {error}.")
            except Overloaded as error:
                # What InvokeEndpoint hands on as a ModelError whose OriginalStatusCode is 503.
                self._refuse(503, f"{error}.")
            except Exception as error:
                log.exception("An answer cannot be computed")
                # The lines before the last of OpenVINO's errors tell where in its code they come from.
                reason = str(error).strip().rpartition("\n")[2][:200] or type(error).__name__
                self._refuse(500, f"The answer cannot be computed: {reason}.")
            else:
                if "application/jsonlines" in self.headers.get("Accept", ""):
                    line = json.dumps({"prediction": probabilities}) + "\n"
                    self._reply(200, "application/jsonlines", line.encode())
                else:
                    self._reply(200, "application/json", json.dumps(probabilities).encode())

    def _read_body(self) -> bytes | None:
        """Returns the request's body, or None after it was refused or the client went away."""
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,18}", length):
            self.close_connection = True
            self._refuse(411, "The request needs a Content-Length, and no Transfer-Encoding.")
            return None
        size = int(length)
        if size > MAX_BODY_BYTES:
            self.close_connection = True
            self._refuse(413, f"The body has {size} bytes; at most {MAX_BODY_BYTES} are allowed.")
            self._discard(min(size, MAX_UNREAD_BYTES))
            return None
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return None
        return body

    def _discard(self, size: int) -> None:
        """Reads what is still on its way: to close at once would reset a client before it reads the reply."""
        while size > 0 and (chunk := self.rfile.read1(min(size, 1 << 16))):
            size -= len(chunk)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Replies in JSON to what the base class or this one refuses."""
        if code == 404:
            message = f"There is no {self.path[:100]}; use GET /ping or POST /invocations."
        else:
            self.close_connection = True
        self._refuse(code, message[:200] if message else self.responses[code][0])

    def _refuse(self, status: int, message: str) -> None:
        self._reply(status, "application/json", json.dumps({"message": message}).encode())

    def _reply(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs each request but /ping, which comes every few seconds and would drown the others."""
        if not self.requestline.startswith("GET /ping "):
            log.info('"%s" %s', self.requestline[:100], code)

    def log_message(self, format: str, *args: object) -> None:
        log.info(format, *args)
