"""Who reviews: a person, by the caller's identity, in one window of the page or one terminal."""

import re
import uuid

from evaluation.deployment import Deployment


def name_reviewer(deployment: Deployment, window: str | None = None) -> str:
    """Returns the id of a reviewer: the caller's ARN, ``#`` and the window's own id.

    Two windows of one person are two reviewers, so that they are never shown the same photo.

    Args:
        deployment: Knows the credentials.
        window: 8 to 64 letters, digits and hyphens that no other window has; otherwise some are drawn.

    Raises:
        ValueError: The window's id is none.
    """
    if window is None:
        window = str(uuid.uuid4())
    elif not re.fullmatch(r"[A-Za-z0-9-]{8,64}", window):
        raise ValueError(f"{window[:100]!r} is no window's id: 8 to 64 letters, digits and hyphens are")
    return f"{deployment.client('sts').get_caller_identity()['Arn']}#{window}"


def read_person(reviewer: str) -> str:
    """Returns the ARN of the person behind a reviewer's id."""
    return reviewer.rpartition("#")[0]
