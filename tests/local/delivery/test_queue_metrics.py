"""CloudWatch is told what waits in each queue, by the queue's name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import cloudwatch, sqs

from local.delivery.queue_metrics import measure, measure_all

NOW = 1_800_000_000.0
VISIBLE, NOT_VISIBLE, DELAYED, AGE = (
    "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateAgeOfOldestMessage",
)


def make_message(sent: float, visible: float, received: int = 0) -> dict[str, Any]:
    """Returns a message; its times are given in seconds from now."""
    return {"body": "", "sent_at": NOW + sent, "visible_at": NOW + visible, "receive_count": received}


def test_a_message_waits_is_being_worked_on_or_is_delayed() -> None:
    messages = [make_message(-90, -90), make_message(-40, 20, received=1), make_message(-1, 5)]
    assert measure({"messages": messages}, NOW) == {VISIBLE: 1, NOT_VISIBLE: 1, DELAYED: 1, AGE: 90}


def test_an_empty_queue_is_told_of_too() -> None:
    assert set(measure({"messages": []}, NOW).values()) == {0}


@given(
    st.lists(
        st.builds(
            make_message, st.floats(-1e6, 0), st.floats(-1e6, 1e6), st.integers(min_value=0, max_value=5)
        )
    )
)
def test_each_message_is_counted_once(messages: list[dict[str, Any]]) -> None:
    measured = measure({"messages": messages}, NOW)
    assert measured.pop(AGE) >= 0
    assert sum(measured.values()) == len(messages)
    assert min(measured.values()) >= 0


def test_each_queue_is_told_of_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    queues = AccountRegionScopedDict()
    for name, waiting in (("uploads", 2), ("dead-letters", 0)):
        queues.set_scoped(
            "000000000000",
            "us-east-1",
            f"http://localhost/{name}",
            {"name": name, "messages": [make_message(-1, -1) for _ in range(waiting)]},
        )
    told: dict[tuple[str, str], float] = {}

    def record(namespace: str, metric: str, value: float, unit: str, dimensions: dict[str, str]) -> None:
        assert (namespace, list(dimensions)) == ("AWS/SQS", ["QueueName"])
        assert unit == ("Seconds" if metric == AGE else "Count")
        told[dimensions["QueueName"], metric] = value

    monkeypatch.setattr(sqs, "_queues", queues)
    monkeypatch.setattr(cloudwatch, "record_metric", record)
    measure_all(NOW)
    assert told["uploads", VISIBLE] == 2
    assert told["dead-letters", VISIBLE] == 0
    assert len(told) == 8
