"""One subprocess that cannot outlive the server, with its output as lines."""

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from local.sagemaker.emulator import start_thread

GRACE_SECONDS = 3.0  # between the SIGTERM and the SIGKILL of a process that is ended
_SUPERVISOR = Path(__file__).with_name("supervisor.py")
#: All that run, so that none is left at the end.
_running: set["ChildProcess"] = set()


class ChildProcess:
    """A command in a process group of its own, under a supervisor that ends it when this process goes."""

    def __init__(
        self, command: list[str], *, folder: Path, environment: dict[str, str], on_line: Callable[[str], None]
    ) -> None:
        """Starts the command.

        Args:
            command: Program and arguments.
            folder: Working folder.
            environment: All of its environment.
            on_line: Called on a thread with each line of its standard output and error.
        """
        self._on_line = on_line
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SUPERVISOR), str(GRACE_SECONDS), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        self._reader = start_thread("sagemaker-output", self._read_output)
        _running.add(self)

    def ask_to_stop(self) -> None:
        """Sends SIGTERM to the command and all its children."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended by itself
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """Begins its end: SIGTERM now, SIGKILL seconds later; ``wait`` tells when it is done."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def wait(self, seconds: float | None = None) -> int | None:
        """Returns the exit status once it has ended and all its output was read, None after ``seconds``."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join()
        _running.discard(self)
        return status

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._on_line(line.decode(errors="replace").rstrip("\r\n"))


def end_all() -> None:
    """Ends every child process and waits until none is left."""
    children = list(_running)
    for child in children:
        child.end()
    for child in children:
        child.wait()
