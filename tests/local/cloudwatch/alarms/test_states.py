"""A metric alarm has the state that its own metric's data and the time give it."""

import pytest
from ministack.services import cloudwatch

from local.cloudwatch.alarms import ticker
from tests.local.cloudwatch.alarms.conftest import SETTINGS, Watch

OTHER = [{"Name": "EndpointName", "Value": "another"}, {"Name": "VariantName", "Value": "all"}]
MORE = [*SETTINGS["Dimensions"], {"Name": "EndpointConfigName", "Value": "green"}]


def test_an_alarm_begins_with_insufficient_data(watch: Watch) -> None:
    watch.put()
    assert watch.describe()["StateReason"] == "Unchecked: Initial alarm creation"
    assert watch.state == "INSUFFICIENT_DATA"


def test_an_alarm_changes_as_soon_as_data_breach(watch: Watch) -> None:
    watch.put()
    watch.wait(17)
    watch.send(1)
    assert watch.state == "ALARM"


def test_an_alarm_changes_as_soon_as_a_service_records_what_breaches(watch: Watch) -> None:
    watch.put()
    dimensions = {pair["Name"]: pair["Value"] for pair in SETTINGS["Dimensions"]}
    cloudwatch.record_metric(SETTINGS["Namespace"], SETTINGS["MetricName"], 1, "Count", dimensions)
    ticker.look(watch.now)
    assert watch.state == "ALARM"


@pytest.mark.parametrize(
    "settings",
    [{"Dimensions": OTHER}, {"Dimensions": MORE}, {"Dimensions": []}, {"MetricName": "Invocations"}],
)
def test_data_of_another_metric_change_nothing(watch: Watch, settings: dict[str, object]) -> None:
    watch.put()
    watch.send(1, **settings)
    watch.wait(120)
    assert watch.state == "INSUFFICIENT_DATA"


def test_data_of_another_namespace_change_nothing(watch: Watch) -> None:
    watch.put()
    datum = {name: SETTINGS[name] for name in ("MetricName", "Dimensions")} | {"Value": 1}
    watch.ask("_put_metric_data", {"Namespace": "Another", "MetricData": [datum]})
    watch.wait(120)
    assert watch.state == "INSUFFICIENT_DATA"


def test_dimensions_are_the_same_in_any_order(watch: Watch) -> None:
    watch.put()
    watch.send(1, Dimensions=SETTINGS["Dimensions"][::-1])
    assert watch.state == "ALARM"


def test_data_of_another_unit_change_nothing(watch: Watch) -> None:
    watch.put(Unit="Count")
    watch.send(1)
    assert watch.state == "INSUFFICIENT_DATA"
    watch.send(1, unit="Count")
    assert watch.state == "ALARM"


def test_as_many_periods_must_breach_as_are_needed(watch: Watch) -> None:
    watch.put(EvaluationPeriods=3, DatapointsToAlarm=2)
    for value, state in [(0, "OK"), (1, "OK"), (0, "OK"), (1, "ALARM"), (0, "OK"), (1, "ALARM")]:
        watch.send(value)
        watch.wait(60)
        assert watch.state == state


def test_all_periods_must_breach_where_no_number_is_given(watch: Watch) -> None:
    watch.put(EvaluationPeriods=3)
    for value, state in [(0, "OK"), (1, "OK"), (1, "OK"), (1, "ALARM"), (0, "OK")]:
        watch.send(value)
        watch.wait(60)
        assert watch.state == state


def test_many_values_of_one_period_are_no_more_than_one_point(watch: Watch) -> None:
    watch.put(EvaluationPeriods=3, DatapointsToAlarm=2)
    watch.send(0)
    watch.wait(60)
    watch.send(1, 1, 1)
    watch.wait(60)
    assert watch.state == "OK"


def test_an_alarm_returns_with_time_where_missing_data_do_not_breach(watch: Watch) -> None:
    watch.put(TreatMissingData="notBreaching")
    assert watch.state == "OK"
    watch.send(1)
    assert watch.state == "ALARM"
    # The period, and two more that are asked for because data are missing.
    watch.wait(179)
    assert watch.state == "ALARM"
    watch.wait(61)
    assert watch.state == "OK"


def test_an_alarm_has_insufficient_data_once_none_come_any_more(watch: Watch) -> None:
    watch.put()
    watch.send(0)
    watch.wait(60)
    assert watch.state == "OK"
    watch.wait(180)
    assert watch.state == "INSUFFICIENT_DATA"


def test_missing_data_may_breach(watch: Watch) -> None:
    watch.put(TreatMissingData="breaching")
    assert watch.state == "ALARM"
    watch.send(0)
    watch.wait(60)
    assert watch.state == "OK"


