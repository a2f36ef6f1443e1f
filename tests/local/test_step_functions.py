"""State machines on the embedded cloud end as they would on AWS, limits and permissions included."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local.step_functions.logs import is_logged
from local.step_functions.machines import PAYLOAD_BYTES, compute_delay, matches_error
from tests.local.cloud_process import Cloud, eventually

FAILING = (
    "class PhotoMissing(Exception): pass\ndef handler(event, context): raise PhotoMissing('no such photo')"
)


def invoke(function: str, **fields: Any) -> dict[str, Any]:
    """A task that calls a function with the state's input, and outputs what it returns."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        **fields,
    }


def may_invoke(cloud: Cloud, *functions: str) -> str:
    return cloud.role({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": list(functions)})


def test_an_error_is_caught_by_its_class_name_and_ends_in_a_plain_message(cloud: Cloud) -> None:
    function = cloud.function(FAILING)
    states = {
        "Look": invoke(
            function,
            Catch=[
                {"ErrorEquals": ["PhotoMissing"], "Output": "{% $states.errorOutput %}", "Next": "Missing"}
            ],
            End=True,
        ),
        "Missing": {
            "Type": "Fail",
            "Error": "PhotoMissing",
            "Cause": "{% $parse($states.input.Cause).errorMessage %}",
        },
    }
    ended = cloud.execute(states, "Look", role=may_invoke(cloud, function))
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "PhotoMissing", "no such photo")
    assert "output" not in ended


def test_a_function_that_the_role_may_not_call_is_not_called(cloud: Cloud) -> None:
    ended = cloud.execute({"Look": invoke(cloud.function(FAILING), End=True)}, "Look")
    assert ended["error"] == "Lambda.AWSLambdaException"
    assert "is not authorized to perform: lambda:InvokeFunction on resource: " in ended["cause"]


def test_a_service_that_the_role_may_not_call_is_not_called(cloud: Cloud) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
        "Arguments": {"Name": "/secret"},
        "End": True,
    }
    ended = cloud.execute({"Ask": task}, "Ask")
    assert "is not authorized to perform: ssm:GetParameter on resource: " in ended["cause"]
    allowed = cloud.role({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"})
    assert cloud.execute({"Ask": task}, "Ask", role=allowed)["error"].startswith("Ssm.ParameterNotFound")


def test_an_error_is_retried_as_often_as_said_and_no_more(cloud: Cloud) -> None:
    function = cloud.function(FAILING)
    retry = {
        "ErrorEquals": ["PhotoMissing"],
        "IntervalSeconds": 1,
        "MaxDelaySeconds": 1,
        "BackoffRate": 100,
        "MaxAttempts": 2,
        "JitterStrategy": "FULL",
    }
    ended = cloud.execute(
        {"Look": invoke(function, Retry=[retry], End=True)}, "Look", role=may_invoke(cloud, function)
    )
    history = cloud.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])
    assert [event["type"] for event in history["events"]].count("TaskFailed") == 3
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() < 60


@pytest.mark.parametrize(
    ("characters", "status"), [(PAYLOAD_BYTES - 2, "SUCCEEDED"), (PAYLOAD_BYTES - 1, "FAILED")]
)
def test_a_state_puts_out_262144_bytes_and_no_more(cloud: Cloud, characters: int, status: str) -> None:
    states = {"Make": {"Type": "Pass", "Output": f"{{% $pad('', {characters}, 'x') %}}", "End": True}}
    ended = cloud.execute(states, "Make")
    assert ended["status"] == status
    assert ended.get("error") == (None if status == "SUCCEEDED" else "States.DataLimitExceeded")


