"""Serves the page in the background: ``python -m console.background start`` and ``... stop``.

The server holds a lock on a file for as long as it lives, whatever ends it: neither the record of a killed
server nor a process id that the system has given to another process can pass for one.
"""

import fcntl
import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

CACHE = Path(__file__).resolve().parents[1] / ".cache"
SERVER = (sys.executable, "-m", "console")
ADDRESS = re.compile(rb"http://(127[\d.]*:\d+)/")
START_SECONDS = 60
STOP_SECONDS = 10


class PageError(Exception):
    """An error of which the message is one line for the user."""


def start(cache: Path = CACHE, server: Sequence[str] = SERVER) -> str:
    """Starts the page's server in place of one that runs, and waits until it answers; returns its address.

    Args:
        cache: Folder of its record and its log; made if absent.
        server: Its command, which prints the address.

    Raises:
        PageError: It ended before it answered; the message is what it said.
    """
    cache.mkdir(parents=True, exist_ok=True)
    stop(cache)
    log = cache / "page.log"
    with (cache / "page.lock").open("a+") as lock, log.open("wb") as output:
        if not _is_taken(lock):
            raise PageError("another start of the page is under way")
        lock.truncate(0)
        process = subprocess.Popen(
            server,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],  # with the file the server keeps the lock
            start_new_session=True,
        )
        lock.write(str(process.pid))
        lock.flush()
        address = None
        try:
            _wait_until(lambda: process.poll() is not None or _find_answering(log), START_SECONDS)
            address = _find_answering(log)
        finally:
            if address is None:
                process.kill()
                process.wait()
    if address is None:
        raise PageError(log.read_text(errors="replace").strip() or "the page's server says nothing")
    return address


def stop(cache: Path = CACHE) -> None:
    """Ends the page's server, if there is one, and waits until it has ended.

    Raises:
        PageError: It does not end.
    """
    try:
        lock = (cache / "page.lock").open("r+")
    except FileNotFoundError:
        return
    with lock:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if _is_taken(lock):
                lock.truncate(0)
                return
            # Its number follows the lock within moments.
            _wait_until(lambda: _read_number(lock) or _is_taken(lock), STOP_SECONDS)
            with suppress(ProcessLookupError):
                if server := _read_number(lock):
                    os.kill(server, number)
            _wait_until(lambda: _is_taken(lock), STOP_SECONDS)
        if not _is_taken(lock):
            raise PageError(f"the page's server does not end; its log is {cache / 'page.log'}")


def _is_taken(lock: IO[str]) -> bool:
    """Takes the lock; returns whether that was possible."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_number(lock: IO[str]) -> int:
    """Returns the server's process id; 0 where it is not written yet."""
    lock.seek(0)
    text = lock.read()
    return int(text) if text.isdecimal() else 0


def _find_answering(log: Path) -> str | None:
    """Returns the address that the server has printed, once it answers there."""
    match = ADDRESS.search(log.read_bytes())
    if not match:
        return None
    connection = http.client.HTTPConnection(match[1].decode(), timeout=5)
    try:
        connection.request("GET", "/")
        return match[0].decode() if connection.getresponse().status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _wait_until(condition: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def main(arguments: list[str]) -> int:
    """Runs one of the two commands; returns the exit status."""
    if arguments not in (["start"], ["stop"]):
        print("usage: python -m console.background start|stop", file=sys.stderr)
        return 2
    try:
        if arguments == ["start"]:
            print(f"The page: {start()} (make page-stop ends it)")
        else:
            stop()
    except (PageError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
