"""What every command does in a terminal: it prints tables, and says in one line what went wrong."""

import sys
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from evaluation.deployment import ADVICE, EvaluationError

LONGEST_LINE = 800


def report_errors(program: str, run: Callable[[], int], *, interrupted: str) -> int:
    """Runs a command and returns its exit status; an error that a user can cause is one line and status 1.

    Args:
        program: Name of the program, which begins the line.
        run: The command.
        interrupted: What to say after Ctrl-C, which ends with status 130.
    """
    try:
        return run()
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return 130
    except BotoCoreError as error:
        # Some of them are sentences.
        print(_shorten(f"{program}: {str(error).rstrip('.')}: {ADVICE}"), file=sys.stderr)
    except (EvaluationError, ClientError, OSError, ValueError) as error:
        print(_shorten(f"{program}: {error}"), file=sys.stderr)
    return 1


def _shorten(line: str) -> str:
    """Returns a line without its middle where it is endless: what to do stands at the end."""
    half = LONGEST_LINE // 2
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} ... {line[-half:]}"


def format_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a line for the heading and one for each row, with the columns aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(heading, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heading, *rows)
    )
