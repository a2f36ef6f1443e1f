"""What the embedded cloud has answered for is there after its server was killed."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local import lifecycle
from tests.local.cloud_process import Cloud, eventually, free_port, local, processes_of

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
GET_PARAMETER = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
SLOW = "import time\ndef handler(event, context): time.sleep(60)"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cloud]:
    """A running cloud that the test kills."""
    cloud = Cloud(tmp_path / "home", free_port())
    start(cloud)
    yield cloud
    lifecycle.stop(cloud.home)


def start(cloud: Cloud) -> None:
    started = local("up", "--home", cloud.home, "--port", str(cloud.port))
    assert started.returncode == 0, started.stderr


def kill_and_start(cloud: Cloud) -> None:
    """Kills the server this very moment, and starts it again."""
    os.kill(cloud.pid, signal.SIGKILL)
    eventually(lambda: lifecycle.find_server(cloud.home) is None)
    eventually(lambda: processes_of(cloud.home) == [])
    start(cloud)


def is_saved(cloud: Cloud, service: str, text: str) -> bool:
    """Returns whether a service's state on disk holds a text."""
    path = cloud.home / "state" / f"{service}.json"
    return path.exists() and text in path.read_text()


def make_machine(cloud: Cloud, states: dict[str, Any], *, role: str | None = None) -> str:
    definition = {"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": states}}
    created = cloud.client("stepfunctions").create_state_machine(
        name=f"machine-{uuid4().hex[:12]}", roleArn=role or cloud.role(), definition=json.dumps(definition)
    )
    return str(created["stateMachineArn"])


def make_stack(cloud: Cloud, name: str, resources: dict[str, Any]) -> None:
    template = json.dumps({"Resources": resources})
    cloud.client("cloudformation").create_stack(StackName=name, TemplateBody=template)


def make_parameter(name: str, value: str) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": value}}


def make_hanging_resource(cloud: Cloud, **properties: Any) -> dict[str, Any]:
    token = cloud.function(SLOW, Timeout=600)
    return {"Type": "Custom::Job", "Properties": {"ServiceToken": token, **properties}}


def test_the_last_parameter_before_a_kill_is_kept(own: Cloud) -> None:
    ssm = own.client("ssm")
    for number in range(20):
        ssm.put_parameter(Name="/value", Value=str(number), Type="String", Overwrite=True)
    kill_and_start(own)
    assert own.parameter("/value") == "19"


def test_the_last_items_before_a_kill_are_kept_and_the_tables_are_not_written_for_each(own: Cloud) -> None:
    tables = own.client("dynamodb")
    tables.create_table(
        TableName="outcomes",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "photo", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "photo", "AttributeType": "S"}],
    )
    state = own.home / "state" / "dynamodb.json"
    written = state.stat().st_mtime_ns
    photos = [{"photo": {"S": str(number)}} for number in range(20)]
    for photo in photos:
        tables.put_item(TableName="outcomes", Item=photo)
    tables.delete_item(TableName="outcomes", Key=photos[0])
    tables.update_item(
        TableName="outcomes",
        Key=photos[1],
        UpdateExpression="SET outcome = :routed",
        ExpressionAttributeValues={":routed": {"S": "routed"}},
    )
    assert state.stat().st_mtime_ns == written
    kill_and_start(own)
    kept = tables.scan(TableName="outcomes")["Items"]
    changed = {**photos[1], "outcome": {"S": "routed"}}
    assert sorted(kept, key=str) == sorted([changed, *photos[2:]], key=str)