def test_a_task_result_that_is_too_large_is_caught_by_no_wildcard(cloud: Cloud) -> None:
    function = cloud.function("def handler(event, context): return 'é' * 131_072")
    states = {
        "Make": invoke(
            function, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}], Output="", End=True
        ),
        "Caught": {"Type": "Succeed"},
    }
    ended = cloud.execute(states, "Make", role=may_invoke(cloud, function))
    assert ended["error"] == "States.DataLimitExceeded"
    assert ended["cause"] == (
        "The state/task 'arn:aws:states:::lambda:invoke' returned a result with a size exceeding "
        "the maximum number of bytes service limit."
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [(json.dumps("x" * PAYLOAD_BYTES), "ValidationException"), ("{not json", "InvalidExecutionInput")],
)
def test_an_execution_is_not_started_with_a_bad_input(cloud: Cloud, text: str, error: str) -> None:
    states_api = cloud.client("stepfunctions")
    machine = states_api.create_state_machine(
        name=f"refuses-{error}",
        roleArn=cloud.role(),
        definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
    )["stateMachineArn"]
    with pytest.raises(ClientError) as caught:
        states_api.start_execution(stateMachineArn=machine, input=text)
    assert caught.value.response["Error"]["Code"] == error


def test_the_history_is_logged_without_the_data(cloud: Cloud) -> None:
    log_groups, states_api = cloud.client("logs"), cloud.client("stepfunctions")
    log_groups.create_log_group(logGroupName="/aws/vendedlogs/states/logged")
    group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/states/logged:*"
    machine = states_api.create_state_machine(
        name="logged",
        roleArn=cloud.role(),
        definition=json.dumps(
            {"StartAt": "Refuse", "States": {"Refuse": {"Type": "Fail", "Error": "Refused"}}}
        ),
        loggingConfiguration={
            "level": "ALL",
            "includeExecutionData": False,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
        },
    )["stateMachineArn"]
    started = states_api.start_execution(stateMachineArn=machine, input='{"photo": "secret"}')

    def logged() -> Any:
        events = log_groups.filter_log_events(logGroupName="/aws/vendedlogs/states/logged")["events"]
        return events if len(events) == 3 else None

    lines = [json.loads(event["message"]) for event in eventually(logged)]
    assert [line["type"] for line in lines] == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]
    assert {line["execution_arn"] for line in lines} == {started["executionArn"]}
    assert lines[2]["details"]["error"] == "Refused"
    assert "secret" not in str(lines)


@pytest.mark.parametrize(
    ("level", "kinds"),
    [("OFF", []), ("FATAL", ["ExecutionFailed"]), ("ERROR", ["TaskFailed", "ExecutionFailed"])],
)
def test_a_level_chooses_what_is_logged(level: str, kinds: list[str]) -> None:
    assert [
        kind for kind in ("PassStateEntered", "TaskFailed", "ExecutionFailed") if is_logged(level, kind)
    ] == kinds


@given(st.text(), st.sampled_from(["States.DataLimitExceeded", "States.Runtime"]))
def test_terminal_errors_match_their_own_name_alone(other: str, terminal: str) -> None:
    assert matches_error([other, terminal], terminal)
    assert not matches_error(["States.ALL", "States.TaskFailed"], terminal)


def test_wildcards_match_all_other_errors() -> None:
    assert matches_error(["States.ALL"], "PhotoMissing")
    assert matches_error(["States.TaskFailed"], "PhotoMissing")
    assert not matches_error(["States.TaskFailed"], "States.Timeout")
    assert not matches_error(["PhotoMissing"], "PhotoBlurred")


@given(st.integers(1, 100), st.floats(1, 10), st.integers(0, 10), st.integers(1, 100), st.booleans())
def test_the_delay_grows_to_its_maximum_and_jitter_only_shortens_it(
    interval: int, backoff: float, retries: int, longest: int, jitter: bool
) -> None:
    retrier = {"IntervalSeconds": interval, "BackoffRate": backoff, "MaxDelaySeconds": longest}
    full = {**retrier, "JitterStrategy": "FULL"}
    expected = min(interval * backoff**retries, longest)
    assert compute_delay(retrier, retries, lambda low, high: low) == expected
    assert compute_delay(full, retries, lambda low, high: high if jitter else low) == (
        expected if jitter else 0
    )
