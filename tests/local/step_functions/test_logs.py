"""What a state machine's logging and tracing configuration does, however the machine was made."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.step_functions.configuration import read_logging
from local.step_functions.logs import is_logged
from tests.local.cloud_process import Cloud, eventually

FAILING = {
    "StartAt": "Refuse",
    "States": {"Refuse": {"Type": "Fail", "Error": "Refused", "Cause": "no"}},
}
ALWAYS = "arn:aws:logs:us-east-1:000000000000:log-group:"


def a_name() -> str:
    return f"logged-{uuid4().hex[:12]}"


def group_of(name: str) -> str:
    return f"/aws/vendedlogs/states/{name}"


def configuration(name: str, level: str, *, data: bool = False) -> dict[str, Any]:
    arn = f"{ALWAYS}{group_of(name)}:*"
    return {
        "level": level,
        "includeExecutionData": data,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }


def template(cloud: Cloud, name: str, level: str, **properties: Any) -> str:
    machine = {
        "StateMachineName": name,
        "RoleArn": cloud.role(),
        "DefinitionString": json.dumps(FAILING),
        "LoggingConfiguration": {
            "Level": level,
            "IncludeExecutionData": False,
            "Destinations": [
                {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["Group", "Arn"]}}},
            ],
        },
        **properties,
    }
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": group_of(name)}}
    resources = {
        "Group": group,
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine},
    }
    return json.dumps({"Resources": resources})


def arn_of(name: str) -> str:
    return f"arn:aws:states:us-east-1:000000000000:stateMachine:{name}"


def run(cloud: Cloud, machine: str, given: Any = None) -> str:
    """Starts an execution, waits for its end and returns its ARN."""
    states_api = cloud.client("stepfunctions")
    arn = states_api.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))["executionArn"]
    eventually(lambda: states_api.describe_execution(executionArn=arn)["status"] != "RUNNING")
    return str(arn)


def lines(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    events = cloud.client("logs").filter_log_events(logGroupName=group_of(name))["events"]
    return [json.loads(event["message"]) for event in events]


def make(cloud: Cloud, name: str, definition: dict[str, Any], logging: dict[str, Any], **fields: Any) -> str:
    cloud.client("logs").create_log_group(logGroupName=group_of(name))
    created = cloud.client("stepfunctions").create_state_machine(
        name=name,
        roleArn=fields.pop("role", None) or cloud.role(),
        definition=json.dumps(definition),
        loggingConfiguration=logging,
        **fields,
    )
    return str(created["stateMachineArn"])


def test_a_machine_of_a_template_logs_and_says_so(cloud: Cloud) -> None:
    name = a_name()
    states_api, cloudformation = cloud.client("stepfunctions"), cloud.client("cloudformation")
    body = template(cloud, name, "ALL", TracingConfiguration={"Enabled": True})
    cloudformation.create_stack(StackName=name, TemplateBody=body)
    assert cloud.settled(name)["StackStatus"] == "CREATE_COMPLETE"
    described = states_api.describe_state_machine(stateMachineArn=arn_of(name))
    assert described["loggingConfiguration"] == configuration(name, "ALL")
    assert described["tracingConfiguration"] == {"enabled": True}

    execution = run(cloud, arn_of(name))
    logged = eventually(lambda: len(lines(cloud, name)) == 3 and lines(cloud, name))
    assert [line["type"] for line in logged] == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]
    for_execution = states_api.describe_state_machine_for_execution(executionArn=execution)
    assert for_execution["loggingConfiguration"] == configuration(name, "ALL")
    assert for_execution["tracingConfiguration"] == {"enabled": True}


def test_an_update_of_the_template_changes_what_is_logged(cloud: Cloud) -> None:
    name = a_name()
    states_api, cloudformation = cloud.client("stepfunctions"), cloud.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=template(cloud, name, "OFF"))
    cloud.settled(name)
    body = template(cloud, name, "FATAL", TracingConfiguration={"Enabled": "true"})
    cloudformation.update_stack(StackName=name, TemplateBody=body)
    assert cloud.settled(name)["StackStatus"] == "UPDATE_COMPLETE"
    described = states_api.describe_state_machine(stateMachineArn=arn_of(name))
    assert described["loggingConfiguration"] == configuration(name, "FATAL")
    assert described["tracingConfiguration"] == {"enabled": True}
    run(cloud, arn_of(name))
    logged = eventually(lambda: lines(cloud, name))
    assert [line["type"] for line in logged] == ["ExecutionFailed"]

    without = json.loads(body)
    for property_ in ("LoggingConfiguration", "TracingConfiguration"):
        del without["Resources"]["Machine"]["Properties"][property_]
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(without))
    cloud.settled(name)
    described = states_api.describe_state_machine(stateMachineArn=arn_of(name))
    assert described["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert described["tracingConfiguration"] == {"enabled": False}


def test_the_lines_and_the_stream_are_written_as_on_aws(cloud: Cloud) -> None:
    name = a_name()
    function = cloud.function("def handler(event, context): return 'secret answer'")
    may = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {"Ask": task}}
    machine = make(cloud, name, definition, configuration(name, "ALL"), role=cloud.role(may))
    execution = run(cloud, machine, {"photo": "secret question"})

    logged = eventually(lambda: len(lines(cloud, name)) == 7 and lines(cloud, name))
    assert "secret" not in str(logged)
    assert [(line["id"], line["previous_event_id"], line["type"]) for line in logged] == [
        ("1", "0", "ExecutionStarted"),
        ("2", "0", "TaskStateEntered"),
        ("3", "2", "TaskScheduled"),
        ("4", "3", "TaskStarted"),
        ("5", "4", "TaskSucceeded"),
        ("6", "5", "TaskStateExited"),
        ("7", "6", "ExecutionSucceeded"),
    ]
    started = logged[0]
    assert started.pop("event_timestamp").isdigit()
    role = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=machine)["roleArn"]
    assert started == {
        "id": "1",
        "type": "ExecutionStarted",
        "details": {"roleArn": role},
        "previous_event_id": "0",
        "execution_arn": execution,
        "redrive_count": "0",
    }
    assert logged[1]["details"] == {"name": "Ask"}
    assert logged[4]["details"] == {"resourceType": "lambda", "resource": "invoke"}
    assert logged[6]["details"] == {}
    (stream,) = cloud.client("logs").describe_log_streams(logGroupName=group_of(name))["logStreams"]
    assert re.fullmatch(rf"states/{name}/\d{{4}}-\d\d-\d\d-\d\d-\d\d/[0-9a-f]{{8}}", stream["logStreamName"])


def test_the_data_are_logged_where_the_configuration_includes_them(cloud: Cloud) -> None:
    name = a_name()
    machine = make(cloud, name, FAILING, configuration(name, "ALL", data=True))
    run(cloud, machine, {"photo": "a.png"})
    logged = eventually(lambda: len(lines(cloud, name)) == 3 and lines(cloud, name))
    assert logged[1]["details"] == {
        "name": "Refuse",
        "input": '{"photo": "a.png"}',
        "inputDetails": {"truncated": False},
    }


@pytest.mark.parametrize(
    ("level", "kinds"),
    [("OFF", []), ("FATAL", ["ExecutionFailed"]), ("ERROR", ["FailStateEntered", "ExecutionFailed"])],
)
def test_an_update_through_the_api_changes_what_is_logged(cloud: Cloud, level: str, kinds: list[str]) -> None:
    name = a_name()
    states_api = cloud.client("stepfunctions")
    machine = make(cloud, name, FAILING, configuration(name, "ALL"))
    answer = states_api.update_state_machine(
        stateMachineArn=machine,
        loggingConfiguration=configuration(name, level),
        tracingConfiguration={"enabled": True},
    )
    described = states_api.describe_state_machine(stateMachineArn=machine)
    assert described["loggingConfiguration"] == configuration(name, level)
    assert described["tracingConfiguration"] == {"enabled": True}
    assert answer["revisionId"] == described["revisionId"]
    run(cloud, machine)
    logged = eventually(lambda: len(lines(cloud, name)) == len(kinds) and [lines(cloud, name)])
    assert [line["type"] for line in logged[0]] == kinds


def test_a_machine_without_a_configuration_says_that_it_neither_logs_nor_traces(cloud: Cloud) -> None:
    states_api = cloud.client("stepfunctions")
    machine = states_api.create_state_machine(
        name=a_name(), roleArn=cloud.role(), definition=json.dumps(FAILING), loggingConfiguration={}
    )["stateMachineArn"]
    described = states_api.describe_state_machine(stateMachineArn=machine)
    assert described["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert described["tracingConfiguration"] == {"enabled": False}
    with pytest.raises(ClientError, match="the TracingConfiguration must be specified") as caught:
        states_api.update_state_machine(stateMachineArn=machine)
    assert caught.value.response["Error"]["Code"] == "MissingRequiredParameter"


@pytest.mark.parametrize(
    ("logging", "reason"),
    [
        ({"level": "ALL"}, "Must specify exactly one Log Destination."),
        ({"level": "ERROR", "destinations": []}, "Must specify exactly one Log Destination."),
        ({"level": "OFF", "destinations": [{}, {}]}, "Must specify exactly one Log Destination."),
        (configuration("nowhere", "FATAL"), "Log Destination not found."),
    ],
)
def test_a_log_that_cannot_be_written_is_refused(cloud: Cloud, logging: dict[str, Any], reason: str) -> None:
    states_api = cloud.client("stepfunctions")
    fields = {"roleArn": cloud.role(), "definition": json.dumps(FAILING)}
    machine = states_api.create_state_machine(name=a_name(), **fields)["stateMachineArn"]
    for refused in (
        lambda: states_api.create_state_machine(name=a_name(), loggingConfiguration=logging, **fields),
        lambda: states_api.update_state_machine(stateMachineArn=machine, loggingConfiguration=logging),
    ):
        with pytest.raises(ClientError, match=f"Invalid Logging Configuration: {reason}") as caught:
            refused()
        assert caught.value.response["Error"]["Code"] == "InvalidLoggingConfiguration"


def test_an_execution_goes_on_where_its_log_group_was_deleted(cloud: Cloud) -> None:
    name = a_name()
    machine = make(cloud, name, FAILING, configuration(name, "ALL"))
    cloud.client("logs").delete_log_group(logGroupName=group_of(name))
    execution = run(cloud, machine)
    described = cloud.client("stepfunctions").describe_execution(executionArn=execution)
    assert (described["status"], described["error"]) == ("FAILED", "Refused")


def test_a_machine_of_an_older_home_logs_as_its_template_says() -> None:
    destination = {"CloudWatchLogsLogGroup": {"LogGroupArn": f"{ALWAYS}{group_of('old')}:*"}}
    kept = {"Level": "ALL", "IncludeExecutionData": "false", "Destinations": [destination]}
    assert read_logging({"loggingConfiguration": kept}) == configuration("old", "ALL")


@pytest.mark.parametrize(
    ("level", "kinds"),
    [
        ("OFF", []),
        ("FATAL", ["ExecutionFailed", "ExecutionTimedOut"]),
        (
            "ERROR",
            [
                "FailStateEntered",
                "TaskFailed",
                "TaskTimedOut",
                "MapIterationFailed",
                "WaitStateAborted",
                "ExecutionFailed",
                "ExecutionTimedOut",
            ],
        ),
    ],
)
def test_a_level_chooses_what_is_logged(level: str, kinds: list[str]) -> None:
    all_kinds = ["ExecutionStarted", "PassStateEntered", "FailStateEntered", "TaskStarted", "TaskFailed"]
    all_kinds += ["TaskTimedOut", "MapIterationFailed", "WaitStateAborted", "TaskStateExited"]
    all_kinds += ["ExecutionFailed", "ExecutionTimedOut"]
    assert [kind for kind in all_kinds if is_logged(level, kind)] == kinds
    assert all(is_logged("ALL", kind) for kind in all_kinds)
