"""What an upload or a state machine's task has caused elsewhere is there after its server was killed."""

import json
from typing import Any

from tests.local.cloud_process import Cloud, eventually
from tests.local.delivery.test_object_events import listen, put
from tests.local.saving.test_killed_server import kill_and_start, make_machine, own
from tests.local.step_functions.tasks.test_optimised import put_event, put_item

__all__ = ["own"]

UPLOADS = 20
RECORDS = """
import json, boto3
def handler(event, context):
    states = boto3.client("stepfunctions")
    for record in event["Records"]:
        detail = json.loads(record["body"])["detail"]
        name = detail["object"]["version-id"].replace(".", "-")
        try:
            states.start_execution(stateMachineArn="MACHINE", name=name, input=json.dumps(detail["object"]))
        except states.exceptions.ExecutionAlreadyExists:
            pass
"""


def receive(cloud: Cloud, queue: str) -> list[Any]:
    """Takes all visible messages out of a queue."""
    sqs, bodies = cloud.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def test_the_event_of_an_upload_that_was_answered_is_in_the_queue(own: Cloud) -> None:
    bucket, queue = listen(own)
    versions = [put(own, bucket)["VersionId"] for _ in range(UPLOADS)]
    kill_and_start(own)
    events = receive(own, queue)
    assert sorted(event["detail"]["object"]["version-id"] for event in events) == sorted(versions)


def test_what_a_task_kept_and_told_is_there_once_its_execution_has_ended(own: Cloud) -> None:
    bucket, queue = listen(own)
    events = own.client("events")
    events.put_rule(Name=bucket, EventPattern=json.dumps({"source": ["scones.photos"]}))
    keeping, telling = put_item(own), put_event(own)
    role = own.role(
        *(
            {"Effect": "Allow", "Action": target.action, "Resource": target.arn}
            for target in (keeping, telling)
        )
    )
    states = {
        name: {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{target.resource}",
            "Arguments": target.arguments,
            **following,
        }
        for name, target, following in (
            ("Keep", keeping, {"Next": "Tell"}),
            ("Tell", telling, {"End": True}),
        )
    }
    ended = own.execute(states, "Keep", role=role)
    kill_and_start(own)
    assert ended["status"] == "SUCCEEDED"
    (item,) = own.client("dynamodb").scan(TableName=keeping.arguments["TableName"])["Items"]
    assert item == keeping.arguments["Item"]
    (event,) = receive(own, queue)
    assert event["resources"] == [ended["stateMachineArn"], ended["executionArn"]]


def test_an_event_put_by_a_client_is_in_the_queue(own: Cloud) -> None:
    bucket, queue = listen(own)
    events = own.client("events")
    events.put_rule(Name=bucket, EventPattern=json.dumps({"source": ["scones.photos"]}))
    entry = {"Source": "scones.photos", "DetailType": "Photo Routed", "Detail": "{}"}
    events.put_events(Entries=[entry])
    kill_and_start(own)
    (event,) = receive(own, queue)
    assert event["detail-type"] == "Photo Routed"


def test_uploads_that_wait_for_their_function_are_each_routed_once_though_the_server_is_killed(
    own: Cloud,
) -> None:
    bucket, queue = listen(own)
    machine = make_machine(own, {"Type": "Succeed"})
    sqs = own.client("sqs")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    role = own.role(
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine},
        {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": arn,
        },
    )
    function = own.function(RECORDS.replace("MACHINE", machine), role=role, Timeout=2)
    own.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=function, BatchSize=3)
    versions = [put(own, bucket)["VersionId"] for _ in range(UPLOADS)]
    states = own.client("stepfunctions")
    eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    kill_and_start(own)

    def list_inputs() -> list[str]:
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        found = [execution for page in pages for execution in page["executions"]]
        return [
            json.loads(states.describe_execution(executionArn=each["executionArn"])["input"])["version-id"]
            for each in found
        ]

    eventually(lambda: len(list_inputs()) >= UPLOADS)
    assert sorted(list_inputs()) == sorted(versions)
    attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    eventually(
        lambda: (
            set(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=attributes)["Attributes"].values())
            == {"0"}
        )
    )
