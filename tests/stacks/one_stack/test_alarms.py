"""What tells a person: the alarms, whom they tell and what they say."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.synthesis import Assembly
from tests.stacks.test_permissions import plain

HERE = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"
ALWAYS = {
    "dead-letters",
    "drift",
    "endpoint-errors",
    "endpoint-latency",
    "oldest-review",
    "photos-failed",
    "photos-timed-out",
    "throttles",
    "training-failed",
    "watching-failed",
}


def find_alarms(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The alarms' properties by what they watch."""
    resources = assembly.resources("monitoring", "AWS::CloudWatch::Alarm").values()
    alarms = [resource["Properties"] for resource in resources]
    return {alarm["AlarmName"].removeprefix("scones-"): alarm for alarm in alarms}


def read_runbook() -> dict[str, str]:
    """The first line of each chapter by its heading."""
    return dict(re.findall(r"^## (\S+)\n\n(.+)$", RUNBOOK.read_text(), re.MULTILINE))


def test_there_is_an_alarm_for_all_that_may_go_wrong(assembly: Assembly, with_auto: Assembly) -> None:
    assert find_alarms(assembly).keys() == ALWAYS
    assert find_alarms(with_auto).keys() == ALWAYS | {"no-traffic"}


def test_every_alarm_tells_the_one_topic_when_it_goes_off(with_auto: Assembly) -> None:
    (topic,) = with_auto.resources("monitoring", "AWS::SNS::Topic")
    for alarm in find_alarms(with_auto).values():
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert "InsufficientDataActions" not in alarm


def test_only_what_passes_by_itself_tells_that_it_is_over(with_auto: Assembly) -> None:
    """A new alarm comes to OK at its first evaluation: each that told so would be a mail for nothing."""
    telling = {
        what: alarm["OKActions"] for what, alarm in find_alarms(with_auto).items() if "OKActions" in alarm
    }
    assert telling.keys() == {"endpoint-errors", "endpoint-latency", "no-traffic"}
    (topic,) = with_auto.resources("monitoring", "AWS::SNS::Topic")
    assert all(actions == [{"Ref": topic}] for actions in telling.values())


def test_the_runbook_begins_with_what_the_alarm_says(assembly: Assembly, with_auto: Assembly) -> None:
    chapters = read_runbook()
    said = {what: alarm["AlarmDescription"] for what, alarm in find_alarms(assembly).items()}
    assert {what: chapters[what] for what in said} == said
    (more,) = find_alarms(with_auto).keys() - said.keys()
    assert chapters[more] == find_alarms(with_auto)[more]["AlarmDescription"].replace(" 6 hours", " N hours")
    assert chapters.keys() == {*said, more, "budget"}


def test_each_watches_the_metric_that_tells_its_fault_for_as_long_as_it_takes(with_auto: Assembly) -> None:
    """In a line: metric and statistic, bad periods and minutes of each, when bad, what a missing one is."""
    signs = {"GreaterThanOrEqualToThreshold": ">=", "GreaterThanThreshold": ">", "LessThanThreshold": "<"}
    described = {}
    for what, alarm in find_alarms(with_auto).items():
        if "Metrics" in alarm:
            (metric,) = [query["Expression"] for query in alarm["Metrics"] if query.get("ReturnData", True)]
            minutes = (
                max(query["MetricStat"]["Period"] for query in alarm["Metrics"] if "MetricStat" in query)
                // 60
            )
        else:
            statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
            metric, minutes = f"{alarm['Namespace']} {alarm['MetricName']} {statistic}", alarm["Period"] // 60
        bad = f"{alarm['DatapointsToAlarm']} of {alarm['EvaluationPeriods']} times {minutes}"
        limit = f"{signs[alarm['ComparisonOperator']]} {alarm['Threshold']}"
        described[what] = f"{metric}, {bad}, {limit}, {alarm['TreatMissingData']}"
    ours, dead = "SconesUnlimited", "AWS/SQS ApproximateNumberOfMessagesVisible"
    assert described == {
        "endpoint-errors": "AWS/SageMaker Invocation5XXErrors Average, 2 of 3 times 5, > 0.05, notBreaching",
        "endpoint-latency": "AWS/SageMaker ModelLatency p90, 2 of 3 times 5, > 2000000, notBreaching",
        "no-traffic": "AWS/SageMaker Invocations Sum, 6 of 6 times 60, < 1, breaching",
        "photos-failed": f"{ours} PhotosFailed Sum, 1 of 1 times 15, >= 5, notBreaching",
        "oldest-review": f"{ours} OldestReviewHours Maximum, 1 of 1 times 15, > 72, missing",
        "drift": f"{ours} DriftAboveNoise Maximum, 1 of 1 times 1440, >= 1, ignore",
        "throttles": "SUM(METRICS()), 2 of 2 times 5, >= 1, notBreaching",
        "dead-letters": f"{dead} Maximum, 1 of 1 times 5, >= 1, notBreaching",
        "training-failed": "SUM(METRICS()), 1 of 1 times 5, >= 1, notBreaching",
        "photos-timed-out": "AWS/States ExecutionsTimedOut Sum, 1 of 1 times 5, >= 1, notBreaching",
        "watching-failed": "SUM(METRICS()), 1 of 1 times 60, >= 3, notBreaching",
    }


