"""Measures serving beside MXNet 1.9.1: ``python -m benchmarks.model.serving DIR [--rounds N] [--seconds S]``.

DIR is what ``python data_staging/stage.py --out DIR`` wrote; ``make bench-serving`` sets up MXNet. The
default network, trained for an epoch, is served by ``python -m training serve`` and by an MXNet module behind
the same HTTP server (``mxnet_server.py``). In every round both start anew; 1, 8 and 64 clients then send the
test pictures to both in turns, over connections that stay open.
"""

import argparse
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment import MXNET, REPOSITORY
from benchmarks.model.job_folder import find_data_set, lay_out, read_split, train
from benchmarks.model.load import send
from benchmarks.rows import Row, print_report
from stacks.configuration.settings import read_cdk_json

CLIENTS = (1, 8, 64)
WARM_UP_SECONDS = 1.0
START_SECONDS = 120
HERE, THERE = "here", "MXNet"


@dataclass(frozen=True)
class Server:
    """A server's process, its port, and the seconds from its start to its first answer."""

    process: subprocess.Popen[bytes]
    port: int
    first_answer: float

    def read_memory(self) -> int:
        """Returns the resident bytes of the process."""
        command = ["ps", "-o", "rss=", "-p", str(self.process.pid)]
        return 1024 * int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@contextmanager
def serve(command: Sequence[str | Path], image: bytes) -> Iterator[Server]:
    """Starts a server, which takes its port as last argument, waits for its first answer, and ends it.

    Raises:
        SystemExit: It does not answer.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.monotonic()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*command, str(port)], cwd=REPOSITORY, stdout=quiet, stderr=quiet)
    try:
        while not _is_answering(port, image):
            if process.poll() is not None or time.monotonic() > started + START_SECONDS:
                sys.exit(f"{' '.join(map(str, command))} does not answer")
            time.sleep(0.01)
        yield Server(process, port, time.monotonic() - started)
    finally:
        process.terminate()
        process.wait()


def _is_answering(port: int, image: bytes) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)) as connection:
        try:
            connection.request("POST", "/invocations", image, {"Content-Type": "application/x-image"})
            return connection.getresponse().status == 200
        except ConnectionRefusedError:
            return False


def measure_round(
    commands: dict[str, list[str | Path]], images: Sequence[bytes], seconds: float
) -> dict[str, dict[str, float]]:
    """Starts the servers in the order given and returns the figures of each."""
    with ExitStack() as stack:
        servers = {
            whose: stack.enter_context(serve(command, images[0])) for whose, command in commands.items()
        }
        figures = {whose: {"first answer, s": server.first_answer} for whose, server in servers.items()}
        for clients in CLIENTS:
            for whose, server in servers.items():
                send(server.port, images, clients, min(WARM_UP_SECONDS, seconds))
                load = send(server.port, images, clients, seconds)
                figures[whose] |= {
                    f"{clients} clients, answers a second": load.throughput,
                    f"{clients} clients, p50, ms": 1000 * load.percentile(50),
                    f"{clients} clients, p99, ms": 1000 * load.percentile(99),
                }
        for whose, server in servers.items():
            figures[whose]["memory, MB"] = server.read_memory() / 1e6
    return figures


def build_rows(rounds: Sequence[dict[str, dict[str, float]]]) -> list[Row]:
    """Returns the rows of the figures that each server gave in each round."""

    def read(figure: str) -> tuple[list[float], list[float]]:
        return [found[HERE][figure] for found in rounds], [found[THERE][figure] for found in rounds]

    tails = [found[HERE]["8 clients, p99, ms"] / found[HERE]["8 clients, p50, ms"] for found in rounds]
    return [
        *(
            Row(
                f"{clients} clients",
                "answers a second",
                *read(f"{clients} clients, answers a second"),
                at_least=2,
            )
            for clients in CLIENTS
        ),
        Row("8 clients, p99 to p50", "times", tails, at_most=3),
        Row("from start to first answer", "s", *read("first answer, s"), at_most=1),
        Row("memory after all of it", "MB", *read("memory, MB"), at_most=1),
    ]


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="starts of both servers (default 3)")
    parser.add_argument("--seconds", type=float, default=10, help="of load at a time (default 10)")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds must be 1 or more, --seconds above 0")
    if not MXNET.exists():
        parser.error(f"there is no {MXNET}; make bench-serving installs it")
    data_set = find_data_set(arguments.data)
    channels = {split: read_split(data_set, split) for split in ("train", "validation")}
    images = [picture.path.read_bytes() for picture in read_split(data_set, "test")]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        # An epoch is enough: how long the network takes to answer does not depend on its weights.
        lay_out(root, channels, {**read_cdk_json().hyperparameters, "epochs": "1"})
        train(root)
        commands: dict[str, list[str | Path]] = {
            HERE: [sys.executable, "-m", "training", "serve", "--root", root, "--port"],
            THERE: [MXNET, "-m", "benchmarks.model.mxnet_server", root / "model"],
        }
        rounds = []
        for number in range(arguments.rounds):
            turn = dict(list(commands.items())[:: -1 if number % 2 else 1])
            rounds.append(measure_round(turn, images, arguments.seconds))
            print(f"round {number + 1}: {json.dumps(rounds[-1])}", file=sys.stderr, flush=True)
    print_report(build_rows(rounds), rounds=rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
