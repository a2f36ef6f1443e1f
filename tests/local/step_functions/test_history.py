"""An execution's history and its metrics on the embedded cloud are those that AWS would give."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import botocore.session
import pytest

from tests.local.cloud_process import Cloud, eventually

ANSWER = "def handler(event, context): return {'answer': event}"
FAILING = "class NoPhoto(Exception): pass\ndef handler(event, context): raise NoPhoto('none')"
#: The shape of an event in AWS's own model of the API.
EVENT = botocore.session.get_session().get_service_model("stepfunctions").shape_for("HistoryEvent")


def may_invoke(cloud: Cloud, function: str) -> str:
    return cloud.role({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function})


def invoke(function: str, **fields: Any) -> dict[str, Any]:
    arguments = {"FunctionName": function, "Payload": "{% $states.input %}"}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": arguments,
        "Output": "{% $states.result.Payload %}",
        **fields,
    }


def history(cloud: Cloud, execution: Any) -> list[dict[str, Any]]:
    """Returns the history of an execution, each event of which must be whole as AWS's API describes it."""
    events: list[dict[str, Any]] = cloud.client("stepfunctions").get_execution_history(
        executionArn=execution["executionArn"], maxResults=1000
    )["events"]
    for event in events:
        assert "previousEventId" in event
        for name, details in event.items():
            if name.endswith("Details"):
                assert set(EVENT.members[name].required_members) <= details.keys()
                for data in ("input", "output"):
                    assert (data in details) == (f"{data}Details" in details)
                    assert details.get(f"{data}Details", {"truncated": False}) == {"truncated": False}
    return events


def told(events: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(event["previousEventId"], event["type"]) for event in events]


def total(cloud: Cloud, namespace: str, metric: str, **dimensions: str) -> float:
    """Returns the sum of a metric's values of the last hour."""
    now = datetime.now(UTC)
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=2),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def test_a_task_is_scheduled_started_and_succeeds(cloud: Cloud) -> None:
    function = cloud.function(ANSWER)
    states = {"Ask": invoke(function, TimeoutSeconds=30, Next="End"), "End": {"Type": "Succeed"}}
    ended = cloud.execute(states, "Ask", role=may_invoke(cloud, function), given={"é": 1})
    events = history(cloud, ended)
    assert told(events) == [
        (0, "ExecutionStarted"),
        (0, "TaskStateEntered"),
        (2, "TaskScheduled"),
        (3, "TaskStarted"),
        (4, "TaskSucceeded"),
        (5, "TaskStateExited"),
        (6, "SucceedStateEntered"),
        (7, "SucceedStateExited"),
        (8, "ExecutionSucceeded"),
    ]
    scheduled = events[2]["taskScheduledEventDetails"]
    assert json.loads(scheduled.pop("parameters")) == {"FunctionName": function, "Payload": {"é": 1}}
    assert scheduled == {
        "resourceType": "lambda",
        "resource": "invoke",
        "region": "us-east-1",
        "timeoutInSeconds": 30,
    }
    assert events[3]["taskStartedEventDetails"] == {"resourceType": "lambda", "resource": "invoke"}
    succeeded = events[4]["taskSucceededEventDetails"]
    assert (succeeded["resourceType"], succeeded["resource"]) == ("lambda", "invoke")
    assert json.loads(succeeded["output"])["Payload"] == {"answer": {"é": 1}}


def test_a_task_that_fails_is_told_with_each_attempt(cloud: Cloud) -> None:
    function = cloud.function(FAILING)
    retry = {"ErrorEquals": ["NoPhoto"], "IntervalSeconds": 1, "MaxAttempts": 1}
    catch = {"ErrorEquals": ["States.ALL"], "Next": "Caught"}
    states = {"Look": invoke(function, Retry=[retry], Catch=[catch], End=True), "Caught": {"Type": "Succeed"}}
    events = history(cloud, cloud.execute(states, "Look", role=may_invoke(cloud, function)))
    assert told(events)[2:9] == [
        (2, "TaskScheduled"),
        (3, "TaskStarted"),
        (4, "TaskFailed"),
        (5, "TaskScheduled"),
        (6, "TaskStarted"),
        (7, "TaskFailed"),
        (8, "TaskStateExited"),
    ]
    failed = events[4]["taskFailedEventDetails"]
    assert (failed["resourceType"], failed["resource"], failed["error"]) == ("lambda", "invoke", "NoPhoto")
    assert json.loads(failed["cause"])["errorMessage"] == "none"


