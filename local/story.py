"""Tells the steps of a long command, a line each: ``python -m local.story LOG COMMAND...``.

A deploy on the embedded cloud prints some 200 lines within seconds. They all go to the file LOG; the terminal
gets one line for each stack, for each epoch of a training and for the staged data. Unknown lines are told as
they are, and a command that fails ends with the last lines of the log.
"""

import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

LAST_LINES = 25
# As the CDK CLI prints them.
DEPLOYED = re.compile(r"\s*✅\s+(?P<stack>\S+)(?P<unchanged> \(no changes\))?$")
BOOTSTRAPPED = re.compile(r"\s*✅\s+Environment .* bootstrapped")
DEPLOY_SECONDS = re.compile(r"✨\s+Deployment time: (?P<seconds>[\d.]+)s$")
# As the algorithm writes them and `python -m console training-log` passes them on.
ESTIMATE = re.compile(r"training: This training (takes .* on this machine)")
FEATURES = re.compile(r"training: .*Features of the frozen layers: view (\d+) of (?!1,)(\d+), (\d+) images")
EPOCH = re.compile(r"training: .*Epoch\[(\d+)\] Validation-accuracy=([\d.]+)$")
# Lines that go to the log alone.
UNTOLD = re.compile(
    r"""\s*$
    | training:
    | \S+\ +\|                                        # an event of a stack
    | \S+:\ (start|success|creating|deploying|no)\b   # assets and change sets
    | [\w-]+$ | Outputs: | [\w-]+\.\w+\ = | Stack\ ARN: | arn: | \s*✨
    | Successfully\ synthesized | Supply\ a\ stack\ id | \ ?⏳ | Trusted\ accounts | Using\ default\ execution
    | Uploading:                                      # its last line, Staged, is told
    """,
    re.VERBOSE,
)


def tell(lines: Iterable[str]) -> Iterator[str]:
    """Yields the story of a deploy, given its output line by line."""
    stack, deployed = "", set()
    for line in lines:
        if BOOTSTRAPPED.match(line):
            yield "Bootstrapped: what the CDK itself needs is there"
        elif match := DEPLOYED.match(line):
            stack = match["stack"]
            if match["unchanged"] and stack not in deployed:
                yield f"Unchanged: {stack}"
        elif match := DEPLOY_SECONDS.search(line):
            if stack not in deployed and float(match["seconds"]):
                yield f"Deployed: {stack} ({float(match['seconds']):.0f} s)"
            deployed.add(stack)
        elif match := ESTIMATE.match(line):
            yield f"  training: {match[1]}"
        elif match := FEATURES.match(line):
            yield f"  training: features of {match[3]} images, view {match[1]} of {match[2]}"
        elif match := EPOCH.match(line):
            yield f"  training: epoch {int(match[1]) + 1}, validation accuracy {float(match[2]):.1%}"
        elif not UNTOLD.match(line):
            yield line


def run_and_tell(log: Path, command: list[str]) -> int:
    """Runs a command, writes all its output to a log and tells its story; returns its exit status.

    Raises:
        OSError: The log cannot be written, or there is no such command.
    """
    last: deque[str] = deque(maxlen=LAST_LINES)
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as whole,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            close_fds=False,  # make's own, by which a make within make keeps to its number of jobs
        ) as process,
    ):
        output = process.stdout or ()

        def record() -> Iterator[str]:
            for line in output:
                whole.write(line)
                whole.flush()
                last.append(line)
                yield line.rstrip("\n")

        try:
            for line in tell(record()):
                print(line, flush=True)
        except KeyboardInterrupt:
            # The terminal has interrupted the command as well; it ends by itself.
            process.wait()
            raise
    if process.returncode != 0:
        print(
            f"It failed. The last lines of {log}, which has all of it:\n{''.join(last)}",
            end="",
            file=sys.stderr,
        )
    return process.returncode


def main(arguments: list[str]) -> int:
    """Runs the command of the command line; returns its exit status."""
    log, *command = arguments
    try:
        return run_and_tell(Path(log), command)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"local.story: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
