"""Judged photos are told of while the page is served: after the time to undo, and what is left at the end."""

import queue
from collections.abc import Callable
from typing import cast

import pytest

from console.reviews.errors import NotTold
from console.server import telling
from console.server.telling import BackgroundTeller
from evaluation.deployment import Deployment, NotDeployed

PATIENCE_SECONDS = 30
NEVER = 3600.0


class _Recorder:
    """Stands in for what sends events: says what it was asked, and fails as often as a test wants."""

    def __init__(self) -> None:
        self.faults: list[Exception] = []
        self._asked: queue.Queue[object] = queue.Queue()

    def tell_due(self, seconds: float) -> int:
        self._asked.put("due")
        if self.faults:
            raise self.faults.pop()
        return 0

    def tell(self, photo: str) -> bool:
        self._asked.put(photo)
        return True

    def next(self) -> object:
        """Returns what was asked next, once it was."""
        return self._asked.get(timeout=PATIENCE_SECONDS)

    def is_asked_no_more(self) -> bool:
        """Says whether nothing else was asked so far."""
        return self._asked.empty()


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> _Recorder:
    """What the background teller asks."""
    recorder = _Recorder()
    monkeypatch.setattr(telling, "Teller", lambda deployment: recorder)
    return recorder


@pytest.fixture
def start(recorder: _Recorder) -> Callable[[float], BackgroundTeller]:
    """Starts a teller with so many seconds to undo, and waits until it has told what others have left."""

    def start(seconds: float) -> BackgroundTeller:
        teller = BackgroundTeller(cast(Deployment, None), seconds)
        teller.start()
        assert recorder.next() == "due"
        return teller

    return start


def test_what_was_judged_is_told_after_the_time_to_undo(
    recorder: _Recorder, start: Callable[[float], BackgroundTeller]
) -> None:
    teller = start(0.01)
    # Somebody may have judged a moment before the start.
    assert recorder.next() == "due"
    teller.note("one")
    assert recorder.next() == "due"
    teller.close()


def test_what_can_still_be_undone_is_told_when_the_server_ends(
    recorder: _Recorder, start: Callable[[float], BackgroundTeller]
) -> None:
    teller = start(NEVER)
    teller.note("one")
    teller.note("two")
    teller.close()
    assert [recorder.next(), recorder.next()] == ["one", "two"]


def test_a_server_where_nothing_was_judged_asks_nothing_at_its_end(
    recorder: _Recorder, start: Callable[[float], BackgroundTeller]
) -> None:
    start(NEVER).close()
    assert recorder.is_asked_no_more()


def test_what_cannot_be_told_is_said_and_tried_again(
    recorder: _Recorder, start: Callable[[float], BackgroundTeller]
) -> None:
    recorder.faults = [NotTold("EventBridge did not take it"), NotTold("EventBridge did not take it")]
    teller = start(0.01)
    assert recorder.next() == "due"
    assert teller.fault is not None
    assert "EventBridge did not take it" in teller.fault
    assert recorder.next() == "due"
    teller.note("one")
    assert recorder.next() == "due"
    assert teller.fault is None
    teller.close()


def test_an_older_deployment_without_a_table_is_no_fault(
    recorder: _Recorder, start: Callable[[float], BackgroundTeller]
) -> None:
    recorder.faults = [NotDeployed("no table")]
    teller = start(0.01)
    assert recorder.next() == "due"
    assert teller.fault is None
    teller.close()
