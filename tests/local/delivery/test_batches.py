"""A batch of a queue waits until Lambda has room for its function, and is not lost where it has none."""

from collections.abc import Iterator

import pytest
from ministack.services import lambda_svc

from local.delivery import batches


def run_while(running: Iterator[int], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Returns the batches that run while so many functions run, of at most 10, each time that one looks."""
    monkeypatch.setattr(lambda_svc, "_ACCOUNT_CONCURRENCY_CAP", 10)
    monkeypatch.setattr(lambda_svc, "executions_in_flight", lambda: (next(running), {}))
    ran: list[tuple[str, ...]] = []
    batches._run_batch(lambda *batch: ran.append(batch), "mapping", "function")
    return ran


def test_a_batch_runs_once_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PAUSE_SECONDS", 0)
    running = iter([10, 10, 9, 7])
    assert run_while(running, monkeypatch) == [("mapping", "function")]
    assert next(running) == 7


def test_a_batch_that_waits_too_long_is_run_all_the_same_and_counts_as_failed_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "MOST_SECONDS", 0)
    assert run_while(iter([10]), monkeypatch) == [("mapping", "function")]
