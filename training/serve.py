"""Serves a model as the built-in's container does, until it is told to stop.

PyTorch lets go of the interpreter lock while it computes, so that requests in threads keep the cores busy.
"""

import logging
import os
import signal
import threading
from types import FrameType

import torch

from training import artifact
from training.container_paths import ContainerPaths
from training.contract import CustomerError
from training.images import read_image, resize_whole
from training.server import Server
from training.symbol_network import SymbolNetwork

INTERRUPTED = 130

log = logging.getLogger("training")


class Predictor:
    """A loaded model; safe to call from many threads."""

    def __init__(self, network: SymbolNetwork) -> None:
        self._network = network
        # More images in work at once than there are cores would only cost memory.
        self._places = threading.BoundedSemaphore(os.cpu_count() or 1)

    def predict(self, body: bytes) -> list[float]:
        """Returns each class's probability, float32 values as Python floats, for one encoded image.

        Raises:
            UnreadableImage: the bytes are no PNG or JPEG that can be read.
        """
        _, height, width = self._network.image_shape
        with self._places:
            pixels = torch.tensor(resize_whole(read_image(body), height, width))
            with torch.inference_mode():
                return self._network.probabilities(pixels.permute(2, 0, 1).unsqueeze(0).float())[0].tolist()


def serve(paths: ContainerPaths, port: int) -> int:
    """Answers on 127.0.0.1 until SIGTERM (returns 0) or Ctrl-C (returns 130).

    Raises:
        CustomerError: the model cannot be used, or the port is not free.
    """
    predictor = Predictor(artifact.load(paths.model))
    try:
        server = Server(port, predictor)
    except OSError as error:
        raise CustomerError(f"Cannot listen on 127.0.0.1:{port}: {error.strerror}.") from None
    received = []

    def stop(number: int, _: FrameType | None) -> None:
        received.append(number)
        # shutdown() waits for serve_forever, which this very thread is in.
        threading.Thread(target=server.shutdown).start()

    with server:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        log.info("Serving %s on http://127.0.0.1:%d", paths.model, server.server_address[1])
        server.serve_forever(poll_interval=0.1)
    if signal.SIGINT in received:
        log.info("Interrupted.")
        return INTERRUPTED
    return 0
