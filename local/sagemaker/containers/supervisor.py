"""Runs a command and ends it, children and all, when standard input says so or ends.

``python -I -S supervisor.py SECONDS COMMAND...``: a byte on standard input asks the command to stop
(SIGTERM). The end of standard input, which comes even when the process at the other side is killed, stops the
command for good: SIGTERM, and SIGKILL some seconds later.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time


def main(grace_seconds: float, command: list[str]) -> int:
    """Returns the command's exit status; 128 + N where signal N ended it, as a shell does."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_obey, args=(child.pid, grace_seconds), daemon=True).start()
    status = child.wait()
    _signal(child.pid, signal.SIGKILL)
    return status if status >= 0 else 128 - status


def _obey(group: int, grace_seconds: float) -> None:
    while os.read(0, 1):
        _signal(group, signal.SIGTERM)
    _signal(group, signal.SIGTERM)
    time.sleep(grace_seconds)
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # gone already; macOS says EPERM for that
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
