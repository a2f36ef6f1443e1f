"""A queue of a test's own, which a rule fills with the events of a deployment, as docs/events.md shows it."""

import json
from typing import Any

from lambdas.workflow import outcomes
from tests.end_to_end.embedded_cloud import App


class ToldEvents:
    """What the deployment has told since this was made."""

    def __init__(self, app: App) -> None:
        """Makes queue and rule; only the rule may send to the queue."""
        self._sqs, events = app.cloud.client("sqs"), app.cloud.client("events")
        rule = f"{app.name}-orders"
        self._queue = self._sqs.create_queue(QueueName=rule)["QueueUrl"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        queue_arn = answer["Attributes"]["QueueArn"]
        pattern = {"source": [outcomes.name_source(app.name)], "detail": {"version": ["1"]}}
        rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps(pattern))["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Principal": {"Service": "events.amazonaws.com"},
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        events.put_targets(Rule=rule, Targets=[{"Id": "orders", "Arn": queue_arn}])
        self._received: list[dict[str, Any]] = []

    def receive(self) -> list[dict[str, Any]]:
        """Returns all events so far."""
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self._received.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return self._received

    def find(self, photo: str) -> list[dict[str, Any]]:
        """Returns the events of a photo so far."""
        return [event for event in self.receive() if event["detail"]["photo"]["id"] == photo]
