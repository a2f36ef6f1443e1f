"""A function that a template lets read a queue gets every message until it is done, and no longer."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.local.cloud_process import Cloud, eventually
from tests.local.test_cloudformation import deploy, reasons

CONSUMING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
TELL = """
import json, os, time
from pathlib import Path
FOLDER = Path("FOLDER_PATH")
def tell(record):
    count = record["attributes"]["ApproximateReceiveCount"]
    (FOLDER / f"{record['body']}-{count}").touch()
    return int(count)
"""
REPORTS = """
def handler(event, context):
    failed = []
    for record in event["Records"]:
        tell(record)
        if record["body"].startswith("bad"):
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""
DIES_AT_FIRST = """
def handler(event, context):
    if [tell(record) for record in event["Records"]] == [1]:
        os._exit(1)
"""
HANGS_AT_FIRST = """
def handler(event, context):
    if [tell(record) for record in event["Records"]] == [1]:
        time.sleep(60)
"""
COUNTS_OTHERS = """
def handler(event, context):
    for record in event["Records"]:
        here = FOLDER / f"here-{record['body']}"
        here.touch()
        (FOLDER / f"saw-{len(list(FOLDER.glob('here-*')))}").touch()
        time.sleep(0.2)
        here.unlink()
        tell(record)
"""


@dataclass(frozen=True)
class Consumer:
    """What a template made.

    Attributes:
        queue: URL of the queue that the function reads.
        dead: URL of its dead-letter queue.
        folder: Where the function leaves an empty file for each message and how often it came.
    """

    queue: str
    dead: str
    folder: Path

    @property
    def told(self) -> set[str]:
        """Names of the files that the function left."""
        return {path.name for path in self.folder.iterdir()}


def consume(cloud: Cloud, folder: Path, code: str, *, timeout: int = 2, **mapping: Any) -> Consumer:
    """Deploys a queue with a dead-letter queue, and maps it to a function of this code."""
    name = f"queue-{uuid4().hex[:12]}"
    account = cloud.client("sts").get_caller_identity()["Account"]
    statement = {
        "Effect": "Allow",
        "Action": list(CONSUMING),
        "Resource": f"arn:aws:sqs:us-east-1:{account}:{name}",
    }
    function = cloud.function(
        TELL.replace("FOLDER_PATH", str(folder)) + code, role=cloud.role(statement), Timeout=timeout
    )
    described = deploy(cloud, name, resources(name, function, **mapping))
    assert described["StackStatus"] == "CREATE_COMPLETE", reasons(cloud, name)
    sqs = cloud.client("sqs")
    return Consumer(
        sqs.get_queue_url(QueueName=name)["QueueUrl"],
        sqs.get_queue_url(QueueName=f"{name}-dead")["QueueUrl"],
        folder,
    )


def resources(name: str, function: str, **mapping: Any) -> dict[str, Any]:
    """Returns the resources of a template, with names as the CDK gives them."""
    return {
        "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-dead"}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": name,
                "VisibilityTimeout": 2,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]},
                    "maxReceiveCount": 2,
                },
            },
        },
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "FunctionName": function,
                "BatchSize": 1,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                **mapping,
            },
        },
    }


def send(cloud: Cloud, consumer: Consumer, *bodies: str) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    cloud.client("sqs").send_message_batch(QueueUrl=consumer.queue, Entries=entries)


def is_empty(cloud: Cloud, queue: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return set(counts.values()) == {"0"}


def test_what_a_function_reports_comes_again_and_then_lies_in_the_dead_letter_queue(
    cloud: Cloud, tmp_path: Path
) -> None:
    consumer = consume(cloud, tmp_path, REPORTS, BatchSize=10)
    send(cloud, consumer, "good-a", "bad-a", "good-b", "bad-b")
    sqs = cloud.client("sqs")
    dead: list[str] = []

    def take_dead() -> bool:
        for message in sqs.receive_message(QueueUrl=consumer.dead).get("Messages", []):
            dead.append(message["Body"])
        return len(dead) == 2

    eventually(take_dead)
    assert sorted(dead) == ["bad-a", "bad-b"]
    assert is_empty(cloud, consumer.queue)
    assert consumer.told == {"good-a-1", "good-b-1", "bad-a-1", "bad-a-2", "bad-b-1", "bad-b-2"}


@pytest.mark.parametrize("code", [DIES_AT_FIRST, HANGS_AT_FIRST], ids=["dies", "takes too long"])
def test_a_message_whose_function_ends_in_the_middle_comes_again(
    code: str, cloud: Cloud, tmp_path: Path
) -> None:
    consumer = consume(cloud, tmp_path, code)
    send(cloud, consumer, "photo")
    eventually(lambda: consumer.told == {"photo-1", "photo-2"})
    eventually(lambda: is_empty(cloud, consumer.queue))
    assert is_empty(cloud, consumer.dead)


def test_no_more_run_at_once_than_the_mapping_says(cloud: Cloud, tmp_path: Path) -> None:
    consumer = consume(cloud, tmp_path, COUNTS_OTHERS, ScalingConfig={"MaximumConcurrency": 2})
    bodies = [f"photo{number}" for number in range(8)]
    send(cloud, consumer, *bodies)
    eventually(lambda: {f"{body}-1" for body in bodies} <= consumer.told)
    assert {name for name in consumer.told if name.startswith("saw-")} <= {"saw-1", "saw-2"}


@pytest.mark.parametrize("missing", CONSUMING)
def test_a_function_whose_role_may_not_read_the_queue_is_not_mapped(missing: str, cloud: Cloud) -> None:
    name = f"queue-{uuid4().hex[:12]}"
    allowed = [action for action in CONSUMING if action != missing]
    role = cloud.role({"Effect": "Allow", "Action": allowed, "Resource": "*"})
    function = cloud.function("", role=role, Timeout=2)
    message = (
        f"The provided execution role does not have permissions to call {missing.removeprefix('sqs:')} on SQS"
    )
    assert deploy(cloud, name, resources(name, function))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(message in reason for reason in reasons(cloud, name))
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=f"{name}-own")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    with pytest.raises(ClientError) as caught:
        cloud.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=function)
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("InvalidParameterValueException", message)


def test_a_queue_must_wait_as_long_as_its_function_may_take(cloud: Cloud) -> None:
    name = f"queue-{uuid4().hex[:12]}"
    role = cloud.role({"Effect": "Allow", "Action": list(CONSUMING), "Resource": "*"})
    function = cloud.function("", role=role, Timeout=3)
    assert deploy(cloud, name, resources(name, function))["StackStatus"] == "ROLLBACK_COMPLETE"
    message = "Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds"
    assert any(message in reason for reason in reasons(cloud, name))


def test_a_template_may_write_its_numbers_as_text(cloud: Cloud, tmp_path: Path) -> None:
    consumer = consume(cloud, tmp_path, REPORTS, BatchSize="10", ScalingConfig={"MaximumConcurrency": 2})
    send(cloud, consumer, "good")
    eventually(lambda: consumer.told == {"good-1"})
    attributes = cloud.client("sqs").get_queue_attributes(
        QueueUrl=consumer.queue, AttributeNames=["RedrivePolicy"]
    )["Attributes"]
    assert int(json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]) == 2
