"""An execution that has not succeeded is redriven as AWS's documentation of RedriveExecution has it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from local.step_functions.redrive import find_fault
from tests.local.cloud_process import Cloud, eventually
from tests.local.step_functions.test_history import history, told, total

ALLOWED = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
WAITS = {"Type": "Wait", "Seconds": 90, "End": True}
ENDED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")


def a_name() -> str:
    return f"redriven-{uuid4().hex[:12]}"


def read(name: str, **fields: Any) -> dict[str, Any]:
    """A task that fails as long as there is no parameter of a name."""
    resource = "arn:aws:states:::aws-sdk:ssm:getParameter"
    state = {"Type": "Task", "Resource": resource, "Arguments": {"Name": name}}
    return {**state, "Output": "{% $states.result.Parameter.Value %}", "End": True, **fields}


def write(cloud: Cloud, name: str, value: str = "there") -> None:
    cloud.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


def start(cloud: Cloud, definition: dict[str, Any], given: Any = None, **machine: Any) -> str:
    states = cloud.client("stepfunctions")
    made = states.create_state_machine(
        name=a_name(),
        definition=json.dumps({"QueryLanguage": "JSONata", **definition}),
        **{"roleArn": cloud.role(ALLOWED), **machine},
    )
    arn = states.start_execution(stateMachineArn=made["stateMachineArn"], input=json.dumps(given or {}))
    return str(arn["executionArn"])


def only(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "Only", "States": {"Only": state}}


def describe(cloud: Cloud, arn: str) -> Any:
    return cloud.client("stepfunctions").describe_execution(executionArn=arn)


def await_end(cloud: Cloud, arn: str) -> Any:
    def ended() -> Any:
        execution = describe(cloud, arn)
        return execution if execution["status"] in ENDED else None

    return eventually(ended)


def redrive(cloud: Cloud, arn: str, **request: str) -> Any:
    return cloud.client("stepfunctions").redrive_execution(executionArn=arn, **request)


def read_history(cloud: Cloud, arn: str) -> list[dict[str, Any]]:
    return history(cloud, {"executionArn": arn})


def refuse(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_it_continues_from_the_unsuccessful_step_with_the_same_input(cloud: Cloud) -> None:
    name = a_name()
    told_by_context = "{% $states.context.Execution.[RedriveCount, $exists(RedriveTime)] %}"
    steps = {
        "First": {
            "Type": "Pass",
            "Output": {"number": "{% $states.input.number + 1 %}", "context": told_by_context},
            "Assign": {"kept": "{% $states.input.number %}"},
            "Next": "Read",
        },
        "Read": read(
            name,
            Output={
                "value": "{% $states.result.Parameter.Value %}",
                "given": "{% $states.input %}",
                "kept": "{% $kept %}",
                "context": told_by_context,
                "role": "{% $states.context.Execution.RoleArn %}",
            },
        ),
    }
    role = cloud.role(ALLOWED)
    arn = start(cloud, {"StartAt": "First", "States": steps}, {"number": 4}, roleArn=role)
    failed = await_end(cloud, arn)
    assert (failed["status"], failed["redriveCount"], failed["redriveStatus"]) == ("FAILED", 0, "REDRIVABLE")
    assert not {"redriveDate", "redriveStatusReason"} & failed.keys()
    write(cloud, name)
    date = redrive(cloud, arn)["redriveDate"]
    succeeded = await_end(cloud, arn)
    assert json.loads(succeeded["output"]) == {
        "value": "there",
        "given": {"number": 5, "context": [0, False]},
        "kept": 4,
        "context": [1, True],
        "role": role,
    }
    assert (succeeded["redriveCount"], succeeded["redriveDate"]) == (1, date)
    assert succeeded["startDate"] == failed["startDate"] < failed["stopDate"] <= date <= succeeded["stopDate"]
    assert not {"error", "cause"} & succeeded.keys()
    events = read_history(cloud, arn)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert told(events)[3:] == [
        (3, "TaskStateEntered"),
        (4, "TaskScheduled"),
        (5, "TaskStarted"),
        (6, "TaskFailed"),
        (7, "ExecutionFailed"),
        # The history goes on; the task is scheduled and started again.
        (8, "ExecutionRedriven"),
        (9, "TaskScheduled"),
        (10, "TaskStarted"),
        (11, "TaskSucceeded"),
        (12, "TaskStateExited"),
        (13, "ExecutionSucceeded"),
    ]
    assert events[8]["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_while_it_runs_again_it_is_described_and_listed_as_running(cloud: Cloud) -> None:
    arn = start(cloud, only(WAITS))
    cloud.client("stepfunctions").stop_execution(executionArn=arn, error="Ours", cause="no more")
    assert await_end(cloud, arn)["redriveStatus"] == "REDRIVABLE"
    date = redrive(cloud, arn)["redriveDate"]
    running = describe(cloud, arn)
    assert (running["status"], running["redriveCount"], running["redriveDate"]) == ("RUNNING", 1, date)
    assert running["redriveStatus"] == "NOT_REDRIVABLE"
    assert running["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
    assert not {"stopDate", "error", "cause", "output"} & running.keys()
    (listed,) = cloud.client("stepfunctions").list_executions(stateMachineArn=running["stateMachineArn"])[
        "executions"
    ]
    assert (listed["status"], listed["redriveCount"], listed["redriveDate"]) == ("RUNNING", 1, date)
    assert "stopDate" not in listed


def test_the_count_grows_with_each_redrive_and_retries_begin_anew(cloud: Cloud) -> None:
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1, "MaxDelaySeconds": 2}
    arn = start(cloud, only(read(a_name(), Retry=[retry])))
    for count in (1, 2):
        assert await_end(cloud, arn)["status"] == "FAILED"
        redrive(cloud, arn)
        assert describe(cloud, arn)["redriveCount"] == count
    await_end(cloud, arn)
    attempts = [event["type"] for event in read_history(cloud, arn)].count("TaskScheduled")
    assert attempts == 3 * 2


def test_a_fail_state_is_reentered_and_fails_again(cloud: Cloud) -> None:
    arn = start(cloud, only({"Type": "Fail", "Error": "Refused", "Cause": "below"}))
    await_end(cloud, arn)
    redrive(cloud, arn)
    failed = await_end(cloud, arn)
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Refused", "below")
    kinds = [event["type"] for event in read_history(cloud, arn)]
    assert kinds[-3:] == ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]


def test_one_that_timed_out_is_redriven_and_its_timeout_begins_anew(cloud: Cloud) -> None:
    wait = {"Type": "Wait", "Seconds": 2, "Next": "End"}
    steps = {"Wait": wait, "End": {"Type": "Succeed"}}
    arn = start(cloud, {"StartAt": "Wait", "TimeoutSeconds": 1, "States": steps})
    for _ in range(2):
        assert await_end(cloud, arn)["status"] == "TIMED_OUT"
        redrive(cloud, arn)
    assert await_end(cloud, arn)["status"] == "TIMED_OUT"
    # The waits of the former runs have ended meanwhile, and nothing has come of them.
    kinds = [event["type"] for event in read_history(cloud, arn)]
    again = ["ExecutionTimedOut", "ExecutionRedriven"]
    assert kinds == ["ExecutionStarted", "WaitStateEntered", *again, *again, "ExecutionTimedOut"]


def test_the_same_client_token_redrives_it_once(cloud: Cloud) -> None:
    arn = start(cloud, only(read(a_name())))
    await_end(cloud, arn)
    first = redrive(cloud, arn, clientToken="once")["redriveDate"]
    await_end(cloud, arn)
    assert redrive(cloud, arn, clientToken="once")["redriveDate"] == first
    assert describe(cloud, arn)["redriveCount"] == 1
    assert redrive(cloud, arn, clientToken="twice")["redriveDate"] > first
    assert describe(cloud, arn)["redriveCount"] == 2


def test_what_cannot_be_redriven_is_refused_with_the_reason(cloud: Cloud) -> None:
    running, succeeded = start(cloud, only(WAITS)), start(cloud, only({"Type": "Succeed"}))
    assert (
        await_end(cloud, succeeded)["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    )
    for arn, status in ((running, "RUNNING"), (succeeded, "SUCCEEDED")):
        reason = f"Execution is {status} and cannot be redriven"
        assert refuse(partial(redrive, cloud, arn)) == ("ExecutionNotRedrivable", reason)
    missing = f"{running}-not"
    assert refuse(partial(redrive, cloud, missing)) == (
        "ExecutionDoesNotExist",
        f"Execution Does Not Exist: '{missing}'",
    )
    machine = describe(cloud, running)["stateMachineArn"]
    assert refuse(lambda: redrive(cloud, machine))[0] == "InvalidArn"
    states = cloud.client("stepfunctions")
    listing = {"stateMachineArn": machine, "redriveFilter": "REDRIVEN"}
    assert refuse(lambda: states.list_executions(**listing))[0] == "ValidationException"


def test_express_workflows_are_not_redriven(cloud: Cloud) -> None:
    arn = start(cloud, only(read(a_name())), type="EXPRESS")
    await_end(cloud, arn)
    assert refuse(lambda: redrive(cloud, arn))[0] == "InvalidArn"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"stopDate": 13.9}, None),
        ({"stopDate": 14.1}, "Execution redrivable period exceeded"),
        ({"startDate": 366}, "Execution has exceeded the max execution time"),
        ({"events": [{}] * 24_998}, None),
        ({"events": [{}] * 24_999}, "Execution history event limit exceeded"),
        ({"machine": None}, "State machine is in DELETING status"),
    ],
)
def test_it_is_eligible_for_14_days_and_with_less_than_24999_events(
    changed: dict[str, Any], reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.step_functions.redrive.find_revision", lambda _: changed.get("machine", {}))
    days = {"startDate": 20.0, "stopDate": 1.0} | changed
    dates = {
        name: (datetime.now(UTC) - timedelta(days=days[name])).isoformat()
        for name in ("startDate", "stopDate")
    }
    execution = {"events": [], "progress": {}, **changed, **dates}
    assert find_fault(execution, "FAILED") == reason


def test_it_uses_the_definition_and_the_role_that_it_began_with(cloud: Cloud) -> None:
    name, role = a_name(), cloud.role(ALLOWED)
    arn = start(cloud, only(read(name)), roleArn=role)
    machine = await_end(cloud, arn)["stateMachineArn"]
    states = cloud.client("stepfunctions")
    other = json.dumps(only({"Type": "Fail"}))
    states.update_state_machine(stateMachineArn=machine, definition=other, roleArn=cloud.role())
    write(cloud, name)
    redrive(cloud, arn)
    assert json.loads(await_end(cloud, arn)["output"]) == "there"
    used = states.describe_state_machine_for_execution(executionArn=arn)
    assert (used["roleArn"], json.loads(used["definition"])["StartAt"]) == (role, "Only")
    assert "revisions" not in states.describe_state_machine(stateMachineArn=machine)


def test_only_branches_that_failed_are_redriven(cloud: Cloud) -> None:
    name = a_name()
    parallel = {
        "Type": "Parallel",
        "Branches": [
            {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Output": "done", "End": True}}},
            {
                "StartAt": "Before",
                "States": {
                    "Before": {"Type": "Pass", "Assign": {"inner": 7}, "Next": "Read"},
                    "Read": read(name, Output="{% $states.result.Parameter.Value & $string($inner) %}"),
                },
            },
        ],
        "End": True,
    }
    arn = start(cloud, only(parallel))
    await_end(cloud, arn)
    write(cloud, name)
    redrive(cloud, arn)
    assert json.loads(await_end(cloud, arn)["output"]) == ["done", "there7"]
    kinds = [event["type"] for event in read_history(cloud, arn)]
    assert kinds[kinds.index("ExecutionRedriven") + 1 :] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ParallelStateSucceeded",
        "ParallelStateExited",
        "ExecutionSucceeded",
    ]


def test_only_iterations_that_failed_are_redriven(cloud: Cloud) -> None:
    there, missing = a_name(), a_name()
    write(cloud, there, "first")
    read_item = read("", Arguments={"Name": "{% $states.input %}"})
    mapped = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "Read", "States": {"Read": read_item}},
        "Items": [there, missing],
        "End": True,
    }
    arn = start(cloud, only(mapped))
    assert await_end(cloud, arn)["status"] == "FAILED"
    write(cloud, missing, "second")
    write(cloud, there, "changed since")
    redrive(cloud, arn)
    assert json.loads(await_end(cloud, arn)["output"]) == ["first", "second"]


def test_a_state_whose_output_was_too_large_is_rerun_with_all_of_its_branches(cloud: Cloud) -> None:
    name = a_name()
    write(cloud, name, "x" * 200_000)
    # Each branch's output is small enough, both together are not.
    branch = {"StartAt": "A", "States": {"A": read(name)}}
    other = {"StartAt": "B", "States": {"B": read(name)}}
    arn = start(cloud, only({"Type": "Parallel", "Branches": [branch, other], "End": True}))
    assert await_end(cloud, arn)["error"] == "States.DataLimitExceeded"
    write(cloud, name, "small")
    redrive(cloud, arn)
    assert json.loads(await_end(cloud, arn)["output"]) == ["small", "small"]


def test_a_caller_needs_permission_for_the_execution(cloud: Cloud) -> None:
    arn = start(cloud, only(read(a_name())))
    await_end(cloud, arn)
    iam, user = cloud.client("iam"), a_name()
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = boto3.client(
        "stepfunctions",
        endpoint_url=f"http://127.0.0.1:{cloud.port}",
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    for allowed in (f"{arn}-another", arn):
        code, message = refuse(lambda: theirs.redrive_execution(executionArn=arn))
        assert code == "AccessDeniedException"
        assert "is not authorized to perform: states:RedriveExecution" in message
        statement = {"Effect": "Allow", "Action": "states:RedriveExecution", "Resource": allowed}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName=user, PolicyName="allowed", PolicyDocument=policy)
    assert theirs.redrive_execution(executionArn=arn)["redriveDate"]


def test_events_metrics_and_logs_tell_of_it(cloud: Cloud) -> None:
    events, sqs, logs, name = (*map(cloud.client, ("events", "sqs", "logs")), a_name())
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    logs.create_log_group(logGroupName=name)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    destination = {"cloudWatchLogsLogGroup": {"logGroupArn": group["arn"]}}
    machine = cloud.client("stepfunctions").create_state_machine(
        name=name,
        definition=json.dumps({"QueryLanguage": "JSONata", **only(read(name))}),
        roleArn=cloud.role(ALLOWED),
        loggingConfiguration={"level": "ALL", "includeExecutionData": True, "destinations": [destination]},
    )["stateMachineArn"]
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue}])
    arn = cloud.client("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
    await_end(cloud, arn)
    write(cloud, name)
    redrive(cloud, arn)
    await_end(cloud, arn)
    received: list[dict[str, Any]] = []

    def receive() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        received.extend(json.loads(message["Body"])["detail"] for message in answer.get("Messages", []))
        return len(received) == 4

    eventually(receive)
    assert [
        (each["status"], each["redriveCount"], each["redriveStatus"], each["redriveStatusReason"])
        for each in received
    ] == [
        ("RUNNING", 0, "NOT_REDRIVABLE", "Execution is RUNNING and cannot be redriven"),
        ("FAILED", 0, "REDRIVABLE", None),
        ("RUNNING", 1, "NOT_REDRIVABLE", "Execution is RUNNING and cannot be redriven"),
        ("SUCCEEDED", 1, "NOT_REDRIVABLE", "Execution is SUCCEEDED and cannot be redriven"),
    ]
    assert received[1]["redriveDate"] is None
    assert received[1]["error"]
    assert received[2]["redriveDate"] > received[1]["stopDate"] - 1
    assert (received[2]["stopDate"], received[2]["error"], received[2]["output"]) == (None, None, None)
    counted = {
        metric: total(cloud, "AWS/States", metric, StateMachineArn=machine)
        for metric in (
            "ExecutionsStarted",
            "ExecutionsFailed",
            "ExecutionsRedriven",
            "RedrivenExecutionsSucceeded",
            "RedrivenExecutionsFailed",
        )
    }
    assert list(counted.values()) == [1, 1, 1, 1, 0]
    lines = [json.loads(line["message"]) for line in logs.filter_log_events(logGroupName=name)["events"]]
    assert {line["redrive_count"] for line in lines if int(line["id"]) < 7} == {"0"}
    assert {line["redrive_count"] for line in lines if int(line["id"]) >= 7} == {"1"}
