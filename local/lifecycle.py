"""Starts, finds and stops the embedded cloud's server process."""

import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.environment import client_exports, server_environment
from local.waiting import wait_until

DEFAULT_PORT = 4566
READY_SECONDS = 60
STOP_SECONDS = 20
GROUP_SECONDS = 3
RECORD_ATTEMPTS = 100
REPOSITORY = Path(__file__).resolve().parents[1]


class CloudError(Exception):
    """What a user must be told, in one line."""


@dataclass(frozen=True)
class Server:
    """A running server: its process id, which is also its process group's, and its port on 127.0.0.1."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"


def running(home: Path) -> Server | None:
    """Returns the server of a home folder, or None.

    The server holds a lock on a file for as long as it lives, whatever ends it: a record left behind by a
    killed server, or a process id that the system has given to somebody else, deceives nobody.

    Raises:
        CloudError: The home cannot be read, or its server's record.
    """
    try:
        with (home / "server.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except BlockingIOError:
        return _recorded(home)
    except OSError as error:
        raise CloudError(f"cannot read {home}: {error.strerror}; choose another with --home") from None
    return None


def up(home: Path, port: int | None) -> str:
    """Starts the server unless it is up already, and waits until it answers.

    Args:
        home: Folder of its state; made if absent.
        port: Port on 127.0.0.1; None for the default, or whichever it already has.

    Returns:
        One line for the user.

    Raises:
        CloudError: The port or the home cannot be used, or the server ended before it was ready.
    """
    with _starting(home) as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        server = running(home)
        if server:
            if port not in (None, server.port):
                raise CloudError(f"already up on port {server.port}; `python -m local down` stops it")
            return f"already up at {server.url}"
        _end_group(home)
        with _listener(port or DEFAULT_PORT) as listener:
            process = _spawn(home, listener)
        try:
            _await_ready(process, home, port or DEFAULT_PORT)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    return f"up at http://127.0.0.1:{port or DEFAULT_PORT} (state in {home}, log in {home / 'log'})"


def down(home: Path) -> str:
    """Stops the server and everything that it started; returns one line for the user.

    Raises:
        CloudError: It could not be ended.
    """
    server = running(home)
    if server:
        with suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGTERM)
        if not wait_until(lambda: running(home) is None, STOP_SECONDS):
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            if not wait_until(lambda: running(home) is None, GROUP_SECONDS):
                raise CloudError(f"process {server.pid} does not end; its log is {home / 'log'}")
    _end_group(home)
    return "down" if server else "not up"


def exports(home: Path) -> str:
    """Returns the shell commands that point a shell at the running server.

    Raises:
        CloudError: It is not up.
    """
    server = running(home)
    if not server:
        raise CloudError("not up; `python -m local up` starts it")
    return client_exports(server.url)


def _recorded(home: Path) -> Server:
    """Reads who holds the lock; the record follows the lock within moments of a start."""
    for _ in range(RECORD_ATTEMPTS):
        if record := _record(home):
            return record
        time.sleep(0.05)
    raise CloudError(f"a server holds {home}, but server.json there does not say which; end it by hand")


def _record(home: Path) -> Server | None:
    """Returns the last server's record; None where there is none, or none that a server has written."""
    try:
        record = json.loads((home / "server.json").read_bytes())
        server = Server(int(record["pid"]), int(record["port"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    # To the system, 0 and -1 are not one process but many.
    return server if server.pid > 1 else None


def _starting(home: Path) -> IO[str]:
    """Opens the file by whose lock one ``up`` waits for another, in a home that is nobody else's folder."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in home.iterdir()}
        if names and "up.lock" not in names:
            raise CloudError(f"{home} holds other files; choose an empty or a new folder with --home")
        return (home / "up.lock").open("a")
    except OSError as error:
        raise _unwritable(home, error) from None


def _unwritable(home: Path, error: OSError) -> CloudError:
    return CloudError(
        f"cannot write to {error.filename or home}: {error.strerror}; choose another with --home"
    )


@contextmanager
def _listener(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(512)
        except PermissionError:
            raise CloudError(f"port {port} needs privileges; choose another with --port") from None
        except OSError:
            raise CloudError(f"port {port} is in use; choose another with --port") from None
        yield listener


def _spawn(home: Path, listener: socket.socket) -> subprocess.Popen[bytes]:
    try:
        shutil.rmtree(home / "tmp", ignore_errors=True)
        (home / "tmp").mkdir()
        (home / "server.json").unlink(missing_ok=True)
        log = (home / "log").open("wb")
    except OSError as error:
        raise _unwritable(home, error) from None
    port = listener.getsockname()[1]
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "local.server", str(home), str(port), str(listener.fileno())],
            cwd=REPOSITORY,
            env=server_environment(home, port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )


def _await_ready(process: subprocess.Popen[bytes], home: Path, port: int) -> None:
    def answers_or_ended() -> bool:
        return process.poll() is not None or _is_ready(port)

    if not wait_until(answers_or_ended, READY_SECONDS):
        raise CloudError(f"not ready after {READY_SECONDS} seconds; its log is {home / 'log'}")
    if process.poll() is not None:
        with (home / "log").open(errors="replace") as log:
            raise CloudError(f"ended while starting: {_last_line(log)} (its log is {home / 'log'})")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_ministack/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_line(log: IO[str]) -> str:
    lines = [line.strip() for line in log if line.strip()]
    return lines[-1] if lines else "no word of why"


def _end_group(home: Path) -> None:
    """Ends what a server that is gone has left in its process group."""
    record = _record(home)
    if record is None:
        return
    # A group outlives its leader, and its number is given to no new process meanwhile: if the leader's
    # number is in use, it is somebody else's now.
    if not _exists(os.kill, record.pid):
        for stop in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(record.pid, stop)
            if wait_until(lambda: not _exists(os.killpg, record.pid), GROUP_SECONDS):
                break
    (home / "server.json").unlink(missing_ok=True)


def _exists(send: Callable[[int, int], None], number: int) -> bool:
    try:
        send(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
