"""Runs a command and prints what it took as JSON: ``python -m benchmarks.growth.child COMMAND [...]``.

What a process had at most is told no lower than what its parent had when it started it: so the parent is this
process, which has hardly anything. The processor's time is what neighbours take nothing away of.
"""

import json
import os
import subprocess
import sys
import time
from typing import NamedTuple


class Taken(NamedTuple):
    """What a process and those that it waited for took: processor's seconds, most MiB of one, seconds."""

    processor_seconds: float
    megabytes: float
    seconds: float


def measure(command: list[str]) -> Taken:
    """Runs a command in a process of its own, its output to standard error.

    Raises:
        SystemExit: It failed.
    """
    called = [sys.executable, "-m", "benchmarks.growth.child", *command]
    completed = subprocess.run(called, capture_output=True, text=True, check=False)
    if completed.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{completed.stderr[-2000:]}")
    return Taken(*json.loads(completed.stdout))


def main(command: list[str]) -> int:
    """Runs the command; returns its exit status."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    # Linux counts in KiB, macOS in bytes.
    megabytes = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps(Taken(usage.ru_utime + usage.ru_stime, megabytes, seconds)))
    return process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