def test_a_service_is_named_by_its_type_and_its_action(cloud: Cloud) -> None:
    name = f"/history/{uuid4().hex}"
    cloud.client("ssm").put_parameter(Name=name, Value="1", Type="String")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
        "Arguments": {"Name": name},
        "End": True,
    }
    role = cloud.role({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"})
    events = history(cloud, cloud.execute({"Ask": task}, "Ask", role=role))
    started = events[3]["taskStartedEventDetails"]
    assert started == {"resourceType": "aws-sdk:ssm", "resource": "getParameter"}
    assert json.loads(events[2]["taskScheduledEventDetails"]["parameters"]) == {"Name": name}


@pytest.mark.parametrize(("code", "end"), [(ANSWER, "Succeeded"), (FAILING, "Failed")])
def test_a_function_named_by_its_arn_has_events_of_its_own(cloud: Cloud, code: str, end: str) -> None:
    function = cloud.function(code)
    states = {"Ask": {"Type": "Task", "Resource": function, "End": True}}
    events = history(cloud, cloud.execute(states, "Ask", role=may_invoke(cloud, function), given={"a": 1}))
    assert told(events)[2:5] == [
        (2, "LambdaFunctionScheduled"),
        (3, "LambdaFunctionStarted"),
        (4, f"LambdaFunction{end}"),
    ]
    scheduled = events[2]["lambdaFunctionScheduledEventDetails"]
    assert scheduled["resource"] == function
    assert json.loads(scheduled["input"]) == {"a": 1}
    assert not any(name.endswith("EventDetails") for name in events[3])
    assert f"lambdaFunction{end}EventDetails" in events[4]
    for metric in ("Scheduled", "Started", end):
        assert total(cloud, "AWS/States", f"LambdaFunctions{metric}", LambdaFunctionArn=function) == 1
    told_times = [
        total(cloud, "AWS/States", f"LambdaFunction{metric}", LambdaFunctionArn=function)
        for metric in ("ScheduleTime", "RunTime", "Time")
    ]
    # Milliseconds: what it waits for, and what it takes.
    assert told_times[0] == 0
    assert told_times[1] == told_times[2] > 0


def test_a_task_that_takes_too_long_is_told_as_timed_out(cloud: Cloud) -> None:
    function = cloud.function("import time\ndef handler(event, context): time.sleep(5)")
    states = {"Ask": invoke(function, TimeoutSeconds=1, End=True)}
    ended = cloud.execute(states, "Ask", role=may_invoke(cloud, function))
    events = history(cloud, ended)
    assert told(events)[-2:] == [(4, "TaskTimedOut"), (5, "ExecutionFailed")]
    assert events[-2]["taskTimedOutEventDetails"]["error"] == ended["error"] == "States.Timeout"


@pytest.mark.parametrize("kind", ["Task", "Pass", "Choice"])
def test_an_expression_that_cannot_be_evaluated_is_told_with_its_state(cloud: Cloud, kind: str) -> None:
    bad = "{% 1 + 'a' %}"
    states: dict[str, Any] = {
        "Task": invoke("none", Arguments={"FunctionName": bad}, End=True),
        "Pass": {"Type": "Pass", "Output": bad, "End": True},
        "Choice": {"Type": "Choice", "Choices": [{"Condition": bad, "Next": "Choice"}]},
    }
    ended = cloud.execute({kind: states[kind]}, kind)
    events = history(cloud, ended)
    assert told(events)[2:] == [(2, "EvaluationFailed"), (3, "ExecutionFailed")]
    details = events[2]["evaluationFailedEventDetails"]
    assert (details["state"], details["error"]) == (kind, "States.QueryEvaluationError")


def test_branches_and_iterations_are_told_state_by_state(cloud: Cloud) -> None:
    def passing(name: str) -> dict[str, Any]:
        return {"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}

    states = {
        "Fork": {"Type": "Parallel", "Branches": [passing("Left")], "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Items": [7, 8],
            "MaxConcurrency": 1,
            "ItemProcessor": passing("Item"),
            "End": True,
        },
    }
    events = history(cloud, cloud.execute(states, "Fork"))
    assert told(events) == [
        (0, "ExecutionStarted"),
        (0, "ParallelStateEntered"),
        (2, "ParallelStateStarted"),
        (3, "PassStateEntered"),
        (4, "PassStateExited"),
        (5, "ParallelStateSucceeded"),
        (5, "ParallelStateExited"),
        (7, "MapStateEntered"),
        (8, "MapStateStarted"),
        (9, "MapIterationStarted"),
        (10, "PassStateEntered"),
        (11, "PassStateExited"),
        (12, "MapIterationSucceeded"),
        (12, "MapIterationStarted"),
        (14, "PassStateEntered"),
        (15, "PassStateExited"),
        (16, "MapIterationSucceeded"),
        (16, "MapStateSucceeded"),
        (16, "MapStateExited"),
        (19, "ExecutionSucceeded"),
    ]
    assert events[8]["mapStateStartedEventDetails"] == {"length": 2}
    assert events[13]["mapIterationStartedEventDetails"] == {"name": "Each", "index": 1}
    assert events[3]["stateEnteredEventDetails"]["name"] == "Left"


def test_a_branch_that_fails_fails_its_state(cloud: Cloud) -> None:
    branch = {"StartAt": "Refuse", "States": {"Refuse": {"Type": "Fail", "Error": "Refused"}}}
    states = {"Each": {"Type": "Map", "Items": [1], "ItemProcessor": branch, "End": True}}
    ended = cloud.execute(states, "Each")
    assert ended["error"] == "Refused"
    assert told(history(cloud, ended))[3:] == [
        (3, "MapIterationStarted"),
        (4, "FailStateEntered"),
        (5, "MapIterationFailed"),
        (5, "MapStateFailed"),
        (7, "ExecutionFailed"),
    ]


def waiting(cloud: Cloud, **definition: Any) -> tuple[str, str]:
    """Starts an execution that waits for a minute; returns the ARNs of its machine and its own."""
    states_api = cloud.client("stepfunctions")
    states = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}
    machine = states_api.create_state_machine(
        name=f"waiting-{uuid4().hex[:12]}",
        roleArn=cloud.role(),
        definition=json.dumps({"StartAt": "Wait", "States": states, **definition}),
    )["stateMachineArn"]
    return machine, states_api.start_execution(stateMachineArn=machine)["executionArn"]


def test_an_execution_that_is_stopped_ends_with_that(cloud: Cloud) -> None:
    states_api = cloud.client("stepfunctions")
    machine, execution = waiting(cloud)
    given = {"executionArn": execution}
    eventually(lambda: len(states_api.get_execution_history(**given)["events"]) == 2)
    states_api.stop_execution(**given)
    events = history(cloud, given)
    assert told(events)[1:] == [(0, "WaitStateEntered"), (0, "ExecutionAborted")]
    assert events[2]["executionAbortedEventDetails"] == {}
    assert total(cloud, "AWS/States", "ExecutionsAborted", StateMachineArn=machine) == 1


def test_a_machine_that_runs_longer_than_its_definition_allows_is_timed_out(cloud: Cloud) -> None:
    states_api = cloud.client("stepfunctions")
    machine, execution = waiting(cloud, TimeoutSeconds=1)
    given = {"executionArn": execution}
    described = eventually(
        lambda: (d := states_api.describe_execution(**given))["status"] != "RUNNING" and d, seconds=20
    )
    assert described["status"] == "TIMED_OUT"
    assert "stopDate" in described
    assert told(history(cloud, given))[1:] == [(0, "WaitStateEntered"), (0, "ExecutionTimedOut")]
    assert total(cloud, "AWS/States", "ExecutionsTimedOut", StateMachineArn=machine) == 1


def test_an_execution_that_has_ended_has_its_whole_history(cloud: Cloud) -> None:
    states_api = cloud.client("stepfunctions")
    machine = cloud.execute({"End": {"Type": "Succeed"}}, "End")["stateMachineArn"]

    def run(_number: int) -> str:
        arn = states_api.start_execution(stateMachineArn=machine)["executionArn"]
        while states_api.describe_execution(executionArn=arn)["status"] == "RUNNING":
            pass
        last = states_api.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)
        return str(last["events"][0]["type"])

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(run, range(100))) == {"ExecutionSucceeded"}


