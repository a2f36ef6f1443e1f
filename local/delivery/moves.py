"""Moves the messages of a dead-letter queue back to where they came from, or to another queue.

MiniStack has none of the three operations. A task is forgotten when the server ends; what it moved stays.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

import json
import threading
import time
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import new_uuid
from ministack.services import sqs

from local.delivery.queues import change
from local.patching import find_original, wrap

Document = dict[str, Any]

FORMAT = "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
RATES = range(1, 501)
"""How many messages a second may be asked for."""
LISTED = range(1, 11)
INVALID = "InvalidParameterValue"
MISSING = "ResourceNotFoundException"


@dataclass
class _Task:
    """A move of messages, in the words of ListMessageMoveTasks."""

    source: str
    destination: str | None
    rate: int | None
    to_move: int
    handle: str = field(default_factory=new_uuid)
    status: str = "RUNNING"
    moved: int = 0
    failure: str | None = None
    started: int = field(default_factory=lambda: int(time.time() * 1000))
    ended: threading.Event = field(default_factory=threading.Event)

    def end(self, status: str) -> None:
        """Ends the task, unless it has ended already."""
        if not self.ended.is_set():
            self.status = status
            self.ended.set()


#: The newest first.
_tasks: list[_Task] = []


def install() -> None:
    """Adds the operations, and has IAM asked about the queue whose messages they move."""
    handlers = find_original(sqs, "_HANDLERS")
    for operation, answer in {
        "StartMessageMoveTask": start,
        "ListMessageMoveTasks": list_tasks,
        "CancelMessageMoveTask": cancel,
    }.items():
        handlers[operation] = partial(change, answer)
    for used in ("_act_send_message", "_queue_by_arn", "_queues", "_Err"):
        find_original(sqs, used)
    wrap(iam_actions, "extract_resource_arn", _find_resource)


def start(request: Document, _: str) -> Document:
    """Answers StartMessageMoveTask, and begins to move."""
    source, destination = request.get("SourceArn", ""), request.get("DestinationArn")
    rate = request.get("MaxNumberOfMessagesPerSecond")
    if rate is not None and rate not in RATES:
        raise sqs._Err(INVALID, "MaxNumberOfMessagesPerSecond must be between 1 and 500.")
    queue = _find_queue("SourceArn", source)
    if source not in map(_read_dead_letters, sqs._queues.values()):
        raise sqs._Err(INVALID, "Source queue must be configured as a Dead Letter Queue.")
    if destination is not None:
        if destination == source:
            message = "Source queue arn and destination queue arn cannot be the same."
            raise sqs._Err(INVALID, message)
        _find_queue("DestinationArn", destination)
    if any(task.source == source and task.status == "RUNNING" for task in _tasks):
        message = (
            "There is already a task running. Only one active task is allowed for a source queue arn "
            "at a given time."
        )
        raise sqs._Err("UnsupportedOperation", message)
    # What comes back while the task runs is left to the next one.
    messages = [message["id"] for message in queue["messages"]]
    task = _Task(source, destination, rate, len(messages))
    _tasks.insert(0, task)
    arguments = (_move_all, task, queue, messages)
    threading.Thread(target=copy_context().run, args=arguments, daemon=True).start()
    return {"TaskHandle": task.handle}


def list_tasks(request: Document, _: str) -> Document:
    """Answers ListMessageMoveTasks."""
    source, most = request.get("SourceArn", ""), request.get("MaxResults", 1)
    if most not in LISTED:
        message = f"Value {most} for parameter MaxResults is invalid. Reason: Must be between 1 and 10."
        raise sqs._Err(INVALID, message)
    _find_queue("SourceArn", source)
    tasks = [task for task in _tasks if task.source == source][:most]
    return {"Results": [_describe(task) for task in tasks]}


def cancel(request: Document, _: str) -> Document:
    """Answers CancelMessageMoveTask; what has been moved stays moved."""
    task = next((task for task in _tasks if task.handle == request.get("TaskHandle")), None)
    if task is None:
        raise sqs._Err(MISSING, "Task does not exist.")
    if task.status != "RUNNING":
        raise sqs._Err("UnsupportedOperation", "Only active tasks can be cancelled.")
    task.end("CANCELLED")
    return {"ApproximateNumberOfMessagesMoved": task.moved}


def _find_queue(parameter: str, arn: str) -> Document:
    if arn.count(":") != FORMAT.count(":") or not arn.startswith("arn:"):
        raise sqs._Err(INVALID, f"You must use this format to specify the {parameter}: {FORMAT}")
    queue: Document | None = sqs._queue_by_arn(arn)
    if queue is None:
        message = f"The resource that you specified for the {parameter} parameter doesn't exist."
        raise sqs._Err(MISSING, message)
    return queue


def _read_dead_letters(queue: Document) -> str | None:
    """Returns the ARN of a queue's dead-letter queue, None where it has none."""
    policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    arn: str | None = policy.get("deadLetterTargetArn")
    return arn


def _describe(task: _Task) -> Document:
    told = {
        "TaskHandle": task.handle if task.status == "RUNNING" else None,
        "Status": task.status,
        "SourceArn": task.source,
        "DestinationArn": task.destination,
        "MaxNumberOfMessagesPerSecond": task.rate,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "FailureReason": task.failure,
        "StartedTimestamp": task.started,
    }
    return {name: value for name, value in told.items() if value is not None}


def _move_all(task: _Task, queue: Document, messages: list[str]) -> None:
    for number in messages:
        change(_move, task, queue, number)
        if task.ended.wait(1 / task.rate if task.rate else 0):
            return
    task.end("FAILED" if task.failure else "COMPLETED")


def _move(task: _Task, queue: Document, number: str) -> None:
    """Moves one message, unless somebody has received or deleted it."""
    message = next((message for message in queue["messages"] if message["id"] == number), None)
    if message is None or message["visible_at"] > time.time() or task.ended.is_set():
        return
    target = task.destination or message["sys"].get("DeadLetterQueueSourceArn")
    if target is None:
        task.failure = "CouldNotDetermineMessageSource"
    elif sqs._queue_by_arn(target) is None:
        task.failure = "AWS.SimpleQueueService.NonExistentQueue"
    else:
        _send_anew(message, target)
        queue["messages"] = [kept for kept in queue["messages"] if kept is not message]
        task.moved += 1


def _send_anew(message: Document, target: str) -> None:
    """Puts a message into a queue as a new one, as AWS does."""
    request = {"MessageBody": message["body"], "MessageAttributes": message["message_attributes"]}
    if message["group_id"]:
        request.update(MessageGroupId=message["group_id"], MessageDeduplicationId=new_uuid())
    name = target.rpartition(":")[2]
    sqs._act_send_message({"QueueUrl": name, **request}, name)


def _find_resource(find: Any, service: str, *request: Any) -> Any:
    """Returns the ARN that a request is for, which such a one names as it is, or by the task's handle."""
    if service == "sqs" and "MessageMoveTask" in request[2].get("x-amz-target", ""):
        named = json.loads(request[3] or b"{}")
        tasks = [task.source for task in _tasks if task.handle == named.get("TaskHandle")]
        return named.get("SourceArn") or next(iter(tasks), "*")
    return find(service, *request)
