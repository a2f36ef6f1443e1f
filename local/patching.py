"""Replaces names of MiniStack's modules; a name that is not there ends the start with one clear line."""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from types import ModuleType
from typing import Any

PINNED = "1.5.33"


def find_original(owner: ModuleType | type, name: str) -> Any:
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
    """Puts ``replacement`` where ``owner`` has ``name``; raises as ``find_original`` does."""
    find_original(owner, name)
    setattr(owner, name, replacement)


def wrap(owner: ModuleType, name: str, wrapper: Callable[..., Any]) -> None:
    """Replaces a function by a wrapper that is given the original as its first argument."""
    replace(owner, name, partial(wrapper, find_original(owner, name)))
