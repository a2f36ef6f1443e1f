"""Writes the state of the services that have changed, each to a file of its own."""

import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence

from local.patching import find_original
from local.saving import items
from local.saving.items import ItemJournal

PAUSE_SECONDS = 0.5
SHARE = 0.05
"""The most of a processor's time that saving one service takes."""
ATTEMPTS = 10
FOLLOWING = frozenset({"cloudwatch_logs", "cloudwatch"})
"""What tells of every other service's work: it changes with it, and is never waited for."""
STACKS = "cloudformation"

_logger = logging.getLogger("persistence")
_changed: set[str] = set()
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
#: When a service may be written again, by time.monotonic().
_due: defaultdict[str, float] = defaultdict(float)
_stopped = threading.Event()
_journal: ItemJournal


def install(journal: ItemJournal) -> None:
    """Has what was copied into the tables' state dropped from a journal of its own."""
    global _journal
    _journal = journal


def start() -> None:
    """Writes what changes from now on, on a thread."""
    threading.Thread(target=_keep_writing, name="saving", daemon=True).start()


def finish() -> None:
    """Writes all for the last time."""
    _stopped.set()
    services = note_change_of_all()
    write_changed(services)


def note_change(*services: str) -> None:
    """Has these services' state written soon; they are named as their files are."""
    _changed.update(services)
    _changed.update(FOLLOWING)


def write_items() -> None:
    """Writes the items that have changed, and has the whole state written now and then."""
    if _journal.flush():
        note_change(items.SERVICE)


def note_change_of_all() -> list[str]:
    """Has every service's state written soon; returns their names."""
    services = list(_collect_states())
    note_change(*services)
    return services


def write_changed(services: Collection[str]) -> None:
    """Writes the state of those of some services that have changed, all or none of them where it can.

    CloudFormation's goes with any other's, is read last and put in its place first: its stacks then name
    all that they have made and changed, and no roll-back after the server was killed forgets any of it.
    """
    states = _collect_states()
    chosen = sorted(states.keys() & set(services) - {STACKS})
    if STACKS in services or not FOLLOWING.issuperset(chosen):
        chosen += states.keys() & {STACKS}
    with ExitStack() as held:
        for service in chosen:
            held.enter_context(_locks[service])
        written = [
            file for service in chosen if service in _changed if (file := _write(service, states[service]))
        ]
        for file in reversed(written):
            file.replace(file.with_suffix(""))
        if items.SERVICE in (file.name.partition(".")[0] for file in written):
            _journal.drop_copied()


def _keep_writing() -> None:
    while not _stopped.wait(PAUSE_SECONDS):
        now = time.monotonic()
        due = {service for service in list(_changed) if _due[service] <= now}
        write_changed(due - FOLLOWING)
        for service in due & FOLLOWING:
            write_changed([service])


def _collect_states() -> dict[str, Callable[[], Any]]:
    """Returns the function that gives the state of each service that has been asked for anything."""
    states: dict[str, Callable[[], Any]] = find_original(app, "_build_persistence_save_dict")()
    return states


def _write(service: str, give_state: Callable[[], Any]) -> Path | None:
    """Returns the file that is to take the place of a service's former one, if it was written."""
    begun = time.monotonic()
    # First, because what changes while the state is read may be missing in the file.
    _changed.discard(service)
    try:
        text = _encode_at_rest(service, give_state)
        if text is None:
            return None
        file = Path(persistence.STATE_DIR) / f"{service}.json.new"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    except Exception as error:  # one service must not keep the others from being written
        _logger.error("the state of %s cannot be saved: %r", service, error)
        _changed.add(service)
        return None
    finally:
        ended = time.monotonic()
        _due[service] = ended + (ended - begun) / SHARE
    return file


def _encode_at_rest(service: str, give_state: Callable[[], Any]) -> str | None:
    for _ in range(ATTEMPTS):
        try:
            return _encode(service, give_state)
        except RuntimeError:  # a dictionary was changed meanwhile
            continue
    return _encode(service, give_state)


def _encode(service: str, give_state: Callable[[], Any]) -> str | None:
    state = give_state()
    if state is None:
        return None
    content = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
    # Whole, because Python's fast encoder does not write piece by piece.
    return json.dumps(content, default=persistence._json_default)
