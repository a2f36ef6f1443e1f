"""Targets are called when their schedules say, and again where they fail, until the policy gives up."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, request_scope
from ministack.services import scheduler

from local.scheduler.dispatching import Dispatcher
from local.scheduler.schedules import RETRIES

START = 1_800_000_000.0 - 1_800_000_000.0 % 3600
UPDATE = "arn:aws:scheduler:::aws-sdk:cloudformation:updateStack"
QUEUE = "arn:aws:sqs:us-east-1:111111111111:dead"


class Targets:
    """Takes the calls, at a time that the tests put forward."""

    def __init__(self) -> None:
        """Begins."""
        self.now = START
        self.calls: list[tuple[str, str]] = []
        self.dead: list[tuple[str, dict[str, str]]] = []
        self.failures = 0
        self.dispatcher = Dispatcher(lambda: self.now, self.call, self.bury)

    def call(self, target: dict[str, Any], text: str) -> None:
        self.calls.append((get_account_id(), text))
        if self.failures:
            self.failures -= 1
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, "UpdateStack")

    def bury(self, target: dict[str, Any], text: str, attributes: dict[str, str]) -> None:
        self.dead.append((text, attributes))

    def schedule(self, expression: str, target: dict[str, Any] | None = None, **changes: Any) -> None:
        """Makes a schedule now."""
        record = {
            "Arn": "arn:aws:scheduler:us-east-1:111111111111:schedule/default/off",
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": "UTC",
            "State": "ENABLED",
            "ActionAfterCompletion": "NONE",
            "StartDate": None,
            "EndDate": None,
            "CreationDate": self.now,
            "LastModificationDate": self.now,
            "Target": {
                "Arn": UPDATE,
                "RoleArn": "arn",
                "Input": "{}",
                "RetryPolicy": RETRIES,
                **(target or {}),
            },
            **changes,
        }
        with request_scope("111111111111", "us-east-1"):
            scheduler._schedules["default/off"] = record

    def pass_seconds(self, seconds: float, step: float = 1.0) -> int:
        """Looks every ``step`` seconds for so long; returns how many calls were made meanwhile."""
        before, end = len(self.calls), self.now + seconds
        while self.now < end:
            self.now = min(self.now + step, end)
            self.dispatcher.look()
        return len(self.calls) - before


@pytest.fixture
def targets() -> Iterator[Targets]:
    yield Targets()
    scheduler.reset()


def test_a_target_is_called_once_at_each_time_in_its_schedule_s_account(targets: Targets) -> None:
    targets.schedule("cron(10 * * * ? *)")
    assert targets.pass_seconds(600) == 0
    assert targets.pass_seconds(1) == 1
    assert targets.pass_seconds(3598, step=7) == 0
    assert targets.pass_seconds(2) == 1
    assert targets.calls == [("111111111111", "{}")] * 2


def test_a_rate_calls_at_once_and_then_at_its_interval(targets: Targets) -> None:
    targets.schedule("rate(1 minute)")
    assert targets.pass_seconds(1) == 1
    assert targets.pass_seconds(179) == 2
    targets.schedule("rate(1 minute)", StartDate=targets.now + 30)
    assert targets.pass_seconds(30) == 0
    assert targets.pass_seconds(1) == 1


def test_a_schedule_is_followed_from_its_start_to_its_end_and_not_while_it_is_disabled(
    targets: Targets,
) -> None:
    targets.schedule("cron(* * * * ? *)", StartDate=START + 120, EndDate=START + 240)
    assert targets.pass_seconds(119) == 0
    assert targets.pass_seconds(600) == 2
    targets.schedule("cron(* * * * ? *)", State="DISABLED")
    assert targets.pass_seconds(600) == 0


def test_what_was_due_before_a_change_is_not_called_after_it(targets: Targets) -> None:
    targets.now += 30
    targets.schedule("cron(0 * * * ? *)")
    assert targets.pass_seconds(60) == 0


def test_after_a_sleep_of_the_machine_the_last_time_counts(targets: Targets) -> None:
    targets.schedule("cron(* * * * ? *)")
    assert targets.pass_seconds(7200, step=7200) == 1
    assert targets.pass_seconds(59) == 1


def test_a_schedule_that_is_done_goes_if_it_should(targets: Targets) -> None:
    targets.schedule("rate(1 minute)", ActionAfterCompletion="DELETE", EndDate=START + 60)
    assert targets.pass_seconds(59) == 1
    assert len(list(scheduler._schedules.all_items())) == 1
    targets.pass_seconds(2)
    assert list(scheduler._schedules.all_items()) == []


def test_one_time_schedules_call_once(targets: Targets) -> None:
    targets.schedule("at(2027-01-15T08:00:10)")
    assert targets.pass_seconds(10) == 0
    assert targets.pass_seconds(600) == 1
    targets.schedule("at(2027-01-15T09:00:00)", ActionAfterCompletion="DELETE")
    assert targets.pass_seconds(3600) == 1
    assert list(scheduler._schedules.all_items()) == []


def test_a_universal_target_without_input_gets_an_empty_request(targets: Targets) -> None:
    targets.schedule("at(2027-01-15T08:00:10)", {"Input": "{}"})
    record = next(record for _, record in scheduler._schedules.all_items())
    del record["Target"]["Input"]
    targets.pass_seconds(11)
    assert targets.calls[0][1] == "{}"
    record["Target"]["Arn"] = "arn:aws:lambda:us-east-1:111111111111:function:off"
    record["ScheduleExpression"] = "at(2027-01-15T08:00:20)"
    targets.pass_seconds(10)
    event = json.loads(targets.calls[1][1])
    assert (event["source"], event["detail-type"]) == ("aws.scheduler", "Scheduled Event")
    assert (event["time"], event["resources"]) == ("2027-01-15T08:00:20Z", [record["Arn"]])
    assert event["detail"] == "{}"


def test_the_input_may_name_what_is_known_of_the_execution(targets: Targets) -> None:
    text = '{"at": "<aws.scheduler.scheduled-time>", "attempt": <aws.scheduler.attempt-number>}'
    targets.failures = 1
    targets.schedule("at(2027-01-15T08:00:10)", {"Input": text})
    targets.pass_seconds(15)
    assert [json.loads(given)["attempt"] for _, given in targets.calls] == [1, 2]
    assert json.loads(targets.calls[0][1])["at"] == "2027-01-15T08:00:10Z"


def test_a_call_that_fails_is_made_again_after_longer_and_longer_pauses(targets: Targets) -> None:
    targets.schedule("at(2027-01-15T08:00:10)")
    targets.failures = 4
    assert targets.pass_seconds(11) == 1
    assert [targets.pass_seconds(seconds) for seconds in (1, 2, 4, 8)] == [1, 1, 1, 1]
    assert targets.pass_seconds(3600) == 0
    assert targets.dead == []


@pytest.mark.parametrize(
    ("policy", "retries", "condition"),
    [
        ({"MaximumRetryAttempts": 0}, 0, "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 2}, 2, "MaximumRetryAttempts"),
        ({"MaximumEventAgeInSeconds": 60}, 5, "MaximumEventAgeInSeconds"),
    ],
)
def test_what_its_policy_gives_up_goes_to_the_dead_letter_queue_with_the_reason(
    policy: dict[str, int], retries: int, condition: str, targets: Targets
) -> None:
    target = {"RetryPolicy": {**RETRIES, **policy}, "DeadLetterConfig": {"Arn": QUEUE}}
    targets.schedule("at(2027-01-15T08:00:10)", target)
    targets.failures = 1000
    assert targets.pass_seconds(3600) == retries + 1
    ((text, attributes),) = targets.dead
    assert text == "{}"
    del attributes["EXECUTION_ID"]
    assert attributes == {
        "ERROR_CODE": "AccessDenied",
        "ERROR_MESSAGE": "not authorized",
        "EXHAUSTED_RETRY_CONDITION": condition,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(retries),
        "SCHEDULED_TIME": "2027-01-15T08:00:10Z",
        "SCHEDULE_ARN": "arn:aws:scheduler:us-east-1:111111111111:schedule/default/off",
        "TARGET_ARN": UPDATE,
    }


def test_without_such_a_queue_it_is_dropped(targets: Targets) -> None:
    targets.schedule("at(2027-01-15T08:00:10)", {"RetryPolicy": {**RETRIES, "MaximumRetryAttempts": 0}})
    targets.failures = 1
    assert targets.pass_seconds(3600) == 1
    assert targets.dead == []
