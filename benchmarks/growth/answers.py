"""Serves a model, asks it, and prints what an answer took: ``python -m benchmarks.growth.answers ROOT EDGE``.

ROOT is the folder of a finished training job, EDGE the width and height of the photo that is sent. Prints the
milliseconds of an answer, the server's processor's and the client's at best, which no neighbour has delayed,
and the server's most MiB, as JSON.
"""

import io
import json
import os
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


def read_processor_seconds(pid: int) -> float:
    """Returns what a process has spent so far, as Linux tells it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(root: Path, edge: int) -> int:
    """Returns the exit status."""
    photo = draw_photo(edge)
    command = [sys.executable, "-m", "training", "serve", "--root", str(root), "--port"]
    with serve(command, photo) as server:
        send(server.port, [photo], 1, SECONDS / 3)
        before = read_processor_seconds(server.process.pid)
        latencies = send(server.port, [photo], 1, SECONDS).latencies
        spent = read_processor_seconds(server.process.pid) - before
        server.process.terminate()
        _, status, usage = os.wait4(server.process.pid, 0)
        server.process.returncode = os.waitstatus_to_exitcode(status)
    megabytes = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    found = {
        "processor": 1000 * spent / len(latencies),
        "milliseconds": 1000 * min(latencies),
        "megabytes": megabytes,
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
