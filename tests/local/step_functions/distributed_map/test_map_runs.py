"""What the API tells of a Map Run while it runs, and changes of it."""

import json
from typing import Any

from tests.local.cloud_process import Cloud, eventually
from tests.local.step_functions.distributed_map.maps import (
    allow,
    await_end,
    await_run,
    failing,
    find_run,
    list_children,
    map_state,
    output_of,
    process,
    run,
    select,
    start,
)
from tests.local.step_functions.test_history import total
from tests.local.step_functions.test_redrive import a_name, redrive, refuse


def ask(cloud: Cloud) -> tuple[dict[str, Any], str]:
    """Returns an item processor that ends when its activity is answered, and the activity's ARN."""
    activity = cloud.client("stepfunctions").create_activity(name=a_name())["activityArn"]
    return process("Ask", Ask={"Type": "Task", "Resource": activity, "End": True}), activity


def answer(cloud: Cloud, activity: str) -> Any:
    """Answers one activity task with its own input; returns that."""
    api = cloud.client("stepfunctions")
    task = api.get_activity_task(activityArn=activity)
    api.send_task_success(taskToken=task["taskToken"], output=task["input"])
    return json.loads(task["input"])


def test_its_counts_move_while_it_runs_and_more_run_at_once_when_it_is_updated(cloud: Cloud) -> None:
    processor, activity = ask(cloud)
    state = map_state(processor, MaxConcurrency=1, ItemBatcher={"MaxItemsPerBatch": 2})
    arn = start(cloud, state, [1, 2, 3, 4, 5])
    described = await_run(cloud, arn, running=1)
    assert (described["status"], described["maxConcurrency"]) == ("RUNNING", 1)
    assert "stopDate" not in described
    assert select(described["itemCounts"]) == {"running": 2, "pending": 3, "total": 5}
    assert total(cloud, "AWS/States", "ApproximateOpenMapRunCount") >= 1
    assert total(cloud, "AWS/States", "OpenMapRunLimit") >= 1000
    assert answer(cloud, activity) == {"Items": [1, 2]}
    described = await_run(cloud, arn, succeeded=1, running=1)
    assert select(described["itemCounts"]) == {"succeeded": 2, "running": 2, "pending": 1, "total": 5}

    api, map_run = cloud.client("stepfunctions"), described["mapRunArn"]
    changed = {"maxConcurrency": 2, "toleratedFailurePercentage": 12.5, "toleratedFailureCount": 3}
    api.update_map_run(mapRunArn=map_run, **changed)
    described = await_run(cloud, arn, running=2)
    assert changed.items() <= described.items()
    assert len(list_children(cloud, map_run, statusFilter="RUNNING")) == 2
    assert [child["itemCount"] for child in list_children(cloud, map_run, statusFilter="SUCCEEDED")] == [2]
    answer(cloud, activity)
    answer(cloud, activity)
    assert output_of(await_end(cloud, arn)) == [{"Items": [1, 2]}, {"Items": [3, 4]}, {"Items": [5]}]
    described = find_run(cloud, arn)
    assert described["status"] == "SUCCEEDED"
    assert described["stopDate"] >= described["startDate"]
    assert select(described["itemCounts"]) == {"succeeded": 5, "total": 5, "resultsWritten": 5}


def test_an_update_of_what_it_tolerates_counts_for_what_has_failed(cloud: Cloud) -> None:
    processor, activity = ask(cloud)
    arn = start(cloud, map_state(processor, ToleratedFailureCount=5), [1, 2])
    described = await_run(cloud, arn, running=2)
    api = cloud.client("stepfunctions")
    task = api.get_activity_task(activityArn=activity)
    api.send_task_failure(taskToken=task["taskToken"], error="No")
    await_run(cloud, arn, failed=1, running=1)
    api.update_map_run(mapRunArn=described["mapRunArn"], toleratedFailureCount=0)
    assert await_end(cloud, arn)["error"] == "States.ExceedToleratedFailureThreshold"


