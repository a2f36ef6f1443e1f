"""Serves a model as the built-in's container does, until it is told to stop.

Each request is read and answered in a thread of its own; a thread for each core runs the network, each time
on a few of the images that wait. PyTorch releases the interpreter lock while it computes. No thread can be
ended from outside: where one is stuck, the process begins anew.
"""

import contextlib
import logging
import math
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from types import FrameType

import torch
from torch import Tensor

from training.artifact import files as artifact
from training.container_paths import ContainerPaths
from training.contract import CustomerError
from training.data.images import read_image, resize_whole
from training.network.symbol_network import SymbolNetwork
from training.serving.http_server import Server

INTERRUPTED = 130
# More images at a time would take more memory, but not less time for each.
LARGEST_BATCH = 4
MAX_WORKERS = 16
# SageMaker waits so long for an answer: after that nobody does.
LONGEST_SECONDS = 60

log = logging.getLogger("training")


class Predictor:
    """Answers images with a loaded model; safe to call from many threads."""

    def __init__(self, network: SymbolNetwork) -> None:
        self._network = network
        self._waiting: queue.SimpleQueue[tuple[Tensor, Future[list[float]]]] = queue.SimpleQueue()
        workers = min(_count_cores(), MAX_WORKERS)
        # To decode more images at a time than there are cores would only cost memory.
        self._decoding = threading.BoundedSemaphore(workers)
        # When each thread that decodes or computes has begun to.
        self._begun: dict[int, float] = {}
        for _ in range(workers):
            threading.Thread(target=self._work, daemon=True).start()

    def predict(self, body: bytes) -> list[float]:
        """Returns each class's probability, float32 values as Python floats, for one encoded image.

        Raises:
            UnreadableImage: The bytes are no PNG or JPEG that can be read.
            RuntimeError: The network cannot answer, or not with numbers.
        """
        _, height, width = self._network.image_shape
        with self._decoding, self._note_work():
            pixels = torch.tensor(resize_whole(read_image(body), height, width)).permute(2, 0, 1)
        answer: Future[list[float]] = Future()
        self._waiting.put((pixels, answer))
        probabilities = answer.result()
        if not all(map(math.isfinite, probabilities)):
            raise RuntimeError("the network gives a number that is not finite")
        return probabilities

    def is_stuck(self) -> bool:
        """Says whether something is decoded or computed for longer than anybody waits for the answer."""
        return any(time.monotonic() - begun > LONGEST_SECONDS for begun in list(self._begun.values()))

    @contextlib.contextmanager
    def _note_work(self) -> Iterator[None]:
        self._begun[threading.get_ident()] = time.monotonic()
        try:
            yield
        finally:
            del self._begun[threading.get_ident()]

    def _work(self) -> None:
        # A second thread for the same images would take from the other cores what they need for theirs.
        torch.set_num_threads(1)
        while True:
            batch = [self._waiting.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < LARGEST_BATCH:
                    batch.append(self._waiting.get_nowait())
            try:
                with self._note_work(), torch.inference_mode():
                    found = self._network.predict(torch.stack([pixels for pixels, _ in batch]).float())
            except Exception as error:
                # Such as too little memory: whoever waits has to be told, and this thread has to go on.
                for _, answer in batch:
                    answer.set_exception(error)
                continue
            for (_, answer), probabilities in zip(batch, found.tolist(), strict=True):
                answer.set_result(probabilities)


def _count_cores() -> int:
    # A process may be allowed fewer cores than the machine has; not every platform tells.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def serve(paths: ContainerPaths, port: int) -> int:
    """Answers on 127.0.0.1 until SIGTERM (returns 0) or Ctrl-C (returns 130).

    Raises:
        CustomerError: The model cannot be used, or the port is not free.
    """
    predictor = Predictor(artifact.load(paths.model))
    try:
        server = Server(port, predictor.predict, predictor.is_stuck)
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