def test_executions_are_kept_and_those_that_ran_have_failed(own: Cloud) -> None:
    states = own.client("stepfunctions")
    quick, slow = (
        make_machine(own, {"Type": "Succeed"}),
        make_machine(own, {"Type": "Wait", "Seconds": 90, "End": True}),
    )
    ended = [states.start_execution(stateMachineArn=quick)["executionArn"] for _ in range(5)]
    for arn in ended:
        eventually(lambda arn=arn: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    running = [
        states.start_execution(stateMachineArn=slow, input=json.dumps({"number": number}))["executionArn"]
        for number in range(40)
    ]
    kill_and_start(own)
    listed = {
        each["executionArn"]: each["status"]
        for machine in (quick, slow)
        for each in states.list_executions(stateMachineArn=machine)["executions"]
    }
    assert listed == dict.fromkeys(ended, "SUCCEEDED") | dict.fromkeys(running, "FAILED")
    for number, arn in enumerate(running):
        execution = states.describe_execution(executionArn=arn)
        assert json.loads(execution["input"]) == {"number": number}
        assert execution["error"] == "States.Runtime"
        assert execution["cause"].startswith("The embedded cloud was stopped while the execution ran.")
        assert execution["stopDate"] > execution["startDate"]
        events = states.get_execution_history(executionArn=arn)["events"]
        assert [events[0]["type"], events[-1]["type"]] == ["ExecutionStarted", "ExecutionFailed"]
    assert [event["type"] for event in states.get_execution_history(executionArn=ended[0])["events"]] == [
        "ExecutionStarted",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]


def test_an_execution_is_redriven_from_where_it_was_however_often_the_server_was_killed(own: Cloud) -> None:
    states, role = own.client("stepfunctions"), own.role(GET_PARAMETER)
    steps = {
        "First": {
            "Type": "Pass",
            "Assign": {"kept": "{% $states.input.number %}"},
            "Output": 2,
            "Next": "Read",
        },
        "Read": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
            "Arguments": {"Name": "/late"},
            "Output": "{% [$kept, $states.input, $states.context.Execution.RedriveCount] %}",
            "End": True,
        },
    }
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "First", "States": steps})
    machine = states.create_state_machine(name="late", roleArn=role, definition=definition)["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine, input='{"number": 1}')["executionArn"]

    def status() -> str:
        return str(states.describe_execution(executionArn=arn)["status"])

    eventually(lambda: status() == "FAILED")
    kill_and_start(own)
    date = states.redrive_execution(executionArn=arn, clientToken="first")["redriveDate"]
    eventually(lambda: status() == "FAILED")
    kill_and_start(own)
    assert states.redrive_execution(executionArn=arn, clientToken="first")["redriveDate"] == date
    own.client("ssm").put_parameter(Name="/late", Value="there", Type="String")
    states.update_state_machine(stateMachineArn=machine, roleArn=own.role())
    kill_and_start(own)
    states.redrive_execution(executionArn=arn)
    eventually(lambda: status() == "SUCCEEDED")
    described = states.describe_execution(executionArn=arn)
    assert (json.loads(described["output"]), described["redriveCount"]) == ([1, 2, 2], 2)


def test_an_execution_is_kept_through_any_number_of_restarts(own: Cloud) -> None:
    states = own.client("stepfunctions")
    machine = make_machine(own, {"Type": "Wait", "Seconds": 90, "End": True})
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    kill_and_start(own)
    first = states.describe_execution(executionArn=arn)
    local("down", "--home", own.home)
    start(own)
    kill_and_start(own)
    again = states.describe_execution(executionArn=arn)
    del first["ResponseMetadata"], again["ResponseMetadata"]
    assert again == first


def test_what_a_running_execution_has_done_is_in_its_history(own: Cloud) -> None:
    states = own.client("stepfunctions")
    definition = {
        "StartAt": "Before",
        "States": {
            "Before": {"Type": "Pass", "Next": "Long"},
            "Long": {"Type": "Wait", "Seconds": 90, "End": True},
        },
    }
    machine = states.create_state_machine(name="two", roleArn=own.role(), definition=json.dumps(definition))
    arn = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    eventually(
        lambda: any(b"WaitStateEntered" in path.read_bytes() for path in (own.home / "state").rglob("*.json"))
    )
    kill_and_start(own)
    events = [event["type"] for event in states.get_execution_history(executionArn=arn)["events"]]
    assert events[1:4] == ["PassStateEntered", "PassStateExited", "WaitStateEntered"]


def test_executions_of_a_deleted_machine_do_not_come_back(own: Cloud) -> None:
    states = own.client("stepfunctions")
    machine = make_machine(own, {"Type": "Wait", "Seconds": 90, "End": True})
    states.start_execution(stateMachineArn=machine)
    states.delete_state_machine(stateMachineArn=machine)
    eventually(lambda: not list((own.home / "state" / "executions").glob("*")))


def test_roles_functions_machines_and_sagemakers_records_are_kept(own: Cloud) -> None:
    role = own.role({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"})
    function = own.function("def handler(event, context): return event + 1", role=role)
    machine = make_machine(own, {"Type": "Succeed"}, role=role)
    sagemaker = own.client("sagemaker")
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
    }
    learner = own.client("iam").create_role(
        RoleName="learner",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    allowed = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    own.client("iam").attach_role_policy(RoleName="learner", PolicyArn=allowed)
    own.client("s3").create_bucket(Bucket="kept")
    own.client("s3").put_object(Bucket="kept", Key="model.tar.gz", Body=b"a model")
    container = {"Image": IMAGE, "ModelDataUrl": "s3://kept/model.tar.gz"}
    sagemaker.create_model(ModelName="kept", ExecutionRoleArn=learner, PrimaryContainer=container)
    kill_and_start(own)
    policy = own.client("iam").get_role_policy(RoleName=role.split("/")[-1], PolicyName="allowed")
    assert policy["PolicyDocument"]["Statement"][0]["Action"] == "ssm:*"
    assert own.invoke(function, 1) == (None, 2)
    assert own.client("stepfunctions").describe_state_machine(stateMachineArn=machine)["roleArn"] == role
    assert sagemaker.describe_model(ModelName="kept")["ExecutionRoleArn"] == learner


def test_logs_are_kept_but_for_the_last_moment(own: Cloud) -> None:
    logs = own.client("logs")
    function = own.function("def handler(event, context): print('a line to keep')")
    own.invoke(function, None)
    eventually(lambda: is_saved(own, "cloudwatch_logs", "a line to keep"))
    kill_and_start(own)
    group = f"/aws/lambda/{function.rpartition(':')[2]}"
    messages = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert any("a line to keep" in message for message in messages)


def test_a_stack_whose_creation_was_cut_off_is_rolled_back(own: Cloud) -> None:
    hanging = make_hanging_resource(own) | {"DependsOn": "Value"}
    make_stack(own, "cut", {"Value": make_parameter("/made", "1"), "Job": hanging})
    eventually(lambda: is_saved(own, "cloudformation", "/made"))
    kill_and_start(own)
    assert own.settled("cut")["StackStatus"] == "ROLLBACK_COMPLETE"
    events = own.client("cloudformation").describe_stack_events(StackName="cut")["StackEvents"]
    reasons = [event.get("ResourceStatusReason") for event in events]
    assert "The embedded cloud was stopped while the operation ran" in reasons
    ssm = own.client("ssm")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        own.parameter("/made")


def test_a_stack_whose_update_was_cut_off_is_as_it_was(own: Cloud) -> None:
    make_stack(own, "cut", {"Value": make_parameter("/value", "before")})
    assert own.settled("cut")["StackStatus"] == "CREATE_COMPLETE"
    hanging = make_hanging_resource(own) | {"DependsOn": "Value"}
    template = {"Resources": {"Value": make_parameter("/value", "after"), "Job": hanging}}
    own.client("cloudformation").update_stack(StackName="cut", TemplateBody=json.dumps(template))
    eventually(lambda: any("runtime_client" in line for line in processes_of(own.home)))
    eventually(lambda: is_saved(own, "ssm", '"after"'))
    kill_and_start(own)
    assert own.settled("cut")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert own.parameter("/value") == "before"
    (resource,) = own.client("cloudformation").list_stack_resources(StackName="cut")["StackResourceSummaries"]
    assert resource["LogicalResourceId"] == "Value"


def test_a_deletion_that_was_cut_off_goes_on(own: Cloud) -> None:
    make_stack(own, "cut", {"Value": make_parameter("/value", "1")})
    own.settled("cut")
    template = json.loads((own.home / "state" / "cloudformation.json").read_text())
    local("down", "--home", own.home)
    text = json.dumps(template).replace("CREATE_COMPLETE", "DELETE_IN_PROGRESS", 1)
    (own.home / "state" / "cloudformation.json").write_text(text)
    start(own)
    cloudformation = own.client("cloudformation")
    eventually(lambda: cloudformation.list_stacks()["StackSummaries"][0]["StackStatus"] == "DELETE_COMPLETE")


@pytest.mark.parametrize("left", ["ssm.json.new", "executions/0123.new"])
def test_a_kill_in_the_middle_of_saving_leaves_the_former_state(own: Cloud, left: str) -> None:
    own.client("ssm").put_parameter(Name="/value", Value="kept", Type="String")
    os.kill(own.pid, signal.SIGKILL)
    eventually(lambda: lifecycle.find_server(own.home) is None)
    path = own.home / "state" / left
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"half')
    start(own)
    assert own.parameter("/value") == "kept"


def test_an_execution_whose_file_a_power_cut_has_emptied_does_not_keep_the_others_away(own: Cloud) -> None:
    states = own.client("stepfunctions")
    machine = make_machine(own, {"Type": "Succeed"})
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    (own.home / "state" / "executions" / "0123.json").touch()
    kill_and_start(own)
    assert [
        each["executionArn"] for each in states.list_executions(stateMachineArn=machine)["executions"]
    ] == [arn]
