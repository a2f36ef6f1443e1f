"""Serves a model as the built-in's container does, until it is told to stop.

Each request is read in a thread of its own, and as many are answered at a time as there are cores, in the
order in which they came. No thread can be ended from outside: where one is stuck, the process begins anew.
PyTorch, which takes a second and memory to import, is not needed here.
"""

import collections
import contextlib
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

import numpy as np

from training.artifact import files as artifact
from training.container_paths import ContainerPaths
from training.contract import CustomerError
from training.data.images import read_image, resize_whole
from training.network.fixed_network import FixedNetwork
from training.network.graph import Network
from training.serving.http_server import Overloaded, Server

INTERRUPTED = 130
# SageMaker waits so long for an answer: after that nobody does.
LONGEST_SECONDS = 60
# On two cores they have their answers in a second or two.
MOST_WAITING = 256

log = logging.getLogger("training")


class Turns:
    """Lets so many threads work at a time, first come, first served; a semaphore keeps to no order."""

    def __init__(self, count: int) -> None:
        self._free = self._count = count
        self._changing = threading.Lock()
        self._waiting: collections.deque[threading.Event] = collections.deque()
        # When each thread that works has begun to.
        self._begun: dict[int, float] = {}

    @contextlib.contextmanager
    def take(self) -> Iterator[bool]:
        """Waits for the thread's turn, which is the context's time; says whether nobody else works by then.

        Raises:
            Overloaded: ``MOST_WAITING`` others wait already.
        """
        turn = threading.Event()
        with self._changing:
            alone = self._free == self._count
            if self._free:
                self._free -= 1
                turn.set()
            elif len(self._waiting) < MOST_WAITING:
                self._waiting.append(turn)
            else:
                raise Overloaded(f"{MOST_WAITING} images wait for an answer already; try again later")
        turn.wait()
        self._begun[threading.get_ident()] = time.monotonic()
        try:
            yield alone
        finally:
            del self._begun[threading.get_ident()]
            with self._changing:
                if self._waiting:
                    self._waiting.popleft().set()
                else:
                    self._free += 1

    def is_stuck(self) -> bool:
        """Says whether a thread works for longer than anybody waits for the answer."""
        return any(time.monotonic() - begun > LONGEST_SECONDS for begun in list(self._begun.values()))


class Predictor:
    """Answers images with a loaded model; safe to call from many threads."""

    def __init__(self, network: Network) -> None:
        self._image_shape = network.graph.image_shape
        self._network = FixedNetwork(network)
        self._alone = FixedNetwork(network, at_once=1)
        # More images at a time than there are cores would only cost memory.
        self.turns = Turns(self._network.at_once)

    def predict(self, body: bytes) -> list[float]:
        """Returns each class's probability, float32 values as Python floats, for one encoded image.

        Raises:
            UnreadableImage: The bytes are no PNG or JPEG that can be read.
            Overloaded: ``MOST_WAITING`` others wait already.
            RuntimeError: The network cannot answer, or not with numbers.
        """
        _, height, width = self._image_shape
        with self.turns.take() as alone:
            pixels = resize_whole(read_image(body), height, width).transpose(2, 0, 1)
            network = self._alone if alone else self._network
            probabilities: list[float] = network.compute(pixels.astype(np.float32))[0].tolist()
        if not all(map(math.isfinite, probabilities)):
            raise RuntimeError("the network gives a number that is not finite")
        return probabilities


def serve(paths: ContainerPaths, port: int) -> int:
    """Answers on 127.0.0.1 until SIGTERM (returns 0) or Ctrl-C (returns 130).

    Raises:
        CustomerError: The model cannot be used, or the port is not free.
    """
    predictor = Predictor(artifact.load(paths.model))
    try:
        server = Server(port, predictor.predict, predictor.turns.is_stuck)
    except OSError as error:
        raise CustomerError(f"Cannot listen on 127.0.0.1:{port}: {error.strerror}.") from None
    received = []

    def stop(number: int, _: FrameType | None) -> None:
        received.append(number)
        server.stop()

    with server:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        port = server.server_address[1]
        log.info("Serving %s on http://127.0.0.1:%d", paths.model, port)
        server.serve_forever(poll_interval=0.1)
    if server.stuck and not received:
        log.error("A request took more than %d seconds: the server begins anew.", LONGEST_SECONDS)
        command = [sys.executable, *sys.orig_argv[1:], "--port", str(port)]
        os.execv(sys.executable, command)  # noqa: S606 - this very program
    if signal.SIGINT in received:
        log.info("Interrupted.")
        return INTERRUPTED
    return 0
