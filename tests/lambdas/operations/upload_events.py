"""Messages of the queue of uploads: what S3 tells of an upload through EventBridge."""

import json
from typing import Any

BUCKET = "scones-bucket"
STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones"


def make_event(key: str, version: str, size: Any = 700, **changed: Any) -> dict[str, Any]:
    """Returns EventBridge's event of one new version of an object, some of its fields changed."""
    described = {"key": key, "size": size, "etag": "d1c8", "version-id": version, "sequencer": "0062E99A"}
    detail = {"version": "0", "bucket": {"name": BUCKET}, "object": described, "reason": "PutObject"}
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-11-12T00:00:00Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{BUCKET}"],
        "detail": detail,
        **changed,
    }


def make_message(identifier: str, body: str) -> dict[str, Any]:
    """Returns a message as Lambda hands it to a function."""
    return {
        "messageId": identifier,
        "receiptHandle": f"receipt of {identifier}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:scones-uploads",
        "awsRegion": "us-east-1",
    }


def make_batch(*events: Any) -> dict[str, Any]:
    """Returns what the function is called with for some events; a text is a message as it is."""
    bodies = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return {"Records": [make_message(f"m{number}", body) for number, body in enumerate(bodies)]}