def test_throttles_are_those_of_this_deployments_functions_alone(assembly: Assembly) -> None:
    metrics = find_alarms(assembly)["throttles"]["Metrics"]
    watched = [query["MetricStat"]["Metric"] for query in metrics if "MetricStat" in query]
    assert {dimension["Value"] for metric in watched for dimension in metric["Dimensions"]} == {
        f"scones-{purpose}" for purpose in ("serialize", "classify", "filter", "upload", "batch")
    }


def test_what_watches_is_watched_itself(assembly: Assembly) -> None:
    metrics = find_alarms(assembly)["watching-failed"]["Metrics"]
    watched = [query["MetricStat"]["Metric"] for query in metrics if "MetricStat" in query]
    assert {(metric["MetricName"], metric["Dimensions"][0]["Value"]) for metric in watched} == {
        ("Errors", "scones-watch"),
        ("Errors", "scones-drift"),
    }


def test_the_machine_of_photos_is_watched_for_its_time_limit(assembly: Assembly) -> None:
    (dimension,) = find_alarms(assembly)["photos-timed-out"]["Dimensions"]
    assert plain(dimension["Value"]).endswith(":stateMachine:scones")
    machines = assembly.resources("workflow", "AWS::StepFunctions::StateMachine").values()
    assert [machine["Properties"]["StateMachineName"] for machine in machines] == ["scones"]


@pytest.mark.parametrize("machine", ["training", "evaluation"])
def test_the_machine_that_makes_the_model_is_watched(
    assembly: Assembly, with_artifact: Assembly, machine: str
) -> None:
    made = assembly if machine == "training" else with_artifact
    metrics = find_alarms(made)["training-failed"]["Metrics"]
    watched = [query["MetricStat"]["Metric"] for query in metrics if "MetricStat" in query]
    assert {metric["MetricName"] for metric in watched} == {"ExecutionsFailed", "ExecutionsTimedOut"}
    for metric in watched:
        assert plain(metric["Dimensions"][0]["Value"]).endswith(f":stateMachine:scones-{machine}")
    assert (
        made.only("training", "AWS::StepFunctions::StateMachine")["StateMachineName"] == f"scones-{machine}"
    )


def test_cloudwatch_and_budgets_may_write_to_the_topic_for_this_deployments_alarms_and_this_accounts_budgets(
    assembly: Assembly,
) -> None:
    statements = assembly.only("monitoring", "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    senders: dict[str, str] = {}
    for statement in allowed:
        assert statement["Action"] == "sns:Publish"
        assert statement["Condition"]["StringEquals"] == HERE
        senders[statement["Principal"]["Service"]] = plain(statement["Condition"]["ArnLike"]["aws:SourceArn"])
    assert {service: arn.partition(":")[2].split(":", 1)[1] for service, arn in senders.items()} == {
        "cloudwatch.amazonaws.com": "cloudwatch:<Region>:<AccountId>:alarm:scones-*",
        "budgets.amazonaws.com": "budgets::<AccountId>:*",
    }


def test_both_may_use_the_key_of_the_topic_for_this_account_alone(assembly: Assembly) -> None:
    (key,) = assembly.resources("monitoring", "AWS::KMS::Key")
    assert assembly.only("monitoring", "AWS::SNS::Topic")["KmsMasterKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    statements = assembly.only("monitoring", "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    # CDK makes one statement of those that differ in nothing else.
    (both,) = [statement for statement in statements if "Service" in statement["Principal"]]
    assert set(both["Principal"]["Service"]) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    assert both["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert both["Condition"] == {"StringEquals": HERE}


def test_only_who_wants_mail_gets_it(assembly: Assembly, with_auto: Assembly) -> None:
    assert assembly.resources("monitoring", "AWS::SNS::Subscription") == {}
    subscription = with_auto.only("monitoring", "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "someone@example.org")


def test_a_budget_is_made_on_demand_and_counts_what_bears_the_tag(
    assembly: Assembly, with_auto: Assembly
) -> None:
    assert assembly.resources("monitoring", "AWS::Budgets::Budget") == {}
    made = with_auto.only("monitoring", "AWS::Budgets::Budget")
    assert made["Budget"]["BudgetName"] == "scones-budget"
    assert made["Budget"]["BudgetLimit"] == {"Amount": 20, "Unit": "USD"}
    assert made["Budget"]["CostFilters"] == {"TagKeyValue": ["user:project$scones"]}
    (topic,) = with_auto.resources("monitoring", "AWS::SNS::Topic")
    told = made["NotificationsWithSubscribers"]
    assert [subscriber for each in told for subscriber in each["Subscribers"]] == [
        {"SubscriptionType": "SNS", "Address": {"Ref": topic}}
    ] * 2
