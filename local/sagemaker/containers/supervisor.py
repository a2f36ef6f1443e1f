"""Runs a command and ends it, children and all, when standard input says so or ends.

``python -I -S supervisor.py COMMAND...``: a byte on standard input asks the command to stop (SIGTERM). Its
end, which comes even when whoever holds the other side is killed, stops the command for good.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

_GRACE_SECONDS = 3.0


def main(command: list[str]) -> int:
    """Returns the command's exit status; 128 + N where signal N ended it, as a shell does."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_obey, args=(child.pid,), daemon=True).start()
    status = child.wait()
    _signal(child.pid, signal.SIGKILL)
    return status if status >= 0 else 128 - status


def _obey(group: int) -> None:
    while os.read(0, 1):
        _signal(group, signal.SIGTERM)
    _signal(group, signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # gone already; macOS says EPERM for that
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
