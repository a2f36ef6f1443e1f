"""Replaces names of MiniStack's modules; a name that is not there ends the start with one clear line."""

from importlib.metadata import version
from types import ModuleType
from typing import Any

PINNED = "1.5.33"


def original(owner: ModuleType | type, name: str) -> Any:
    """Returns what ``owner`` calls ``name``.

    Raises:
        SystemExit: There is no such name: the installed MiniStack is not the one that this package mends.
    """
    try:
        return getattr(owner, name)
    except AttributeError:
        raise SystemExit(
            f"ministack {version('ministack')} has no {owner.__name__}.{name}: "
            f"install ministack=={PINNED}, the version that the embedded cloud is built on"
        ) from None


def replace(owner: ModuleType | type, name: str, replacement: Any) -> None:
    """Puts ``replacement`` where ``owner`` has ``name``; raises as ``original`` does."""
    original(owner, name)
    setattr(owner, name, replacement)
