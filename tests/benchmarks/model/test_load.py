"""The load generator: whole requests over connections that stay open, and what it makes of the answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.model.load import Load, RequestFailed, send

IMAGES = [b"first picture", b"second \r\n\r\n picture", b"third"]


class Server(ThreadingHTTPServer):
    """Notes the bodies that come over each connection."""

    daemon_threads = True

    def __init__(self) -> None:
        self.status = 200
        self.bodies: dict[tuple[str, int], list[bytes]] = {}
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle of an answer is nothing to report."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.setdefault(self.client_address, []).append(body)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"[1.0]")

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


def test_each_client_keeps_its_connection_and_sends_every_picture_in_turn(server: Server) -> None:
    load = send(server.server_address[1], IMAGES, clients=3, seconds=0.2)
    assert len(server.bodies) == 3
    for bodies in server.bodies.values():
        first = IMAGES.index(bodies[0])
        turn = IMAGES[first:] + IMAGES[:first]
        assert bodies == [turn[number % 3] for number in range(len(bodies))]
    assert len(load.latencies) == sum(map(len, server.bodies.values()))
    assert load.seconds >= 0.2


def test_an_answer_that_is_no_200_ends_the_measurement(server: Server) -> None:
    server.status = 500
    with pytest.raises(RequestFailed, match=r"500.*\[1.0\]"):
        send(server.server_address[1], IMAGES, clients=2, seconds=0.2)


def test_percentiles_are_answers_that_were_seen_and_throughput_is_answers_a_second() -> None:
    load = Load([number / 1000 for number in range(100, 0, -1)], seconds=4)
    assert load.percentile(50) == 0.050
    assert load.percentile(99) == 0.099
    assert Load([0.25], 1).percentile(50) == Load([0.25], 1).percentile(99) == 0.25
    assert load.throughput == 25
