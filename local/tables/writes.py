"""Lets no write to a table come between another's condition and its effect.

MiniStack looks at an item and then changes it, on as many threads as state machines run tasks.
"""

import threading
from typing import Any

from ministack.services import dynamodb

from local.patching import wrap

WRITES = ("_put_item", "_update_item", "_delete_item", "_batch_write_item", "_transact_write_items")

_lock = threading.RLock()


def install() -> None:
    """Makes each write wait for the one before it."""
    for operation in WRITES:
        wrap(dynamodb, operation, write_alone)


def write_alone(write: Any, *request: Any) -> Any:
    """Does one write while no other is done."""
    with _lock:
        return write(*request)
