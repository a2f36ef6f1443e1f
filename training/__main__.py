"""Runs the algorithm as its container would: ``python -m training train|serve [--root DIR] [--port N]``."""

import argparse
import contextlib
import logging
import os
import sys
from pathlib import Path

from training.container_paths import ROOT, ContainerPaths
from training.contract import CustomerError


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("command", choices=("train", "serve"))
    parser.add_argument("--root", type=Path, default=ROOT, help="stands in for /opt/ml")
    parser.add_argument("--port", type=int, default=8080, help="for serve, on 127.0.0.1 (default 8080)")
    arguments = parser.parse_args()
    if not 0 <= arguments.port <= 65535:
        parser.error(f"--port {arguments.port} is not from 0 to 65535")
    return arguments


class _ContainerFormatter(logging.Formatter):
    """Writes a line of the log as the container does, whatever stands in for its /opt/ml."""

    def __init__(self, paths: ContainerPaths) -> None:
        super().__init__("[%(asctime)s %(levelname)s %(thread)d] %(message)s", "%m/%d/%Y %H:%M:%S")
        self._paths = paths

    def format(self, record: logging.LogRecord) -> str:
        return self._paths.name_in_container(super().format(record))


def _write_failure(paths: ContainerPaths, message: str) -> None:
    # The disk that failed the job may fail this too; what is printed is then all there is.
    with contextlib.suppress(OSError):
        paths.write_failure(message)


def main() -> int:
    """Returns the exit status: 0, 1 for a fault of the input, 130 or 143 when interrupted or terminated."""
    arguments = _parse_arguments()
    paths = ContainerPaths(arguments.root)
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(_ContainerFormatter(paths))
    logging.basicConfig(level=logging.INFO, handlers=[output])
    # Read when PyTorch is imported, below. Threads that spin while they wait for each other make training
    # five times slower as soon as anything else wants the processor.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        if arguments.command == "train":
            from training.fitting.train import train

            return train(paths)
        from training.serving.predictor import serve

        return serve(paths, arguments.port)
    except (CustomerError, OSError) as error:
        message = str(error) if isinstance(error, CustomerError) else f"AlgorithmError: {error}"
        if arguments.command == "train":
            message = paths.name_in_container(message)
            _write_failure(paths, message)
        print(message, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except Exception as error:
        # A fault of the program keeps its traceback, but its reason has to reach whoever started the job.
        if arguments.command == "train":
            message = paths.name_in_container(str(error))
            _write_failure(paths, f"AlgorithmError: {type(error).__name__}: {message}")
        raise


if __name__ == "__main__":
    sys.exit(main())
