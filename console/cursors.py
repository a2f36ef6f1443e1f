"""Carries a place in a list through a browser: it comes back as it was given, or is refused."""

import base64
import binascii
import json
from typing import Any


def encode(place: Any) -> str:
    """Returns a place, which JSON can express, as text for an address."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def decode(cursor: str) -> Any:
    """Returns what ``encode`` was given.

    Raises:
        ValueError: It is no text of ``encode``.
    """
    try:
        return json.loads(base64.b64decode(cursor.encode(), b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise make_error() from None


def make_error() -> ValueError:
    """Returns the error of a cursor that this server did not give."""
    return ValueError("cursor is none that this server gave: begin with the newest")
