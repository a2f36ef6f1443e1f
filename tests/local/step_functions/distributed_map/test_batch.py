"""A Map over listed objects, in batches, whose results are written to S3, runs as on AWS."""

import json
from typing import Any
from uuid import uuid4

from tests.local.cloud_process import Cloud, eventually
from tests.local.step_functions.test_history import history, told

COUNTING = """
def handler(event, context):
    bucket = event["BatchInput"]["bucket"]
    return {"photos": [{"key": item["key"], "from": bucket} for item in event["Items"]]}
"""


def make_bucket(cloud: Cloud, *keys: str) -> str:
    s3, bucket = cloud.client("s3"), f"mapped-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def allow(action: str | list[str], resource: str | list[str], **fields: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **fields}


def read(cloud: Cloud, bucket: str, key: str) -> Any:
    return json.loads(cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def list_photos(function: str, bucket: str, **fields: Any) -> dict[str, Any]:
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "Retry": [{"ErrorEquals": ["Outage"], "IntervalSeconds": 1, "MaxAttempts": 2}],
        "End": True,
    }
    return {
        "Type": "Map",
        "Label": "Photos",
        "MaxConcurrency": "{% $exists($states.input.most) ? $states.input.most : 3 %}",
        "ToleratedFailurePercentage": 50,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Arguments": {"Bucket": "{% $states.input.bucket %}", "Prefix": "{% $states.input.prefix %}"},
        },
        "ItemSelector": {
            "key": "{% $states.context.Map.Item.Value.Key %}",
            "size": "{% $states.context.Map.Item.Value.Size %}",
        },
        "ItemBatcher": {
            "MaxItemsPerBatch": 2,
            "BatchInput": {
                "bucket": "{% $states.input.bucket %}",
                "execution": "{% $states.context.Execution.Id %}",
            },
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Ask",
            "States": {"Ask": ask},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": {"Bucket": bucket, "Prefix": "results"},
        },
        "End": True,
        **fields,
    }


def test_listed_objects_are_asked_in_batches_and_their_results_written(cloud: Cloud) -> None:
    keys = [f"photos/{number}.png" for number in range(5)]
    bucket = make_bucket(cloud, *keys, "other/1.png")
    function = cloud.function(COUNTING)
    name = f"batch-{uuid4().hex[:8]}"
    machine = f"arn:aws:states:us-east-1:000000000000:stateMachine:{name}"
    listing = allow(
        "s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": "photos/*"}}
    )
    role = cloud.role(
        allow("lambda:InvokeFunction", function),
        listing,
        allow(["s3:PutObject"], f"arn:aws:s3:::{bucket}/results/*"),
        allow("states:StartExecution", machine),
    )
    states = cloud.client("stepfunctions")
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Route",
        "States": {"Route": list_photos(function, bucket)},
    }
    states.create_state_machine(name=name, roleArn=role, definition=json.dumps(definition))
    given = {"bucket": bucket, "prefix": "photos/", "most": 2}
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
    ended = eventually(
        lambda: (d := states.describe_execution(executionArn=arn))["status"] != "RUNNING" and d
    )
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    run = output["MapRunArn"]
    assert run.startswith(f"arn:aws:states:us-east-1:000000000000:mapRun:{name}/Photos:")
    folder = f"results/{run.rpartition(':')[2]}"
    assert output["ResultWriterDetails"] == {"Bucket": bucket, "Key": f"{folder}/manifest.json"}
    manifest = read(cloud, bucket, f"{folder}/manifest.json")
    [file] = manifest["ResultFiles"].pop("SUCCEEDED")
    assert file["Key"] == f"{folder}/SUCCEEDED_0.json"
    assert manifest == {
        "DestinationBucket": bucket,
        "MapRunArn": run,
        "ResultFiles": {"FAILED": [], "PENDING": []},
    }
    records = read(cloud, bucket, file["Key"])
    inputs = sorted(
        (json.loads(record["Input"]) for record in records), key=lambda each: each["Items"][0]["key"]
    )
    assert [len(each["Items"]) for each in inputs] == [2, 2, 1]
    assert inputs[2] == {
        "Items": [{"key": "photos/4.png", "size": 12}],
        "BatchInput": {"bucket": bucket, "execution": arn},
    }
    photos = [photo for record in records for photo in json.loads(record["Output"])["photos"]]
    assert sorted(photo["key"] for photo in photos) == keys
    assert {photo["from"] for photo in photos} == {bucket}

    described = states.describe_map_run(mapRunArn=run)
    assert (described["status"], described["maxConcurrency"]) == ("SUCCEEDED", 2)
    assert described["toleratedFailurePercentage"] == 50.0
    wanted = {"total": 5, "succeeded": 5, "resultsWritten": 5}
    assert {name: count for name, count in described["itemCounts"].items() if count} == wanted
    wanted = {"total": 3, "succeeded": 3, "resultsWritten": 3}
    assert {name: count for name, count in described["executionCounts"].items() if count} == wanted
    [listed] = states.list_map_runs(executionArn=arn)["mapRuns"]
    assert (listed["mapRunArn"], listed["stateMachineArn"]) == (run, f"{machine}/Photos")

    children = states.list_executions(mapRunArn=run)["executions"]
    assert sorted(child["itemCount"] for child in children) == [1, 2, 2]
    child = states.describe_execution(executionArn=children[0]["executionArn"])
    assert (child["status"], child["mapRunArn"]) == ("SUCCEEDED", run)
    assert told(history(cloud, child)) == [
        (0, "ExecutionStarted"),
        (0, "TaskStateEntered"),
        (2, "TaskScheduled"),
        (3, "TaskStarted"),
        (4, "TaskSucceeded"),
        (5, "TaskStateExited"),
        (6, "ExecutionSucceeded"),
    ]
    assert told(history(cloud, ended)) == [
        (0, "ExecutionStarted"),
        (0, "MapStateEntered"),
        (2, "MapStateStarted"),
        (3, "MapRunStarted"),
        (4, "MapRunSucceeded"),
        (5, "MapStateSucceeded"),
        (5, "MapStateExited"),
        (7, "ExecutionSucceeded"),
    ]
