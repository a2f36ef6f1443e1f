"""The states that keep what became of a photo in the table of outcomes, and tell it on the event bus.

lambdas/workflow/outcomes.py names the attributes and the event's fields. The state machine writes them
itself: a function would only be one more thing that can fail between an answer and its record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lambdas.workflow import outcomes, places
from stacks.configuration.settings import Settings
from stacks.parts.parameters import SharedBucket

# The photo, as places.identify_photo() names it. What names no version, for serialize read none, may be
# another photo each time: it is kept under its execution.
PHOTO_ID = (
    "$exists($photo.key) and $photo.version ? $substring($hash("
    "$photo.bucket & '/' & $photo.key & '?versionId=' & $photo.version, 'SHA-256'"
    f"), 0, {places.PHOTO_DIGITS}) : $states.context.Execution.Name"
)
# What serialize has read tells which photo it was.
PHOTO_OF_RESULT = (
    "{% ( $read := $states.result.Payload; {'bucket': $read.s3_bucket, 'key': $read.s3_key,"
    " 'version': $read.s3_version ? $read.s3_version : ''} ) %}"
)
# Where serialize failed, the event itself does, if it is one that serialize could read.
PHOTO_OF_INPUT = (
    "{% ( $fields := $states.input; $named := $fields.s3_key and $fields.s3_bucket ? $fields"
    " : $fields.body.s3_key and $fields.body.s3_bucket ? $fields.body;"
    " $told := $fields.detail;"
    " $named ? {'bucket': $named.s3_bucket, 'key': $named.s3_key,"
    " 'version': $named.s3_version ? $named.s3_version : ''}"
    " : $told.object.key ? {'bucket': $told.bucket.name, 'key': $told.object.key,"
    " 'version': $told.object.`version-id` ? $told.object.`version-id` : ''} : {} ) %}"
)
NO_PHOTO = "{% {} %}"
UNCHANGED = "{% $states.input %}"
ENTERED = "$states.context.State.EnteredTime"
# An answer, and no failure of the service.
NOT_BETTER = "DynamoDB.ConditionalCheckFailedException"


@dataclass(frozen=True)
class Outcomes:
    """Where outcomes are kept and told, and what all of them say.

    Attributes:
        settings: The settings.
        bucket: Where the photos are, and the copies of those that wait for a review.
        table: Name of the table.
        model: Name of the model that the endpoint serves.
        threshold: The filter's threshold, as text.
    """

    settings: Settings
    bucket: SharedBucket
    table: str
    model: str
    threshold: str

    def list_permissions(self, scope: cdk.Stack) -> list[iam.PolicyStatement]:
        """Returns what the state machine's role needs for the states of this file."""
        table = scope.format_arn(service="dynamodb", resource="table", resource_name=self.table)
        bus = scope.format_arn(service="events", resource="event-bus", resource_name="default")
        photos, copies = self.bucket.arns_for_objects("", places.REVIEW)
        return [
            iam.PolicyStatement(actions=["dynamodb:PutItem"], resources=[table]),
            iam.PolicyStatement(
                actions=["events:PutEvents"],
                resources=[bus],
                conditions={"StringEquals": {"events:source": outcomes.name_source(self.settings.name)}},
            ),
            iam.PolicyStatement(actions=["s3:GetObject", "s3:GetObjectVersion"], resources=[photos]),
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[copies]),
        ]

    def keep_routed(self, scope: Construct, end: sfn.State) -> sfn.CustomState:
        """Returns the states for a photo that the filter let through: its input is the filter's output."""
        answer = "$states.input"
        attributes = {
            **self._describe_answer(answer, f"$string({answer}.threshold)"),
            outcomes.EXPIRES: self._expire(),
        }
        fields = {
            name: f"{{% {answer}.{name} %}}" for name in ("predicted_class", "confidence", "threshold")
        } | {"probabilities": _map_classes(self.settings.model_classes, f"{answer}.inferences[%d]")}
        return self._keep_and_tell(scope, "routing", outcomes.ROUTED, attributes, fields, end)

    def keep_refused(self, scope: Construct, end: sfn.State) -> sfn.CustomState:
        """Returns the states for a photo that the filter refused, a copy for its review among them."""
        attributes = {
            **self._describe_answer("$answer", f"'{self.threshold}'"),
            **_describe_error(),
        }
        fields = {
            "predicted_class": "{% $answer.predicted_class %}",
            "confidence": "{% $answer.confidence %}",
            "threshold": f"{{% $number('{self.threshold}') %}}",
            "probabilities": _map_classes(self.settings.model_classes, "$answer.inferences[%d]"),
            **_tell_error(),
        }
        kept = self._keep_and_tell(scope, "refusal", outcomes.REFUSED, attributes, fields, end)
        return self._copy_for_review(scope, kept)

    def keep_failed(self, scope: Construct, end: sfn.State) -> sfn.CustomState:
        """Returns the states for a photo that was not answered for: its input has ``Error`` and ``Cause``."""
        attributes = {**_describe_error(), outcomes.EXPIRES: self._expire()}
        return self._keep_and_tell(scope, "failure", outcomes.FAILED, attributes, _tell_error(), end)

    def _keep_and_tell(
        self,
        scope: Construct,
        what: str,
        outcome: str,
        attributes: dict[str, Any],
        fields: dict[str, Any],
        end: sfn.State,
    ) -> sfn.CustomState:
        """Returns a state that keeps an outcome and is followed by one that tells it, then by ``end``.

        What is kept already is not told again. Neither state has an end for its own failure: the execution
        fails in the state itself, from where it can be redriven.
        """
        text = {
            "photo": PHOTO_ID,
            "outcome": f"'{outcome}'",
            **{name: f"$exists($photo.{name}) ? $photo.{name} : ''" for name in ("bucket", "key", "version")},
            "file": "$exists($photo.key) ? $lowercase($split($photo.key, '/')[-1]) : ''",
            "execution": "$states.context.Execution.Id",
            "model": f"'{self.model}'",
            "started_at": "$states.context.Execution.StartTime",
            "decided_at": ENTERED,
        }
        item = {name: {"S": f"{{% {value} %}}"} for name, value in text.items()} | attributes
        keep = sfn.CustomState(
            scope,
            f"Keep the {what}",
            state_json={
                "Type": "Task",
                "Resource": f"arn:{cdk.Aws.PARTITION}:states:::dynamodb:putItem",
                "Arguments": {
                    "TableName": self.table,
                    "Item": item,
                    **outcomes.give_way(outcome, "{% $states.context.Execution.Id %}"),
                },
                "Assign": {"decided_at": f"{{% {ENTERED} %}}"},
                "Output": UNCHANGED,
                "Catch": _catch(NOT_BETTER, end),
            },
        )
        _retry(keep, unless=NOT_BETTER)
        tell = sfn.CustomState(
            scope,
            f"Tell the {what}",
            state_json={
                "Type": "Task",
                "Resource": f"arn:{cdk.Aws.PARTITION}:states:::events:putEvents",
                "Arguments": {
                    "Entries": [
                        {
                            "Source": outcomes.name_source(self.settings.name),
                            "DetailType": outcomes.DETAIL_TYPES[outcome],
                            "Detail": {
                                "version": outcomes.EVENT_VERSION,
                                "outcome": outcome,
                                "photo": {
                                    "id": f"{{% {PHOTO_ID} %}}",
                                    **{
                                        name: f"{{% {text[name]} %}}" for name in ("bucket", "key", "version")
                                    },
                                },
                                "execution": f"{{% {text['execution']} %}}",
                                "model": self.model,
                                "started_at": f"{{% {text['started_at']} %}}",
                                "decided_at": "{% $decided_at %}",
                                **fields,
                            },
                        }
                    ]
                },
                "Output": UNCHANGED,
            },
        )
        _retry(tell)
        keep.next(tell)
        tell.next(end)
        return keep

    def _copy_for_review(self, scope: Construct, following: sfn.CustomState) -> sfn.CustomState:
        """Returns a state that copies the photo to where it outlasts the bucket's lifecycle.

        A photo that cannot be copied, for it was deleted meanwhile, is kept as refused all the same.
        """
        source = "$photo.bucket & '/' & $encodeUrlComponent($photo.key)"
        version = "$photo.version ? '?versionId=' & $photo.version : ''"
        copy = sfn.CustomState(
            scope,
            "Copy the photo for its review",
            state_json={
                "Type": "Task",
                "Resource": f"arn:{cdk.Aws.PARTITION}:states:::aws-sdk:s3:copyObject",
                "Arguments": {
                    "Bucket": self.bucket.name,
                    "Key": f"{{% '{places.REVIEW}' & ({PHOTO_ID}) & '/' & $split($photo.key, '/')[-1] %}}",
                    "CopySource": f"{{% {source} & ({version}) %}}",
                    # With the tags of the original the role would have to read and write tags.
                    "TaggingDirective": "REPLACE",
                },
                "Output": UNCHANGED,
                "Catch": _catch("States.ALL", following),
            },
        )
        _retry(copy)
        copy.next(following)
        return copy

    def _describe_answer(self, answer: str, threshold: str) -> dict[str, Any]:
        """Returns the attributes of what the model answered, and of the threshold that it was held to."""
        probabilities = _map_classes(self.settings.model_classes, f"$string({answer}.inferences[%d])")
        return {
            "predicted_class": {"S": f"{{% {answer}.predicted_class %}}"},
            "confidence": {"N": f"{{% $string({answer}.confidence) %}}"},
            "threshold": {"N": f"{{% {threshold} %}}"},
            "probabilities": {"M": {name: {"N": value} for name, value in probabilities.items()}},
        }

    def _expire(self) -> dict[str, str]:
        seconds = cdk.Duration.days(self.settings.outcome_days).to_seconds()
        return {"N": f"{{% $string($floor($toMillis({ENTERED}) / 1000) + {seconds:.0f}) %}}"}


