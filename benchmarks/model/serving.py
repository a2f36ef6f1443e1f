"""Measures serving beside MXNet 1.9.1: ``python -m benchmarks.model.serving DIR [--rounds N] [--seconds S]``.

DIR is what ``python data_staging/stage.py --out DIR`` wrote; ``make bench-serving`` sets up MXNet. The
default network, trained for an epoch, is served by ``python -m training serve`` and by an MXNet module behind
the same HTTP server (``mxnet_server.py``). In every round both start anew; 1, 8 and 64 clients then send the
test pictures to both in turns, over connections that stay open. Prints one JSON object, and a table to
standard error.
"""

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment import MXNET, REPOSITORY, describe_machine
from benchmarks.model.job_folder import find_data_set, lay_out, read_split, train
from benchmarks.model.load import send
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


def summarise(rounds: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Returns the medians of each figure, and the ratios between MXNet's and ours, taken round by round.

    A ratio above 1 is in our favour: throughputs are ours to MXNet's, all other figures MXNet's to ours.
    """
    report = {}
    for figure in rounds[0][HERE]:
        here, there = ([found[whose][figure] for found in rounds] for whose in (HERE, THERE))
        pairs = list(zip(here, there, strict=True))
        ratios = [mine / theirs if figure.endswith("a second") else theirs / mine for mine, theirs in pairs]
        report[figure] = {
            HERE: statistics.median(here),
            THERE: statistics.median(there),
            "ratio min": min(ratios),
            "ratio median": statistics.median(ratios),
            "ratio max": max(ratios),
        }
    return report


def format_table(report: dict[str, dict[str, float]]) -> str:
    """Returns the summary as lines of text."""
    lines = [f"{'':30} {HERE:>10} {THERE:>10}   in favour of here"]
    for figure, found in report.items():
        spread = f"{found['ratio median']:.2f} ({found['ratio min']:.2f} to {found['ratio max']:.2f})"
        lines.append(f"{figure:30} {found[HERE]:10.2f} {found[THERE]:10.2f}   {spread}")
    return "\n".join(lines)


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
    report = summarise(rounds)
    print(format_table(report), file=sys.stderr)
    print(json.dumps({"machine": describe_machine(), "rounds": rounds, "summary": report}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
