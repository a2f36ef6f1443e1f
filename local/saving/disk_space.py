"""Tells in time that the disk has no room for what an embedded cloud keeps."""

import shutil
from pathlib import Path

NEEDED_MEGABYTES = 500
"""For the functions' packages, a training's files and its model, with something to spare."""


def find_lack(home: Path) -> str | None:
    """Says in one line that too little is free where a home lies; None where there is enough."""
    free = shutil.disk_usage(home).free // 10**6
    if free >= NEEDED_MEGABYTES:
        return None
    return f"{free} MB are free where {home} lies, and {NEEDED_MEGABYTES} MB are needed: make room there"