def test_executions_and_their_tasks_are_counted(cloud: Cloud) -> None:
    function = cloud.function(ANSWER)
    integration = "arn:aws:states:us-east-1:000000000000:lambda:invoke"
    before = total(
        cloud, "AWS/States", "ServiceIntegrationsSucceeded", ServiceIntegrationResourceArn=integration
    )
    states = {"Ask": invoke(function, End=True)}
    good = cloud.execute(states, "Ask", role=may_invoke(cloud, function))["stateMachineArn"]
    bad = cloud.execute({"Refuse": {"Type": "Fail"}}, "Refuse")["stateMachineArn"]
    counted = {
        name: (
            total(cloud, "AWS/States", name, StateMachineArn=good),
            total(cloud, "AWS/States", name, StateMachineArn=bad),
        )
        for name in ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed")
    }
    assert counted == {
        "ExecutionsStarted": (1, 1),
        "ExecutionsSucceeded": (1, 0),
        "ExecutionsFailed": (0, 1),
    }
    assert total(cloud, "AWS/States", "ExecutionTime", StateMachineArn=good) > 0
    after = total(
        cloud, "AWS/States", "ServiceIntegrationsSucceeded", ServiceIntegrationResourceArn=integration
    )
    assert after == before + 1


def test_a_functions_invocations_are_counted_whoever_calls_it(cloud: Cloud) -> None:
    reading = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    code = "def handler(event, context): return None if isinstance(event, dict) else 1 / event"
    function = cloud.function(code, role=cloud.role(reading))
    name = function.rsplit(":", 1)[-1]
    assert cloud.invoke(function, 1) == (None, 1)
    assert cloud.invoke(function, 0)[0] == "Unhandled"
    cloud.execute({"Ask": invoke(function, End=True)}, "Ask", role=may_invoke(cloud, function), given=1)
    cloud.client("lambda").invoke(FunctionName=function, Payload="1", InvocationType="Event")
    _call_by_a_rule(cloud, function)
    _call_by_a_queue(cloud, function)
    eventually(lambda: total(cloud, "AWS/Lambda", "Invocations", FunctionName=name) == 6)
    assert total(cloud, "AWS/Lambda", "Errors", FunctionName=name) == 1
    assert total(cloud, "AWS/Lambda", "Throttles", FunctionName=name) == 0
    assert total(cloud, "AWS/Lambda", "Duration", FunctionName=name) > 0
    # How many ran at a time is told with each call, of the function and of all together.
    assert total(cloud, "AWS/Lambda", "ConcurrentExecutions", FunctionName=name) >= 6
    assert total(cloud, "AWS/Lambda", "ConcurrentExecutions") >= 6


def _call_by_a_rule(cloud: Cloud, function: str) -> None:
    events, name = cloud.client("events"), function.rsplit(":", 1)[-1]
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    cloud.client("lambda").add_permission(
        FunctionName=name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule=name, Targets=[{"Id": "function", "Arn": function}])
    events.put_events(Entries=[{"Source": name, "DetailType": "Any", "Detail": "{}"}])


def _call_by_a_queue(cloud: Cloud, function: str) -> None:
    sqs, name = cloud.client("sqs"), function.rsplit(":", 1)[-1]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    cloud.client("lambda").create_event_source_mapping(
        FunctionName=name, EventSourceArn=f"arn:aws:sqs:us-east-1:000000000000:{name}"
    )
    sqs.send_message(QueueUrl=queue, MessageBody="photo")


def test_a_call_that_is_throttled_is_no_invocation(cloud: Cloud) -> None:
    function = cloud.function(ANSWER)
    name = function.rsplit(":", 1)[-1]
    cloud.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(cloud.client("lambda").exceptions.TooManyRequestsException):
        cloud.invoke(function)
    assert total(cloud, "AWS/Lambda", "Throttles", FunctionName=name) == 1
    assert total(cloud, "AWS/Lambda", "Invocations", FunctionName=name) == 0
