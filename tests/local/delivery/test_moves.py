"""Dead letters are moved back to their queue, or to another, as AWS's documentation has it."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.cloud_process import Cloud, eventually


@dataclass(frozen=True)
class Queues:
    """A queue whose messages go to its dead-letter queue once they were received once.

    Attributes:
        sqs: A client.
        source: ARN of the queue.
        dead: ARN of its dead-letter queue.
    """

    sqs: Any
    source: str
    dead: str

    def url(self, arn: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])

    def receive(self, arn: str, **request: Any) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.url(arn),
            MaxNumberOfMessages=10,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
            **request,
        )
        return list(answer.get("Messages", []))

    def let_die(self, *bodies: str) -> None:
        """Sends messages and has each die."""
        for body in bodies:
            attributes = {"kind": {"DataType": "String", "StringValue": "photo"}}
            self.sqs.send_message(
                QueueUrl=self.url(self.source), MessageBody=body, MessageAttributes=attributes
            )
        assert len(self.receive(self.source, VisibilityTimeout=0)) == len(bodies)
        assert self.receive(self.source) == []

    def move(self, **request: Any) -> Any:
        return self.sqs.start_message_move_task(**{"SourceArn": self.dead, **request})["TaskHandle"]

    def list(self, most: int = 1) -> Any:
        return self.sqs.list_message_move_tasks(SourceArn=self.dead, MaxResults=most)["Results"]

    def await_end(self) -> Any:
        return eventually(lambda: [each for each in self.list() if each["Status"] != "RUNNING"])[0]


def make_queue(cloud: Cloud, **attributes: str) -> str:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=f"moved-{uuid4().hex[:12]}", Attributes=attributes)["QueueUrl"]
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


@pytest.fixture
def queues(cloud: Cloud) -> Queues:
    dead = make_queue(cloud)
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    return Queues(cloud.client("sqs"), make_queue(cloud, RedrivePolicy=policy), dead)


def refuse(call: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_messages_go_back_to_their_source_queue_as_new_ones(queues: Queues) -> None:
    queues.let_die("a", "b")
    died = {message["MessageId"] for message in queues.receive(queues.dead, VisibilityTimeout=0)}
    assert queues.list() == []
    queues.move()
    task = queues.await_end()
    assert task.pop("StartedTimestamp") > 1_700_000_000_000
    assert task == {
        "Status": "COMPLETED",
        "SourceArn": queues.dead,
        "ApproximateNumberOfMessagesMoved": 2,
        "ApproximateNumberOfMessagesToMove": 2,
    }
    back = queues.receive(queues.source)
    assert [message["Body"] for message in back] == ["a", "b"]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in back} == {"1"}
    assert {message["MessageAttributes"]["kind"]["StringValue"] for message in back} == {"photo"}
    assert not died & {message["MessageId"] for message in back}
    assert queues.receive(queues.dead) == []


def test_messages_go_to_a_custom_destination(cloud: Cloud, queues: Queues) -> None:
    queues.let_die("a")
    destination = make_queue(cloud)
    queues.move(DestinationArn=destination, MaxNumberOfMessagesPerSecond=500)
    task = queues.await_end()
    assert (task["DestinationArn"], task["MaxNumberOfMessagesPerSecond"]) == (destination, 500)
    assert [message["Body"] for message in queues.receive(destination)] == ["a"]
    assert queues.receive(queues.source) == []


def test_a_message_that_was_sent_to_the_dead_letter_queue_itself_has_no_source(queues: Queues) -> None:
    queues.sqs.send_message(QueueUrl=queues.url(queues.dead), MessageBody="direct")
    queues.move()
    task = queues.await_end()
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    queues.move(DestinationArn=queues.source)
    assert queues.await_end()["Status"] == "COMPLETED"
    assert [each["Status"] for each in queues.list(10)] == ["COMPLETED", "FAILED"]
    assert [message["Body"] for message in queues.receive(queues.source)] == ["direct"]


def test_a_running_task_is_the_only_one_of_its_queue_and_can_be_cancelled(queues: Queues) -> None:
    queues.let_die("a", "b", "c")
    handle = queues.move(MaxNumberOfMessagesPerSecond=1)
    (running,) = queues.list()
    assert (running["Status"], running["TaskHandle"]) == ("RUNNING", handle)
    assert refuse(queues.move) == (
        "AWS.SimpleQueueService.UnsupportedOperation",
        "There is already a task running. Only one active task is allowed for a source queue arn "
        "at a given time.",
    )
    moved = queues.sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    assert moved < 3
    (cancelled,) = queues.list()
    assert (cancelled["Status"], "TaskHandle" in cancelled) == ("CANCELLED", False)
    assert len(queues.receive(queues.dead)) == 3 - moved
    cancel = partial(queues.sqs.cancel_message_move_task, TaskHandle=handle)
    assert refuse(cancel)[1] == "Only active tasks can be cancelled."


def test_what_cannot_be_moved_is_refused(cloud: Cloud, queues: Queues) -> None:
    form = "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
    for request, code, message in (
        ({"SourceArn": queues.source}, "", "Source queue must be configured as a Dead Letter Queue."),
        ({"SourceArn": "queue"}, "", f"You must use this format to specify the SourceArn: {form}"),
        (
            {"DestinationArn": f"{queues.dead}-not"},
            "ResourceNotFoundException",
            "The resource that you specified for the DestinationArn parameter doesn't exist.",
        ),
        (
            {"DestinationArn": queues.dead},
            "",
            "Source queue arn and destination queue arn cannot be the same.",
        ),
        (
            {"MaxNumberOfMessagesPerSecond": 501},
            "",
            "MaxNumberOfMessagesPerSecond must be between 1 and 500.",
        ),
    ):
        expected = (code or "InvalidParameterValue", message)
        assert refuse(partial(queues.move, **request)) == expected
    cancel = partial(queues.sqs.cancel_message_move_task, TaskHandle="none")
    assert refuse(cancel) == ("ResourceNotFoundException", "Task does not exist.")


def test_a_caller_needs_permission_for_the_dead_letter_queue(cloud: Cloud, queues: Queues) -> None:
    iam, user = cloud.client("iam"), f"mover-{uuid4().hex[:12]}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{cloud.port}",
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    start = partial(theirs.start_message_move_task, SourceArn=queues.dead)
    for allowed in (queues.source, queues.dead):
        assert "sqs:startmessagemovetask" in refuse(start)[1].lower()
        statement = {"Effect": "Allow", "Action": "sqs:StartMessageMoveTask", "Resource": allowed}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName=user, PolicyName="allowed", PolicyDocument=policy)
    assert start()["TaskHandle"]
