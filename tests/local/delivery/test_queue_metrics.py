"""CloudWatch is told what waits in each queue, by the queue's name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import cloudwatch, sqs

from local.delivery.queue_metrics import measure, measure_all
from local.delivery.queue_traffic import SENT

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


def test_of_an_empty_queue_is_told_that_nothing_waits() -> None:
    """The documentation has the other values where there is something to tell."""
    assert measure({"messages": []}, NOW) == {VISIBLE: 0}


def test_a_message_that_nobody_gets_done_counts_no_more_for_the_age() -> None:
    messages = [make_message(-90, -1, received=3), make_message(-40, -1, received=2)]
    assert measure({"messages": messages}, NOW) == {VISIBLE: 2, AGE: 40}
    assert AGE not in measure({"messages": messages[:1]}, NOW)


@given(
    st.lists(
        st.builds(
            make_message, st.floats(-1e6, 0), st.floats(-1e6, 1e6), st.integers(min_value=0, max_value=5)
        )
    )
)
def test_each_message_is_counted_once(messages: list[dict[str, Any]]) -> None:
    measured = measure({"messages": messages}, NOW)
    assert measured.pop(AGE, 0) >= 0
    assert sum(measured.values()) == len(messages)
    assert min(measured.values()) >= 0


def test_each_queue_is_told_of_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    queues = AccountRegionScopedDict()
    for name, waiting in (("uploads", 2), ("dead-letters", 0)):
        queues.set_scoped(
            "000000000000",
            "us-east-1",
            f"http://localhost/{name}",
            {
                "name": name,
                "attributes": {"QueueArn": name},
                "messages": [make_message(-1, -1) for _ in range(waiting)],
            },
        )
    told: dict[tuple[str, str], float] = {}

    def record(namespace: str, metric: str, value: float, unit: str, dimensions: dict[str, str]) -> None:
        assert (namespace, list(dimensions)) == ("AWS/SQS", ["QueueName"])
        assert unit == ("Seconds" if metric == AGE else "Count")
        told[dimensions["QueueName"], metric] = value

    monkeypatch.setattr(sqs, "_queues", queues)
    monkeypatch.setattr(cloudwatch, "record_metric", record)
    traffic = {"uploads": {SENT: 5}, "dead-letters": {}}
    monkeypatch.setattr("local.delivery.queue_metrics.take_counts", traffic.__getitem__)
    measure_all(NOW)
    assert told == {
        ("uploads", VISIBLE): 2,
        ("uploads", AGE): 1,
        ("uploads", SENT): 5,
        ("dead-letters", VISIBLE): 0,
    }
