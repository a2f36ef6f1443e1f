"""``training serve``: the container's two requests, its replies, and what it refuses."""

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.lambdas.hostile_photos import jpeg_of_scans
from training.__main__ import main
from training.artifact import files as artifact
from training.data.images import resize_whole
from training.network.residual import build_resnet, initialise_randomly
from training.network.trained_network import TrainedNetwork
from training.serving import predictor
from training.serving.http_server import Server

REPOSITORY = Path(__file__).parents[3]
SHAPE = (3, 28, 28)


def picture(seed=0, size=(40, 30), kind="PNG"):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def grey(shade):
    file = io.BytesIO()
    Image.new("RGB", (28, 28), (shade,) * 3).save(file, "PNG")
    return file.getvalue()


def launch(root, *program):
    """Starts the server, or a program that takes its arguments."""
    program = program or ("-m", "training")
    return subprocess.Popen(
        [sys.executable, "-u", *program, "serve", "--root", str(root), "--port", "0"],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def model(root, multi_label=False):
    """Leaves a model of random weights for three classes under ``root``."""
    torch.manual_seed(1)
    (root / "model").mkdir()
    network = TrainedNetwork(initialise_randomly(build_resnet(20, SHAPE, 3, multi_label), SHAPE))
    artifact.describe(root / "model", network.graph.symbol, SHAPE, 8)
    for _ in range(50):
        network(torch.rand(8, *SHAPE) * 255)  # the batch normalisations learn what pixels are like
    artifact.store_weights(root / "model", network.fix().values, epoch=0)
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return model(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def server(root):
    """A running server's process and port."""
    process = launch(root)
    port = int(process.stdout.readline().rsplit(":", 1)[1])
    yield process, port
    process.terminate()
    process.communicate(timeout=30)


@pytest.fixture
def connection(server):
    connection = http.client.HTTPConnection("127.0.0.1", server[1], timeout=30)
    yield connection
    connection.close()


@contextlib.contextmanager
def served_by(predictor, is_stuck=lambda: False):
    """Gives a connection to a server in this process."""
    with Server(0, predictor.predict, is_stuck) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with contextlib.closing(http.client.HTTPConnection(*server.server_address, timeout=30)) as connection:
            yield connection
        server.shutdown()


def invoke(connection, body, path="/invocations", **headers):
    connection.request("POST", path, body, {"Content-Type": "application/x-image", **headers})
    reply = connection.getresponse()
    return reply.status, reply.headers, reply.read()


def test_ping_answers_at_once(connection):
    connection.request("GET", "/ping")
    reply = connection.getresponse()
    assert (reply.status, reply.read()) == (200, b"")


@pytest.mark.parametrize("content_type", ["application/x-image", "image/png", "image/jpeg", "Image/PNG; q=1"])
def test_an_image_gets_a_json_list_of_probabilities(connection, content_type):
    status, headers, body = invoke(connection, picture(), **{"Content-Type": content_type})
    probabilities = json.loads(body)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert len(probabilities) == 3
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    # float32 values, printed as the doubles they are
    assert [float(np.float32(value)) for value in probabilities] == probabilities


def test_json_lines_are_given_to_who_accepts_them(connection):
    status, headers, body = invoke(connection, picture(), Accept="application/jsonlines")
    assert (status, headers["Content-Type"]) == (200, "application/jsonlines")
    assert len(json.loads(body)["prediction"]) == 3
    assert body.endswith(b"\n")


def logits(root, body):
    """What the network gives for the picture stretched to its size, as raw RGB."""
    pixels = resize_whole(Image.open(io.BytesIO(body)), 28, 28)
    network = TrainedNetwork(artifact.load(root / "model")).eval()
    with torch.inference_mode():
        return network(torch.tensor(pixels).permute(2, 0, 1)[None].float())[0]


def test_the_picture_is_stretched_and_fed_as_raw_rgb(connection, root):
    _, _, body = invoke(connection, picture())
    assert json.loads(body) == pytest.approx(torch.softmax(logits(root, picture()), 0).tolist(), abs=1e-6)


def test_with_multi_label_each_class_has_a_probability_of_its_own(tmp_path):
    folder = model(tmp_path, multi_label=True) / "model"
    with served_by(predictor.Predictor(artifact.load(folder))) as connection:
        _, _, body = invoke(connection, picture())
    assert json.loads(body) == pytest.approx(torch.sigmoid(logits(tmp_path, picture())).tolist(), abs=1e-6)
    assert sum(json.loads(body)) != pytest.approx(1, abs=1e-3)


def test_one_connection_serves_many_requests_even_after_a_refused_one(connection):
    assert invoke(connection, b"no picture")[0] == 400
    socket_used = connection.sock
    assert invoke(connection, picture())[0] == 200
    assert invoke(connection, picture(), path="/elsewhere")[0] == 404
    assert invoke(connection, picture())[0] == 200
    assert connection.sock is socket_used


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (b"text", {}, 400, "not a PNG or JPEG image"),
        (b"", {}, 400, "not a PNG or JPEG image"),
        (picture()[:300], {}, 400, "damaged image"),
        (jpeg_of_scans(3_000), {}, 400, "more than 100 scans"),
        (picture(), {"Content-Type": "text/csv"}, 415, "'text/csv' is not supported"),
        (b"", {"Content-Length": "99999999"}, 413, "at most 26214400 are allowed"),
        (b"x" * (26 << 20), {}, 413, "at most 26214400 are allowed"),
        (b"", {"Content-Length": "-1"}, 411, "needs a Content-Length"),
        (b"", {"Content-Length": "9" * 5000}, 411, "needs a Content-Length"),
        (b"", {"Transfer-Encoding": "chunked"}, 411, "no Transfer-Encoding"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_in_json(connection, body, headers, status, words):
    replied, reply_headers, reply = invoke(connection, body, **headers)
    assert replied == status
    assert reply_headers["Content-Type"] == "application/json"
    assert words in json.loads(reply)["message"]


@pytest.mark.parametrize("path", ["/ping", "/elsewhere"])
def test_a_body_that_nobody_reads_is_not_taken_for_a_request(server, path):
    with socket.create_connection(("127.0.0.1", server[1]), timeout=30) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nContent-Length: 19\r\n\r\nGET /ping HTTP/1.1\r\n".encode())
        replies = b"".join(iter(lambda: raw.recv(4096), b""))
    assert replies.count(b"HTTP/1.1 ") == 1


def test_many_clients_at_once_get_the_answers_to_their_own_pictures(server):
    def ask(seed):
        connection = http.client.HTTPConnection("127.0.0.1", server[1], timeout=60)
        reply = invoke(connection, picture(seed))[2]
        connection.close()
        return reply

    alone = [ask(seed) for seed in range(4)]
    assert len(set(alone)) == 4
    with ThreadPoolExecutor(16) as clients:
        together = list(clients.map(ask, list(range(4)) * 8))
    assert together == alone * 8


def test_garbage_on_the_wire_is_answered_in_json_and_harms_nobody(server, connection):
    with socket.create_connection(("127.0.0.1", server[1]), timeout=30) as raw:
        raw.sendall(b"\x16\x03\x01 what\r\n\r\n")
        assert b'{"message"' in raw.recv(4096)
    with socket.create_connection(("127.0.0.1", server[1]), timeout=30) as raw:
        raw.sendall(b"POST /invocations HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
    assert invoke(connection, picture())[0] == 200


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly_though_a_client_stays_connected(root, number, status):
    process = launch(root)
    port = int(process.stdout.readline().rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    assert invoke(connection, picture())[0] == 200
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (status, "")
    connection.close()


@pytest.fixture
def serve_here(monkeypatch, capsys):
    """Returns a function that runs the command in this process, where it is to fail at once."""

    def call(root, port):
        arguments = ["training", "serve", "--root", str(root), "--port", str(port)]
        monkeypatch.setattr("sys.argv", arguments)
        return main(), capsys.readouterr().err

    return call


def test_a_port_in_use_is_one_line(serve_here, root):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve_here(root, port) == (1, f"Cannot listen on 127.0.0.1:{port}: Address already in use.\n")


def test_no_model_is_one_line(serve_here, tmp_path):
    assert serve_here(tmp_path, 0) == (1, f"The model in {tmp_path / 'model'} lacks model-shapes.json.\n")


@pytest.fixture
def answer_by(monkeypatch, root):
    """Returns a function that makes a predictor whose network answers as a function says."""

    def make(answer):
        made = predictor.Predictor(artifact.load(root / "model"))
        for network in (made._network, made._alone):
            monkeypatch.setattr(network, "compute", answer)
        return made

    return make


def test_no_more_images_are_worked_on_than_there_are_cores(monkeypatch, answer_by):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    # Passed only by three at once; were there four, the fourth of twelve would break into the next three.
    together, working, most = threading.Barrier(3, timeout=30), set(), []

    def compute(pixels):
        working.add(threading.get_ident())
        most.append(len(working))
        together.wait()
        working.discard(threading.get_ident())
        return np.full((1, 2), 0.5)

    made = answer_by(compute)
    with ThreadPoolExecutor(12) as clients:
        assert list(clients.map(made.predict, [picture()] * 12)) == [[0.5, 0.5]] * 12
    assert max(most) == 3


def test_images_are_answered_in_the_order_in_which_they_came(monkeypatch, answer_by):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    go_on, answered = threading.Event(), []

    def compute(pixels):
        go_on.wait()
        answered.append(int(pixels[0, 0, 0]))
        return np.full((1, 2), 0.5)

    made = answer_by(compute)
    threads = []
    for shade in range(20):
        threads.append(threading.Thread(target=made.predict, args=(grey(shade),)))
        threads[-1].start()
        while len(made.turns._waiting) + len(made.turns._begun) <= shade:
            time.sleep(0.001)
    go_on.set()
    for thread in threads:
        thread.join()
    assert answered == list(range(20))


def test_over_its_limit_the_server_says_so_at_once(monkeypatch, answer_by):
    go_on, began = threading.Event(), threading.Semaphore(0)

    def compute(pixels):
        began.release()
        go_on.wait()
        return np.full((1, 2), 0.5)

    monkeypatch.setattr(predictor, "MOST_WAITING", 0)
    made = answer_by(compute)
    with served_by(made) as connection, ThreadPoolExecutor(16) as clients:
        working = [clients.submit(made.predict, picture()) for _ in range(made._network.at_once)]
        for _ in working:
            began.acquire()
        status, headers, body = invoke(connection, picture())
        assert (status, headers["Content-Type"]) == (503, "application/json")
        assert json.loads(body) == {"message": "0 images wait for an answer already; try again later."}
        go_on.set()
        assert [work.result() for work in working] == [[0.5, 0.5]] * len(working)
        assert invoke(connection, picture())[0] == 200


def out_of_memory(pixels):
    raise RuntimeError("Exception from src/infer_request.cpp:224:\ncan't allocate memory\n\n")


def memory_error(pixels):
    raise MemoryError


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (out_of_memory, "The answer cannot be computed: can't allocate memory."),
        (memory_error, "The answer cannot be computed: MemoryError."),
        (
            lambda pixels: np.full((1, 2), np.nan),
            "The answer cannot be computed: the network gives a number that is not finite.",
        ),
    ],
)
def test_an_answer_that_cannot_be_computed_is_a_server_error_in_one_line(answer_by, answer, message):
    with served_by(answer_by(answer)) as connection:
        # No place for an image is lost by it: there are 16 at most.
        for _ in range(20):
            status, _, body = invoke(connection, picture())
            assert (status, json.loads(body)) == (500, {"message": message})


def test_what_a_client_sent_is_cut_in_what_it_is_told(connection):
    _, _, about_type = invoke(connection, picture(), **{"Content-Type": "x" * 5000})
    _, _, about_path = invoke(connection, picture(), path="/" + "x" * 5000)
    assert len(about_type) < 300
    assert len(about_path) < 300


def test_ping_tells_that_a_request_had_to_be_given_up(root):
    stuck = threading.Event()
    with served_by(predictor.Predictor(artifact.load(root / "model")), stuck.is_set) as connection:

        def ping():
            connection.request("GET", "/ping")
            with connection.getresponse() as reply:
                return reply.status

        assert ping() == 200
        stuck.set()
        assert 503 in (ping() for _ in range(100_000))


# The server itself, but for a network that a white picture keeps for ever, and less patience.
STUCK_BY_WHITE = """
import threading
from tests.lambdas.hostile_photos import jpeg_of_scans
from training.__main__ import main
from training.network.fixed_network import FixedNetwork
from training.serving import http_server, predictor

compute = FixedNetwork.compute

def compute_or_get_stuck(network, pixels):
    if pixels.min() == 255:
        threading.Event().wait()
    return compute(network, pixels)

FixedNetwork.compute = compute_or_get_stuck
predictor.LONGEST_SECONDS = http_server.LAST_REPLIES_SECONDS = 0.5
raise SystemExit(main())
"""


def test_requests_that_never_end_put_the_server_out_of_service_for_a_while_only(root):
    white = io.BytesIO()
    Image.new("RGB", (28, 28), "white").save(white, "PNG")
    process = launch(root, "-c", STUCK_BY_WHITE)
    port = int(process.stdout.readline().rsplit(":", 1)[1])

    def ask(body):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            return invoke(connection, body)[0]

    def is_given_up(_):
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            ask(white.getvalue())
        return True

    # One for each image that there may be worked on.
    with ThreadPoolExecutor(16) as clients:
        assert all(clients.map(is_given_up, range(16)))
    told = []
    while not told or "Serving" not in told[-1]:
        told.append(process.stdout.readline())
    assert "A request took more than 0 seconds: the server begins anew." in "".join(told)
    assert ask(picture()) == 200
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_serving_imports_neither_pytorch_nor_what_reports_use() -> None:
    look = (
        "import sys, training.serving.predictor; print({'torch', 'openvino_telemetry'} & sys.modules.keys())"
    )
    shown = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert shown.stdout == "set()\n"
