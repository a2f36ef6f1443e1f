"""Serves a model as the built-in's container does: GET /ping, POST /invocations with one image.

The standard library's threading server is enough: two cores are busy with few requests at a time, PyTorch
lets go of the interpreter lock while it computes, and nothing more has to be imported before the first /ping.
"""

import json
import logging
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType

import torch

from training import artifact
from training.container_paths import ContainerPaths
from training.contract import IMAGE_CONTENT_TYPES
from training.images import UnreadableImage, read_image, resize_whole

MAX_BODY_BYTES = 25 * 1024 * 1024
# More images in work at once than there are cores would only cost memory.
AT_ONCE = 4

log = logging.getLogger("training")


class Predictor:
    """A loaded model; safe to call from many threads."""

    def __init__(self, network: artifact.Network, image_shape: artifact.Shape) -> None:
        self._network = network
        self._shape = image_shape
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def predict(self, body: bytes) -> list[float]:
        """Returns each class's probability, float32 values as Python floats, for one encoded image.

        Raises:
            UnreadableImage: the bytes are no PNG or JPEG that can be read.
        """
        _, height, width = self._shape
        with self._places:
            pixels = torch.tensor(resize_whole(read_image(body), height, width))
            with torch.inference_mode():
                logits = self._network(pixels.permute(2, 0, 1).unsqueeze(0).float())
                return torch.softmax(logits, 1)[0].tolist()


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests (HTTP/1.1)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # A client that stops in the middle of a request frees its thread after this many seconds.
    timeout = 65
    predictor: Predictor

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._reply(200, "application/json", b"")
        else:
            self._refuse(404, f"There is no {self.path}; GET /ping or POST /invocations.")

    def do_POST(self) -> None:
        body = self._read_body()
        if body is None:
            return
        if self.path != "/invocations":
            self._refuse(404, f"There is no {self.path}; GET /ping or POST /invocations.")
            return
        content_type = self.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if content_type not in IMAGE_CONTENT_TYPES:
            allowed = ", ".join(IMAGE_CONTENT_TYPES)
            self._refuse(415, f"Content-Type {content_type!r} is not supported; use one of {allowed}.")
            return
        accept = self.headers.get("Accept", "*/*")
        try:
            probabilities = self.predictor.predict(body)
        except UnreadableImage as error:
            self._refuse(400, f"Unable to read the image: {error}.")
            return
        if "application/jsonlines" in accept:
            line = json.dumps({"prediction": probabilities}) + "\n"
            self._reply(200, "application/jsonlines", line.encode())
        else:
            self._reply(200, "application/json", json.dumps(probabilities).encode())

    def _read_body(self) -> bytes | None:
        """Returns the request's body, or None after it was refused."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self.close_connection = True
            self._refuse(411, "The request needs a Content-Length.")
            return None
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._refuse(413, f"The body has {length} bytes; at most {MAX_BODY_BYTES} are allowed.")
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

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

    def log_message(self, format: str, *args: object) -> None:
        if self.path != "/ping":
            log.info(format, *args)


class Server(ThreadingHTTPServer):
    """Waits for no idle connection at its end, but finishes the requests in work."""

    daemon_threads = True
    request_queue_size = 128


def serve(paths: ContainerPaths, port: int) -> int:
    """Answers on 127.0.0.1 until SIGTERM or Ctrl-C; returns the exit status.

    Raises:
        CustomerError: the model cannot be used.
        OSError: the port is in use.
    """
    predictor = Predictor(*artifact.load(paths.model))
    handler = type("ModelHandler", (Handler,), {"predictor": predictor})
    with Server(("127.0.0.1", port), handler) as server:

        def stop(number: int, _: FrameType | None) -> None:
            threading.Thread(target=server.shutdown).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        log.info("Serving %s on http://127.0.0.1:%d", paths.model, server.server_address[1])
        server.serve_forever(poll_interval=0.1)
    return 0
