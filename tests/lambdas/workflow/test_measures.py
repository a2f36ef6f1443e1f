"""What is measured goes into the log in the embedded metric format, a line for each set of dimensions."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.filter import handler
from lambdas.workflow import measures
from lambdas.workflow.errors import InvalidEvent, ThresholdConfidenceNotMet


@pytest.fixture
def read_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], dict[str, Any]]:
    """Returns what the log tells since: values by metric and dimension beside the service."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "scones")
    measures.tell()
    capsys.readouterr()

    def read() -> dict[str, Any]:
        told: dict[str, Any] = {}
        for line in capsys.readouterr().out.splitlines():
            document = json.loads(line)
            if "_aws" not in document:
                continue
            (directive,) = document["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "SconesUnlimited"
            (names,) = directive["Dimensions"]
            assert document["service"] == "scones" and len(names) <= 2
            other = "".join(f" {document[name]}" for name in names if name != "service")
            for metric in directive["Metrics"]:
                told.setdefault(metric["Name"] + other, []).extend(document[metric["Name"]])
        return told

    return read


def test_a_routed_photo_is_counted_by_its_class(context: Any, read_told: Callable[[], Any]) -> None:
    handler({"inferences": [0.9, 0.1]}, context)
    told = read_told()
    assert told.pop("StepMilliseconds filter")[0] > 0
    assert told == {"PhotosRouted bicycle": [1], "Confidence": [0.9]}


def test_a_refused_photo_is_counted_with_its_confidence(context: Any, read_told: Callable[[], Any]) -> None:
    with pytest.raises(ThresholdConfidenceNotMet):
        handler({"inferences": [0.4, 0.6]}, context)
    told = read_told()
    assert told.pop("StepMilliseconds filter")[0] > 0
    assert told == {"PhotosRefused": [1], "Confidence": [0.6]}


def test_what_has_no_answer_counts_as_neither(context: Any, read_told: Callable[[], Any]) -> None:
    with pytest.raises(InvalidEvent):
        handler({}, context)
    assert list(read_told()) == ["StepMilliseconds filter"]


def test_an_invocation_tells_nothing_of_the_one_before(context: Any, read_told: Callable[[], Any]) -> None:
    for _ in range(2):
        handler({"inferences": [0.9, 0.1]}, context)
        assert read_told()["PhotosRouted bicycle"] == [1]
    measures.tell()
    assert read_told() == {}


@pytest.mark.parametrize("values", [99, 100, 101, 250])
def test_no_value_is_lost_or_told_twice_however_many_there_are(
    values: int, read_told: Callable[[], Any]
) -> None:
    for number in range(values):
        measures.add(measures.CONFIDENCE, number)
    measures.tell()
    assert read_told() == {"Confidence": list(range(values))}
