"""Serves a model, asks it, and prints what an answer took: ``python -m benchmarks.growth.answers ROOT EDGE``.

ROOT is the folder of a finished training job, EDGE the width and height of the photo that is sent. Prints the
median milliseconds of an answer, and the server's most MiB, as JSON.
"""

import io
import json
import os
import statistics
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.model.load import send
from benchmarks.model.serving import serve

SECONDS = 3.0


def draw_photo(edge: int) -> bytes:
    """Returns a JPEG of that width and height: a shade with some grain, as large as a camera's would be."""
    numbers = np.random.default_rng(edge)
    shade = np.linspace(40, 200, edge)[:, None, None] + np.linspace(-30, 30, 3)
    pixels = (shade + numbers.normal(0, 8, (edge, edge, 3))).clip(0, 255).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=85)
    return written.getvalue()


def main(root: Path, edge: int) -> int:
    """Returns the exit status."""
    photo = draw_photo(edge)
    command = [sys.executable, "-m", "training", "serve", "--root", root, "--port"]
    with serve(command, photo) as server:
        send(server.port, [photo], 1, SECONDS / 3)
        latencies = send(server.port, [photo], 1, SECONDS).latencies
        server.process.terminate()
        _, status, usage = os.wait4(server.process.pid, 0)
        server.process.returncode = os.waitstatus_to_exitcode(status)
    megabytes = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"milliseconds": 1000 * statistics.median(latencies), "megabytes": megabytes}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
