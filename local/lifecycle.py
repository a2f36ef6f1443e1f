"""Starts, finds and stops the embedded cloud's server process."""

import fcntl
import http.client
import json
import os
import shlex
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

from local.environment import build_server_environment, format_client_exports
from local.saving.disk_space import find_lack
from local.waiting import wait_until

DEFAULT_PORT = 4566
READY_SECONDS = 60
STOP_SECONDS = 20
GROUP_SECONDS = 3
RECORD_ATTEMPTS = 100
REPOSITORY = Path(__file__).resolve().parents[1]


class CloudError(Exception):
    """An error of which the message is one line for the user."""


@dataclass(frozen=True)
class Server:
    """A running server: its process id, which is also its process group's, and its port on 127.0.0.1."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self.port}"


def find_server(home: Path) -> Server | None:
    """Returns the server of a home folder, or None.

    The server holds a lock on a file for as long as it lives, whatever ends it: neither the record of a
    killed server nor a process id that the system has given to another process can pass for one.

    Raises:
        CloudError: The home or its server's record cannot be read.
    """
    try:
        with (home / "server.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except BlockingIOError:
        return _await_record(home)
    except OSError as error:
        raise CloudError(
            f"cannot read {str(home)[:200]}: {error.strerror}; choose another with --home"
        ) from None
    return None


def start(home: Path, port: int | None) -> str:
    """Starts the server unless it is up already, and waits until it answers.

    Args:
        home: Folder of its state; made if absent.
        port: Port on 127.0.0.1; None for the default, or for the port that it has already.

    Returns:
        One line for the user.

    Raises:
        CloudError: The port or the home cannot be used, the disk is full, or the server ended before it was
            ready.
    """
    with _open_start_lock(home) as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if lack := find_lack(home):
            raise CloudError(f"{lack}, or choose another with --home")
        server = find_server(home)
        if server:
            if port not in (None, server.port):
                raise CloudError(f"already up on port {server.port}; `python -m local down` stops it")
            return f"already up at {server.url}"
        _end_group(home)
        with _listen(port or DEFAULT_PORT) as listener:
            process = _spawn(home, listener)
        try:
            _await_ready(process, home, port or DEFAULT_PORT)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    return f"up at http://127.0.0.1:{port or DEFAULT_PORT} (state in {home}, log in {home / 'log'})"


def stop(home: Path) -> str:
    """Stops the server and everything that it started; returns one line for the user.

    Raises:
        CloudError: The server could not be ended.
    """
    server = find_server(home)
    if server:
        with suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGTERM)
        if not wait_until(lambda: find_server(home) is None, STOP_SECONDS):
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            if not wait_until(lambda: find_server(home) is None, GROUP_SECONDS):
                raise CloudError(f"process {server.pid} does not end; its log is {home / 'log'}")
    _end_group(home)
    return "down" if server else "not up"


def format_exports(home: Path) -> str:
    """Returns the shell commands that point a shell at the running server.

    Raises:
        CloudError: It is not up.
    """
    server = find_server(home)
    if not server:
        raise CloudError("not up; `python -m local up` starts it")
    # Whoever finds the cloud gone says with it how to start this one.
    return f"{format_client_exports(server.url)}\nexport SCONES_LOCAL_HOME={shlex.quote(str(home))}"


def _await_record(home: Path) -> Server:
    """Reads which server holds the lock; the record follows the lock within moments of a start."""
    for _ in range(RECORD_ATTEMPTS):
        if record := _read_record(home):
            return record
        time.sleep(0.05)
    raise CloudError(f"a server holds {home}, but server.json there does not say which; end it by hand")


def _read_record(home: Path) -> Server | None:
    """Returns the last server's record; None where no server has written one."""
    try:
        record = json.loads((home / "server.json").read_bytes())
        server = Server(int(record["pid"]), int(record["port"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    # To the system, 0 and -1 are not one process but many.
    return server if server.pid > 1 else None


def _open_start_lock(home: Path) -> IO[str]:
    """Opens the file by whose lock one start waits for another, in a home that holds no other files."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in home.iterdir()}
        if names and "up.lock" not in names:
            raise CloudError(f"{home} holds other files; choose an empty or a new folder with --home")
        return (home / "up.lock").open("a")
    except OSError as error:
        raise _explain_write_error(home, error) from None


def _explain_write_error(home: Path, error: OSError) -> CloudError:
    return CloudError(
        f"cannot write to {str(error.filename or home)[:200]}: {error.strerror}; choose another with --home"
    )


@contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
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
        raise _explain_write_error(home, error) from None
    port = listener.getsockname()[1]
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "local.server", str(home), str(port), str(listener.fileno())],
            cwd=REPOSITORY,
            env=build_server_environment(home, port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )


def _await_ready(process: subprocess.Popen[bytes], home: Path, port: int) -> None:
    def has_answered_or_ended() -> bool:
        return process.poll() is not None or _is_ready(port)

    if not wait_until(has_answered_or_ended, READY_SECONDS):
        raise CloudError(f"not ready after {READY_SECONDS} seconds; its log is {home / 'log'}")
    if process.poll() is not None:
        with (home / "log").open(errors="replace") as log:
            raise CloudError(f"ended while starting: {_read_last_line(log)} (its log is {home / 'log'})")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_ministack/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _read_last_line(log: IO[str]) -> str:
    lines = [line.strip() for line in log if line.strip()]
    return lines[-1] if lines else "no word of why"


def _end_group(home: Path) -> None:
    """Ends the processes that a server that is gone has left in its process group."""
    record = _read_record(home)
    if record is None:
        return
    # A group outlives its leader, and its number is given to no new process meanwhile: where the leader's
    # number is in use, the group is gone and the number belongs to another process.
    if not _is_alive(os.kill, record.pid):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(record.pid, number)
            if wait_until(lambda: not _is_alive(os.killpg, record.pid), GROUP_SECONDS):
                break
    (home / "server.json").unlink(missing_ok=True)


def _is_alive(send: Callable[[int, int], None], number: int) -> bool:
    try:
        send(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
