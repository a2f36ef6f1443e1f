"""State machines of one distributed Map state, and what is told of their Map Runs."""

import json
from typing import Any
from uuid import uuid4

from tests.local.cloud_process import Cloud, eventually

MACHINES = "arn:aws:states:us-east-1:000000000000:stateMachine:"
ENDED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")
KEEP = {"Type": "Pass", "End": True}
WAIT = {"Type": "Wait", "Seconds": 90, "End": True}
#: Fails where the input says so.
CHOOSE = {
    "Type": "Choice",
    "Choices": [{"Condition": "{% $states.input = 'bad' or 'bad' in $states.input.Items %}", "Next": "Fail"}],
    "Default": "Keep",
}
FAIL = {"Type": "Fail", "Error": "Bad", "Cause": "it was bad"}


def allow(action: str | list[str], resource: str | list[str], **fields: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **fields}


def process(start: str = "Keep", kind: str = "STANDARD", **states: Any) -> dict[str, Any]:
    """Returns an item processor; its states are ``Keep`` and those given."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    return {"ProcessorConfig": config, "StartAt": start, "States": {"Keep": KEEP, **states}}


def map_state(processor: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    processor = processor or process()
    return {"Type": "Map", "Label": "Each", "ItemProcessor": processor, "End": True, **fields}


def failing(**fields: Any) -> dict[str, Any]:
    """Returns a Map state whose executions fail for the item ``bad``, or for a batch with it."""
    return map_state(process("Choose", Choose=CHOOSE, Fail=FAIL), **fields)


def start(
    cloud: Cloud, state: dict[str, Any], given: Any, *allowed: dict[str, Any], language: str = "JSONata"
) -> str:
    """Starts an execution of one Map state, whose role may start executions and what else is allowed."""
    name = f"mapping-{uuid4().hex[:12]}"
    role = cloud.role(allow(["states:StartExecution", "states:RedriveExecution"], "*"), *allowed)
    definition = {"QueryLanguage": language, "StartAt": "Map", "States": {"Map": state}}
    api = cloud.client("stepfunctions")
    api.create_state_machine(name=name, roleArn=role, definition=json.dumps(definition))
    begun = api.start_execution(stateMachineArn=f"{MACHINES}{name}", input=json.dumps(given))
    return str(begun["executionArn"])


def await_end(cloud: Cloud, execution: str) -> Any:
    def ended() -> Any:
        described = cloud.client("stepfunctions").describe_execution(executionArn=execution)
        return described if described["status"] in ENDED else None

    return eventually(ended)


def run(cloud: Cloud, state: dict[str, Any], given: Any, *allowed: dict[str, Any], **options: Any) -> Any:
    """Runs such an execution to its end; returns its description."""
    return await_end(cloud, start(cloud, state, given, *allowed, **options))


def output_of(description: Any) -> Any:
    assert description["status"] == "SUCCEEDED", description
    return json.loads(description["output"])


def find_run(cloud: Cloud, execution: str) -> Any:
    """Returns the description of the one Map Run of an execution, once there is one."""
    api = cloud.client("stepfunctions")
    [listed] = eventually(lambda: api.list_map_runs(executionArn=execution)["mapRuns"])
    return api.describe_map_run(mapRunArn=listed["mapRunArn"])


def await_run(cloud: Cloud, execution: str, **counts: int) -> Any:
    """Waits until the Map Run of an execution has these counts of executions; returns its description."""

    def counted() -> Any:
        described = find_run(cloud, execution)
        return described if counts.items() <= described["executionCounts"].items() else None

    return eventually(counted)


def select(counts: dict[str, int]) -> dict[str, int]:
    """Returns the counts that are not zero."""
    return {name: count for name, count in counts.items() if count}


def list_children(cloud: Cloud, map_run: str, **request: Any) -> list[Any]:
    children: list[Any] = cloud.client("stepfunctions").list_executions(mapRunArn=map_run, **request)[
        "executions"
    ]
    return children


def make_bucket(cloud: Cloud, **objects: bytes | str) -> str:
    s3, bucket = cloud.client("s3"), f"mapped-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    for key, body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    return bucket


def read_json(cloud: Cloud, bucket: str, key: str) -> Any:
    return json.loads(cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def write_to(bucket: str, **fields: Any) -> dict[str, Any]:
    """Returns a result writer of a JSONata state."""
    arguments = {"Bucket": bucket, "Prefix": "results"}
    return {"Resource": "arn:aws:states:::s3:putObject", "Arguments": arguments, **fields}


def may_write(bucket: str) -> dict[str, Any]:
    return allow("s3:PutObject", f"arn:aws:s3:::{bucket}/results/*")


def may_read(bucket: str) -> dict[str, Any]:
    return allow(["s3:GetObject", "s3:ListBucket"], [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"])
