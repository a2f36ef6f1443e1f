"""Names batches and their runs, and reads the name of the batch out of that of a run."""

import re
from datetime import UTC, datetime
from hashlib import sha256

LONGEST_SLUG = 40
DIGITS = 8
_ID = rf"[a-z0-9-]{{1,{LONGEST_SLUG}}}-[0-9a-f]{{{DIGITS}}}"
_BATCH = re.compile(_ID)
_RUN = re.compile(rf"({_ID})-\d{{8}}T\d{{6}}Z")
_RUN_ARN = re.compile(rf".+:execution:[^:]+-batch:{_RUN.pattern}")


def name_batch(title: str, source: str) -> str:
    """Returns the id of a batch: the same for the same source.

    Args:
        title: What people call it: the last part of a prefix, or a folder's name.
        source: Its address, an S3 URI or an absolute path. Of the machine it says nothing: in a container,
            say, a folder that is mounted anew each night goes on with its batch.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower())[:LONGEST_SLUG].strip("-")
    # A name on disk may hold bytes that are no text.
    digest = sha256(source.encode(errors="surrogateescape")).hexdigest()[:DIGITS]
    return f"{slug or 'photos'}-{digest}"


def is_batch(text: str) -> bool:
    """Tells whether a text has the form of a batch's id."""
    return _BATCH.fullmatch(text) is not None


def name_run(batch: str, now: datetime) -> str:
    """Returns the name of the execution that is a run of a batch."""
    return f"{batch}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def read_batch(run: str) -> str | None:
    """Returns the id of the batch whose run has a name; None for another execution's name."""
    match = _RUN.fullmatch(run)
    return match[1] if match else None


def read_batch_of_arn(execution: str) -> str | None:
    """Returns the id of the batch whose run has an ARN; None for an execution of another state machine."""
    match = _RUN_ARN.fullmatch(execution)
    return match[1] if match else None
