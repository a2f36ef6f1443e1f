"""Stands for the algorithm where a test needs one that obeys: hyperparameters and bodies say what it does."""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MEETING = threading.Barrier(20, timeout=60)


def await_file(path: Path) -> None:
    """Returns once a file is there."""
    while not path.exists():
        time.sleep(0.05)


def train(root: Path) -> int:
    """Trains nothing; the hyperparameters say what it does instead.

    With a ``gate`` it stops, when it is asked to, once that file is there.
    """
    settings = json.loads((root / "input/config/hyperparameters.json").read_text())
    if "gate" in settings:
        signal.signal(signal.SIGTERM, lambda *_: await_file(Path(settings["gate"])) or os._exit(0))
    if "ignore_stop" in settings:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "child" in settings:
        subprocess.Popen([sys.executable, "-c", f"import time; time.sleep(300)  # {settings['child']}"])
    files = sorted(str(path.relative_to(root)) for path in (root / "input").rglob("*") if path.is_file())
    bias = float(settings.get("bias", "0.9"))
    config = {path.stem: json.loads(path.read_text()) for path in (root / "input/config").iterdir()}
    model = {"bias": bias, "files": files, "config": config, "environment": dict(os.environ)}
    (root / "model" / "model.json").write_text(json.dumps(model))
    for epoch in range(2):
        print(f"Epoch[{epoch}] Train-accuracy={0.5 + epoch / 10:.6f}")
        print(f"Epoch[{epoch}] Validation-accuracy={0.6 + epoch / 10:.6f}")
    print("waiting")
    time.sleep(float(settings.get("seconds", "0")))
    if "fail" in settings:
        (root / "output" / "failure").write_text(settings["fail"])
        return 1
    return 0


class Serving(BaseHTTPRequestHandler):
    """Answers with the model's bias and status; some bodies are orders.

    ``sleep SECONDS``, ``meet`` (wait until there are as many as ``MEETING``), ``await FILE`` (makes
    ``FILE.asked``), ``error STATUS TEXT``, ``die`` and ``tell`` (its environment and the request's headers).
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    bias = 0.0
    status = 200

    def do_GET(self) -> None:
        self._answer(200, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        order, _, rest = body.decode(errors="replace").partition(" ")
        if order == "die":
            os._exit(7)
        if order == "sleep":
            time.sleep(float(rest))
        elif order == "meet":
            MEETING.wait()
        elif order == "await":
            Path(f"{rest}.asked").touch()
            await_file(Path(rest))
        if order == "error":
            status, _, text = rest.partition(" ")
            self._answer(int(status), text.encode(), "text/plain")
        elif order == "tell":
            told = {"environment": dict(os.environ), "headers": dict(self.headers)}
            self._answer(200, json.dumps(told).encode(), "application/json")
        else:
            self._answer(self.status, json.dumps([self.bias, 1 - self.bias]).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(root: Path, port: int) -> int:
    """Serves the model on 127.0.0.1; one with a bias below zero ends at once."""
    model = json.loads((root / "model" / "model.json").read_text())
    if gate := model.get("gate"):
        await_file(Path(gate))
    Serving.bias, Serving.status = model["bias"], model["status"]
    if Serving.bias < 0:
        return 3
    print("serving")
    ThreadingHTTPServer(("127.0.0.1", port), Serving).serve_forever()
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["train", "serve"])
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--port", type=int)
    asked = parser.parse_args()
    sys.exit(train(asked.root) if asked.what == "train" else serve(asked.root, asked.port))
