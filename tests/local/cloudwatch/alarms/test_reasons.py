"""An alarm says why it has its state in the words of CloudWatch, as public records of alarms show them."""

import json

import pytest

from tests.local.cloudwatch.alarms.conftest import Watch


@pytest.mark.parametrize(
    ("settings", "values", "reason"),
    [
        ({}, [1], "1 datapoint [1.0 (16/01/27 00:00:00)] was greater than the threshold (0.0)."),
        ({}, [0], "1 datapoint [0.0 (16/01/27 00:00:00)] was not greater than the threshold (0.0)."),
        (
            {"DatapointsToAlarm": 1},
            [1],
            "1 out of the last 1 datapoints [1.0 (16/01/27 00:00:00)] was greater than the threshold (0.0) "
            "(minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (
            {"EvaluationPeriods": 3, "DatapointsToAlarm": 2},
            [1, 0, 2],
            "2 out of the last 3 datapoints [2.0 (16/01/27 00:02:00), 1.0 (16/01/27 00:00:00)] were "
            "greater than the threshold (0.0) (minimum 2 datapoints for OK -> ALARM transition).",
        ),
        (
            {
                "EvaluationPeriods": 3,
                "DatapointsToAlarm": 2,
                "ComparisonOperator": "LessThanOrEqualToThreshold",
            },
            [1, 0, 2],
            "2 out of the last 3 datapoints [2.0 (16/01/27 00:02:00), 1.0 (16/01/27 00:00:00)] were "
            "not less than or equal to the threshold (0.0) "
            "(minimum 2 datapoints for ALARM -> OK transition).",
        ),
        (
            {"TreatMissingData": "breaching"},
            [],
            "no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching].",
        ),
        (
            {"TreatMissingData": "notBreaching", "EvaluationPeriods": 2},
            [],
            "no datapoints were received for 2 periods and 2 missing datapoints were treated as "
            "[NonBreaching].",
        ),
        (
            {"TreatMissingData": "breaching", "EvaluationPeriods": 2},
            [1],
            "1 datapoint [1.0 (16/01/27 00:00:00)] was greater than the threshold (0.0) "
            "and 1 missing datapoint was treated as [Breaching].",
        ),
        (
            {"EvaluationPeriods": 6},
            [1, 2, 3, 4, 5, 6],
            "6 datapoints were greater than the threshold (0.0). The most recent datapoints which crossed "
            "the threshold: [6.0 (16/01/27 00:05:00), 5.0 (16/01/27 00:04:00), 4.0 (16/01/27 00:03:00), "
            "3.0 (16/01/27 00:02:00), 2.0 (16/01/27 00:01:00)].",
        ),
    ],
)
def test_a_threshold_that_is_crossed(
    watch: Watch, settings: dict[str, object], values: list[int], reason: str
) -> None:
    # Not before the data are whole: the first state is the one that is worded.
    for value in values:
        watch.send(value)
        watch.now += 60
    watch.put(**settings)
    assert watch.describe()["StateReason"] == f"Threshold Crossed: {reason}"


def test_data_that_are_unknown(watch: Watch) -> None:
    watch.put(EvaluationPeriods=5, DatapointsToAlarm=1)
    watch.send(1)
    watch.wait(480)
    assert watch.describe()["StateReason"] == "Insufficient Data: 5 datapoints were unknown."


def test_the_data_that_a_state_was_decided_by(watch: Watch) -> None:
    watch.send(1, 2)
    watch.now += 90
    watch.put(EvaluationPeriods=2, TreatMissingData="breaching", Unit="None")
    assert json.loads(watch.describe()["StateReasonData"]) == {
        "version": "1.0",
        "queryDate": "2027-01-16T00:01:30.000+0000",
        "startDate": "2027-01-16T00:00:00.000+0000",
        "unit": "None",
        "statistic": "Sum",
        "period": 60,
        "recentDatapoints": [3.0],
        "threshold": 0.0,
        "evaluatedDatapoints": [
            {"timestamp": "2027-01-16T00:00:00.000+0000", "sampleCount": 2.0, "value": 3.0},
            {"timestamp": "2027-01-15T23:59:00.000+0000"},
        ],
    }


def test_reasons_of_many_periods_have_the_length_that_the_api_allows(watch: Watch) -> None:
    for _ in range(300):
        watch.send(0.123456789)
        watch.now += 60
    watch.put(EvaluationPeriods=300)
    alarm = watch.describe()
    assert alarm["StateValue"] == "ALARM"
    assert len(alarm["StateReason"]) <= 1023
    assert len(alarm["StateReasonData"]) <= 4000