def test_what_there_is_not_is_told_so(cloud: Cloud) -> None:
    api = cloud.client("stepfunctions")
    arn = "arn:aws:states:us-east-1:000000000000:mapRun:none/none:2d3f2b1a-0000-4000-8000-000000000000"
    for call in (api.describe_map_run, api.update_map_run):
        code, _ = refuse(lambda call=call: call(mapRunArn=arn))  # type: ignore[misc]
        assert code == "ResourceNotFound"


def test_a_role_that_may_not_start_executions_runs_none(cloud: Cloud) -> None:
    denied = {"Effect": "Deny", "Action": "states:StartExecution", "Resource": "*"}
    ended = run(cloud, map_state(), [1], denied)
    assert ended["error"] == "States.Permissions"
    assert "is not authorized to perform: states:StartExecution on resource: " in ended["cause"]
    assert select(find_run(cloud, ended["executionArn"])["executionCounts"]) == {}


def test_a_role_that_may_not_redrive_executions_redrives_none(cloud: Cloud) -> None:
    denied = {"Effect": "Deny", "Action": "states:RedriveExecution", "Resource": "*"}
    arn = run(cloud, failing(), ["bad"], denied)["executionArn"]
    redrive(cloud, arn)
    ended = await_end(cloud, arn)
    assert ended["error"] == "States.Permissions"
    assert "is not authorized to perform: states:RedriveExecution on resource: " in ended["cause"]
    assert select(find_run(cloud, arn)["executionCounts"]) == {"failed": 1, "total": 1}


def test_what_an_execution_runs_is_described_as_a_state_machine_of_its_own(cloud: Cloud) -> None:
    ended = run(cloud, map_state(Label="Two"), [1])
    map_run = find_run(cloud, ended["executionArn"])["mapRunArn"]
    [child] = list_children(cloud, map_run)
    described = cloud.client("stepfunctions").describe_state_machine_for_execution(
        executionArn=child["executionArn"]
    )
    assert described["stateMachineArn"] == f"{ended['stateMachineArn']}/Two"
    assert (described["label"], described["mapRunArn"]) == ("Two", map_run)
    definition = json.loads(described["definition"])
    assert definition == {"QueryLanguage": "JSONata", "StartAt": "Keep", "States": process()["States"]}


def test_a_map_in_an_execution_of_a_map_run_has_a_map_run_of_its_own(cloud: Cloud) -> None:
    inner = {**map_state(Items="{% $states.input %}"), "Label": "Inner"}
    processor = process("Inner", Inner=inner)
    ended = run(cloud, map_state(processor), [[1, 2], [3]])
    assert output_of(ended) == [[1, 2], [3]]
    children = list_children(cloud, find_run(cloud, ended["executionArn"])["mapRunArn"])
    inner_runs = [find_run(cloud, child["executionArn"]) for child in children]
    assert sorted(each["itemCounts"]["succeeded"] for each in inner_runs) == [1, 2]
    assert all("/Inner:" in each["mapRunArn"] for each in inner_runs)


def test_the_log_has_what_happens_in_its_executions(cloud: Cloud) -> None:
    name = a_name()
    logs, api = cloud.client("logs"), cloud.client("stepfunctions")
    logs.create_log_group(logGroupName=f"/aws/vendedlogs/states/{name}")
    group = f"arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/states/{name}:*"
    machine = api.create_state_machine(
        name=name,
        roleArn=cloud.role(allow("states:StartExecution", "*")),
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Map", "States": {"Map": map_state()}}),
        loggingConfiguration={
            "level": "ALL",
            "includeExecutionData": True,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
        },
    )["stateMachineArn"]
    arn = api.start_execution(stateMachineArn=machine, input="[7]")["executionArn"]
    await_end(cloud, arn)
    [child] = list_children(cloud, find_run(cloud, arn)["mapRunArn"])

    def lines() -> Any:
        events = logs.filter_log_events(logGroupName=f"/aws/vendedlogs/states/{name}")["events"]
        told = [json.loads(event["message"]) for event in events]
        return [line for line in told if line["execution_arn"] == child["executionArn"]]

    told = eventually(lambda: len(lines()) == 4 and lines())
    assert [line["type"] for line in told] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert told[1]["details"] == {"name": "Keep", "input": "7", "inputDetails": {"truncated": False}}
