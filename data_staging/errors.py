"""The one kind of error that the staging commands show to their user, as a single line."""

LONGEST_NAME = 100
LONGEST_LINE = 800


class StagingError(Exception):
    """Something that the user can put right; the message says what was wrong and what to do."""


def shorten(name: str) -> str:
    """Returns a name from files or the command line as a message shows it: on one line, and not endless."""
    shown = repr(name)
    return shown if len(shown) <= LONGEST_NAME else f"{shown[:LONGEST_NAME]}..."


def shorten_line(line: str) -> str:
    """Returns a message without its middle where it is endless: what to do stands at the end."""
    half = LONGEST_LINE // 2
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} ... {line[-half:]}"


class BadArchive(StagingError):
    """The archive is not CIFAR-100 as it is published, or is damaged, or is hostile."""