def test_missing_data_may_be_ignored_and_are_where_dynamodb_has_none(watch: Watch) -> None:
    watch.put(TreatMissingData="ignore")
    watch.put(AlarmName="table", Namespace="AWS/DynamoDB")
    watch.send(0)
    watch.wait(600)
    assert watch.state == "OK"
    assert watch.describe("table")["StateReason"] == "Unchecked: Initial alarm creation"


def test_a_period_that_is_not_over_ends_no_alarm(watch: Watch) -> None:
    watch.put()
    watch.send(1)
    watch.wait(60)
    watch.send(0)
    assert watch.state == "ALARM"
    watch.wait(60)
    assert watch.state == "OK"


def test_a_sum_is_too_low_only_when_its_period_is_over(watch: Watch) -> None:
    watch.put(ComparisonOperator="LessThanThreshold", Threshold=2.0)
    watch.send(1)
    watch.wait(59)
    assert watch.state == "INSUFFICIENT_DATA"
    watch.send(1)
    watch.wait(1)
    assert watch.state == "OK"


def test_periods_slide_by_the_minute(watch: Watch) -> None:
    watch.put(Period=300, ComparisonOperator="GreaterThanOrEqualToThreshold", Threshold=2.0)
    watch.wait(200)
    watch.send(1)
    watch.wait(200)
    watch.send(1)
    # These lie in two periods of the clock's, and within one of five minutes.
    assert watch.state == "ALARM"


def test_periods_of_high_resolution_end_every_ten_seconds(watch: Watch) -> None:
    watch.put(Period=10, TreatMissingData="notBreaching")
    watch.send(1)
    watch.wait(29)
    assert watch.state == "ALARM"
    watch.wait(11)
    assert watch.state == "OK"


def test_an_alarm_of_more_than_a_day_is_looked_at_every_hour(watch: Watch) -> None:
    watch.put(Period=86400, EvaluationPeriods=2, Statistic="Average", TreatMissingData="breaching")
    assert watch.state == "ALARM"
    watch.wait(1)
    watch.send(0, ago=4)
    assert watch.state == "OK"
    assert next(iter(ticker._due.values())) == watch.now - 1 + 3600


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [3]),
        ("GreaterThanOrEqualToThreshold", [2, 3]),
        ("LessThanThreshold", [1]),
        ("LessThanOrEqualToThreshold", [1, 2]),
    ],
)
def test_each_comparison(watch: Watch, comparison: str, breaching: list[int]) -> None:
    for value in (1, 2, 3):
        watch.put(AlarmName=str(value), MetricName=str(value), ComparisonOperator=comparison, Threshold=2.0)
        watch.send(value, MetricName=str(value))
    watch.wait(60)
    states = [watch.describe(str(value))["StateValue"] for value in (1, 2, 3)]
    assert states == ["ALARM" if value in breaching else "OK" for value in (1, 2, 3)]


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("Average", 2.5), ("Maximum", 4.0), ("Minimum", 1.0), ("SampleCount", 4.0), ("p50", 2.5), ("p100", 4.0)],
)
def test_each_statistic(watch: Watch, statistic: str, value: float) -> None:
    named = "ExtendedStatistic" if statistic[0] == "p" else "Statistic"
    for name, threshold in (("at", value), ("above", value + 0.1)):
        watch.put(
            **{"Statistic": None, named: statistic},
            AlarmName=name,
            Threshold=threshold,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )
    watch.send(1, 2, 3, 4)
    watch.wait(60)
    assert [watch.describe(name)["StateValue"] for name in ("at", "above")] == ["ALARM", "OK"]


def test_a_percentile_of_too_few_samples_changes_nothing_where_it_is_told_so(watch: Watch) -> None:
    watch.put(Statistic=None, ExtendedStatistic="p90", EvaluateLowSampleCountPercentile="ignore")
    watch.send(*[1] * 99)
    assert watch.state == "INSUFFICIENT_DATA"
    watch.send(1)
    assert watch.state == "ALARM"


def test_one_alarms_fault_leaves_the_others_alone(watch: Watch) -> None:
    watch.put(AlarmName="broken")
    cloudwatch._alarms["broken"]["ComparisonOperator"] = "Unheard"
    watch.put()
    watch.send(1)
    assert watch.state == "ALARM"


def test_nothing_is_noted_of_data_where_there_is_no_alarm(watch: Watch) -> None:
    watch.ask("_put_metric_data", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1}]})
    assert not ticker._fresh


def test_an_alarm_is_of_its_account_and_region_alone(watch: Watch) -> None:
    with ticker.request_scope("111111111111", "eu-west-1"):
        watch.put()
    watch.put()
    watch.send(1)
    assert watch.state == "ALARM"
    with ticker.request_scope("111111111111", "eu-west-1"):
        assert watch.state == "INSUFFICIENT_DATA"
        watch.send(1)
        assert watch.state == "ALARM"