def _catch(error: str, following: sfn.State) -> list[dict[str, Any]]:
    """Returns a catcher that goes on with the state's input, as if there had been no error.

    The CDK's own, for a state that is given as JSON, leaves ``Output`` out.
    """
    return [{"ErrorEquals": [error], "Output": UNCHANGED, "Next": following.state_id}]


def _retry(state: sfn.CustomState, unless: str | None = None) -> None:
    """Has a state tried again whatever failed: services name what may pass in more ways than are documented.

    Args:
        state: The state.
        unless: An error that would come again.
    """
    if unless:
        state.add_retry(errors=[unless], max_attempts=0)
    state.add_retry(
        errors=["States.TaskFailed"],
        interval=cdk.Duration.seconds(1),
        backoff_rate=2,
        max_attempts=5,
        max_delay=cdk.Duration.seconds(20),
        jitter_strategy=sfn.JitterType.FULL,
    )


def _describe_error() -> dict[str, Any]:
    return {"error": {"S": "{% $states.input.Error %}"}, "cause": {"S": "{% $states.input.Cause %}"}}


def _tell_error() -> dict[str, str]:
    return {"error": "{% $states.input.Error %}", "cause": "{% $states.input.Cause %}"}


def _map_classes(classes: Sequence[str], value: str) -> dict[str, str]:
    """Returns an expression for each class: ``value`` with the class's number in it."""
    return {name: f"{{% {value % number} %}}" for number, name in enumerate(classes)}
