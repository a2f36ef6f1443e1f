"""Lets each REPORT line say what the function's own process took, as whoever sizes a function reads it there.

MiniStack names the largest child that the server ever had, which may be a training job.
"""

import re
import subprocess
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.services import lambda_svc

from local.patching import replace, wrap

_megabytes: ContextVar[int] = ContextVar("memory that the last invocation's process took", default=0)


def install() -> None:
    """Measures a function's process when an invocation has given it back."""
    wrap(lambda_svc, "release_worker", _release)
    replace(lambda_svc, "_probe_peak_memory_mb", lambda _function: _megabytes.get())


def _release(release: Any, worker: Any) -> None:
    process = getattr(worker, "_proc", None)
    # A process that was ended has been measured before.
    _megabytes.set(measure(process.pid) if process else getattr(worker, "megabytes", 0))
    release(worker)


def measure(process: int) -> int:
    """Returns the most memory that a process ever had, in megabytes; what it has now where Linux is not."""
    with suppress(OSError):
        status = Path(f"/proc/{process}/status").read_text()
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(peak[1]) // 1024 if peak else 0
    asked = subprocess.run(
        ["/bin/ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return int(asked.stdout.strip() or 0) // 1024
