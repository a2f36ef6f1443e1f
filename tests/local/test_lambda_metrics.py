"""A function's Duration is what its code takes, as AWS documents it.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import lambda_runtime
from ministack.services import cloudwatch

from local.lambda_functions import metrics, runtime
from local.lambda_functions.runtime import PythonWorker


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[float, str]]:
    """What CloudWatch is told, by the metric's name; the clock goes on by a second whenever it is read."""
    told: dict[str, tuple[float, str]] = {}

    def record(namespace: str, metric: str, value: float, unit: str, dimensions: dict[str, str]) -> None:
        assert (namespace, dimensions) == ("AWS/Lambda", {"FunctionName": "classify"})
        told[metric] = (value, unit)

    monkeypatch.setattr(cloudwatch, "record_metric", record)
    monkeypatch.setattr(lambda_runtime.ProvidedWorker, "_spawn", lambda *_: None)
    clock = SimpleNamespace(monotonic=itertools.count().__next__)
    for module in (metrics, runtime):
        monkeypatch.setattr(module, "time", clock)
    return told


@pytest.mark.parametrize(
    ("starts", "seconds"),
    # A start is a second long, and so is what lies before, between and after starts.
    [(0, 1), (1, 2), (2, 3)],
)
def test_the_start_of_an_environment_is_no_part_of_it(
    recorded: dict[str, tuple[float, str]], starts: int, seconds: int
) -> None:
    def execute(*_: Any) -> dict[str, Any]:
        for _start in range(starts):
            PythonWorker.__new__(PythonWorker)._spawn()
        return {"body": None}

    metrics._execute(execute, {}, {"FunctionName": "classify"})
    assert recorded["Duration"] == (seconds * 1000, "Milliseconds")
    assert recorded["Invocations"] == (1, "Count")
    assert recorded["Errors"] == recorded["Throttles"] == (0, "Count")
