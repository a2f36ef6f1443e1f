"""Keeps targets, policies, activities and tags across a restart, by MiniStack's contract for a state."""

import copy
from typing import Any

from local.autoscaling import targets
from local.autoscaling.targets import LOCK

_STORES = {name: getattr(targets, name) for name in ("targets", "policies", "activities", "tags")}


def get_state() -> dict[str, Any]:
    """Returns all records, for MiniStack to write."""
    with LOCK:
        return copy.deepcopy(_STORES)


def load_persisted_state(state: dict[str, Any]) -> None:
    """Takes records back."""
    for name, store in _STORES.items():
        store.update(state.get(name, {}))


def reset() -> None:
    """Forgets everything."""
    for store in _STORES.values():
        store.clear()
