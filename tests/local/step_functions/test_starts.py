"""An execution of a name is started once: asked for again it is the same one, or refused as AWS does."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from ministack.core.responses import json_response
from ministack.services import stepfunctions

from local.step_functions.starts import start_once
from tests.local.cloud_process import Cloud, eventually

WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 90, "End": True}}}
ENDS = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
STARTERS = 20


def make(cloud: Cloud, definition: dict[str, Any]) -> str:
    created = cloud.client("stepfunctions").create_state_machine(
        name=f"machine-{uuid4().hex[:12]}", roleArn=cloud.role(), definition=json.dumps(definition)
    )
    return str(created["stateMachineArn"])


def test_the_same_start_of_a_running_execution_gets_the_same_answer(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    request = {"stateMachineArn": make(cloud, WAITS), "name": "photo", "input": '{"key": "a.png"}'}
    first, again = states.start_execution(**request), states.start_execution(**request)
    for answer in (first, again):
        del answer["ResponseMetadata"]
    assert again == first
    assert len(states.list_executions(stateMachineArn=request["stateMachineArn"])["executions"]) == 1


def test_another_input_under_the_name_of_a_running_execution_is_refused(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    machine = make(cloud, WAITS)
    arn = states.start_execution(stateMachineArn=machine, name="photo", input="{}")["executionArn"]
    with pytest.raises(ClientError) as caught:
        states.start_execution(stateMachineArn=machine, name="photo", input='{"key": "b.png"}')
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == (
        "ExecutionAlreadyExists",
        f"Execution Already Exists: '{arn}'",
    )


def test_the_name_of_an_execution_that_has_ended_is_refused_whatever_the_input(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    request = {"stateMachineArn": make(cloud, ENDS), "name": "photo", "input": "{}"}
    arn = states.start_execution(**request)["executionArn"]
    eventually(lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    with pytest.raises(ClientError) as caught:
        states.start_execution(**request)
    assert caught.value.response["Error"]["Code"] == "ExecutionAlreadyExists"


def test_many_starts_of_one_name_at_once_make_one_execution(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    request = {"stateMachineArn": make(cloud, WAITS), "name": "photo", "input": "{}"}
    with ThreadPoolExecutor(STARTERS) as pool:
        answers = list(pool.map(lambda _: states.start_execution(**request), range(STARTERS)))
    assert len({(answer["executionArn"], answer["startDate"]) for answer in answers}) == 1
    assert len(states.list_executions(stateMachineArn=request["stateMachineArn"])["executions"]) == 1


def test_starts_on_many_threads_of_the_server_make_one_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
    monkeypatch.setitem(stepfunctions._state_machines, machine, {"name": "m", "type": "STANDARD"})
    gate, started = threading.Barrier(STARTERS), []

    def start(request: dict[str, Any]) -> Any:
        arn = machine.replace("stateMachine", "execution") + f":{request['name']}"
        # Long enough for all others to have looked whether there is one.
        time.sleep(0.05)
        started.append(arn)
        execution = {"executionArn": arn, "status": "RUNNING", "input": "{}", "startDate": "now"}
        monkeypatch.setitem(stepfunctions._executions, arn, execution)
        return json_response({"executionArn": arn, "startDate": "now"})

    def ask(_: int) -> Any:
        gate.wait()
        return start_once(start, {"stateMachineArn": machine, "name": "photo", "input": "{}"})

    with ThreadPoolExecutor(STARTERS) as pool:
        answers = list(pool.map(ask, range(STARTERS)))
    assert len(started) == 1
    assert {(status, body) for status, _, body in answers} == {(200, answers[0][2])}
