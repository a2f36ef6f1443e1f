"""The example rule of docs/events.md brings a real queue what it says, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

from tests.local.cloud_process import Cloud, eventually

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "events.md").read_text()


def test_a_queue_gets_the_routed_photos_and_none_that_was_refused_failed_or_discarded(cloud: Cloud) -> None:
    sqs, events = cloud.client("sqs"), cloud.client("events")
    queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    (pattern,) = re.findall(r"--event-pattern \\\n\s*'(.*)'", DOCUMENT)
    rule = events.put_rule(Name="scones-orders", EventPattern=pattern)["RuleArn"]
    (policy,) = re.findall(r"^policy='(.*?\}\]\})'$", DOCUMENT, re.DOTALL | re.MULTILINE)
    policy = policy.replace("'$queue_arn'", attributes["QueueArn"]).replace("'$rule_arn'", rule)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events.put_targets(Rule="scones-orders", Targets=[{"Id": "orders", "Arn": attributes["QueueArn"]}])

    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)[:-1]]
    sent = [
        {
            "Source": example["source"],
            "DetailType": example["detail-type"],
            "Detail": json.dumps(example["detail"]),
        }
        for example in examples
    ]
    of_another = {**sent[0], "Source": "scones.another"}
    assert events.put_events(Entries=[of_another, *sent])["FailedEntryCount"] == 0
    received: list[dict[str, Any]] = []

    def receive() -> bool:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        received.extend(json.loads(message["Body"]) for message in messages)
        return len(received) >= 2

    eventually(receive)
    assert sorted(event["detail"]["outcome"] for event in received) == ["routed", "routed by review"]
    assert {event["source"] for event in received} == {"scones.scones"}
    details = [example["detail"] for example in examples]
    assert all(event["detail"] in details for event in received)
