"""State machines on the embedded cloud end as they would on AWS, limits and permissions included."""

import json
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local.environment import format_client_exports
from local.step_functions.machines import PAYLOAD_BYTES, compute_delay, find_fault, matches_error
from tests.local.cloud_process import Cloud

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


def test_half_a_surrogate_pair_reaches_the_function(cloud: Cloud) -> None:
    function = cloud.function("def handler(event, context): return ascii(event)")
    states = {"Look": invoke(function, End=True)}
    ended = cloud.execute(states, "Look", role=may_invoke(cloud, function), given={"key": "\ud800"})
    assert json.loads(ended["output"]) == r"{'key': '\ud800'}"


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


ENDS = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})


def make(cloud: Cloud, name: str, **fields: str) -> str:
    created = cloud.client("stepfunctions").create_state_machine(
        name=name, roleArn=cloud.role(), definition=ENDS, **fields
    )
    return str(created["stateMachineArn"])


@pytest.mark.parametrize(
    ("name", "code"),
    [("a photo", "InvalidName"), ("a/photo", "InvalidName"), ("n" * 81, "ValidationException")],
)
def test_a_name_that_aws_would_not_take_is_refused(cloud: Cloud, name: str, code: str) -> None:
    states_api = cloud.client("stepfunctions")
    machine = make(cloud, f"named-{uuid4().hex[:12]}")
    for refused in (
        lambda: make(cloud, name),
        lambda: states_api.start_execution(stateMachineArn=machine, name=name),
        lambda: states_api.create_activity(name=name),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert caught.value.response["Error"]["Code"] == code
        assert f"'{name}'" in caught.value.response["Error"]["Message"]
    longest = "é.-_" + "n" * 76
    arn = states_api.start_execution(stateMachineArn=machine, name=longest)["executionArn"]
    assert arn.endswith(f":{longest}")


def test_a_template_cannot_give_a_machine_such_a_name(cloud: Cloud) -> None:
    stack = f"named-{uuid4().hex[:12]}"
    properties = {"StateMachineName": "a photo", "RoleArn": cloud.role(), "DefinitionString": ENDS}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps({"Resources": {"Machine": machine}}))
    assert cloud.settled(stack)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    assert any("Invalid Name: 'a photo'" in event.get("ResourceStatusReason", "") for event in events)


@given(st.text("abcXYZ019-_.éß漢()!'+=@", min_size=1, max_size=80))
def test_letters_digits_and_harmless_signs_make_a_name(name: str) -> None:
    assert find_fault(name) is None


@given(
    st.text("abc", max_size=20),
    st.sampled_from(' \t\n\u00a0<>{}[]?*"#%\\^|~`$&,;:/\x00\x1f\x7f\x9f\ufffe\uffff\U0010ffff'),
    st.text("abc", max_size=20),
)
def test_blanks_brackets_wildcards_and_controls_make_none(before: str, sign: str, after: str) -> None:
    assert find_fault(before + sign + after) == ("InvalidName", f"Invalid Name: '{before + sign + after}'")


def test_an_execution_is_waited_for_only_where_its_machine_is_an_express_one(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in format_client_exports(f"http://127.0.0.1:{cloud.port}").splitlines():
        name, is_set, value = line.removeprefix("export ").partition("=")
        if is_set and name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    # Without a word of these variables, the client would ask a host named sync-127.0.0.1.
    states_api = boto3.Session().client("stepfunctions")
    standard = make(cloud, f"standard-{uuid4().hex[:12]}")
    with pytest.raises(ClientError, match="not supported by this type of state machine") as caught:
        states_api.start_sync_execution(stateMachineArn=standard)
    assert caught.value.response["Error"]["Code"] == "StateMachineTypeNotSupported"
    express = make(cloud, f"express-{uuid4().hex[:12]}", type="EXPRESS")
    answer = states_api.start_sync_execution(stateMachineArn=express, input='{"a": 1}')
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"a": 1})


def test_a_task_may_wait_for_an_execution_of_a_standard_machine(cloud: Cloud) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": make(cloud, f"inner-{uuid4().hex[:12]}"), "Input": {"a": 1}},
        "Output": "{% $states.result.Output %}",
        "End": True,
    }
    ended = cloud.execute({"Wait": task}, "Wait")
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"a": 1})
    history = cloud.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])
    assert [event["previousEventId"] for event in history["events"]] == [0, 0, 2, 3, 4, 5, 6]


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
