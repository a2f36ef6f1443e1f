"""The states that a batch goes through: a Distributed Map over its photos, then a summary."""

from collections.abc import Callable, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lambdas.workflow import errors, places
from stacks.configuration.settings import Settings
from stacks.parts import routing_states
from stacks.parts.parameters import SharedBucket

LABEL = "Photos"
# At four a time, and in a second each, a part takes a quarter of a minute: an outage costs no more than that,
# and a million photos are 20,000 child executions, far fewer events than a history may have.
PHOTOS_OF_A_PART = 50
# What nobody can do anything about but wait, or mend: eight pauses of up to two minutes are ten at most.
OUTAGES = (
    errors.StorageUnavailable.__name__,
    errors.EndpointUnavailable.__name__,
    errors.EndpointNotInService.__name__,
    errors.EndpointAccessDenied.__name__,
    # Of lambdas/operations/outcome_records.py.
    "OutcomesUnavailable",
)
# A function that ran out of memory or time, which its own look at the clock should not let it.
LAMBDA_DIED = ("Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout")


def _retry(names: Sequence[str], first: int, attempts: int, longest: int) -> dict[str, Any]:
    """Returns a retrier whose pauses, in seconds, grow from the first to the longest, with full jitter."""
    return {
        "ErrorEquals": list(names),
        "IntervalSeconds": first,
        "BackoffRate": 2,
        "MaxAttempts": attempts,
        "MaxDelaySeconds": longest,
        "JitterStrategy": "FULL",
    }


RETRIES = [
    _retry((*routing_states.LAMBDA_TRANSIENT, *LAMBDA_DIED), 1, 5, 20),
    # As a photo of a burst does, each part waits until others have had their turn.
    _retry(
        (*routing_states.LAMBDA_THROTTLED, *(error.__name__ for error in routing_states.THROTTLED)),
        1,
        routing_states.THROTTLED_ATTEMPTS,
        routing_states.LONGEST_DELAY_SECONDS,
    ),
    _retry(OUTAGES, 10, 8, 120),
]
INPUT = "$states.context.Execution.Input"


def build_batch_states(
    scope: Construct,
    *,
    settings: Settings,
    bucket: SharedBucket,
    route: lambda_.IFunction,
    summarise: lambda_.IFunction,
) -> sfn.IChainable:
    """Returns the chain: route the photos, write the routes.

    Neither state has an end for its failure: the execution fails in the state itself, from where a redrive
    takes it up with those parts alone that failed.

    Args:
        scope: Where the states are made.
        settings: The settings.
        bucket: Where the results go.
        route: The function that routes a part of the photos.
        summarise: The function that writes what became of all of them.
    """
    photos = sfn.CustomState(
        scope,
        "Route the photos",
        state_json={
            "Type": "Map",
            "Label": LABEL,
            "MaxConcurrency": "{% $exists($states.input.max_concurrency) ? $states.input.max_concurrency : "
            f"{settings.batch_max_concurrency} %}}",
            "ToleratedFailurePercentage": round(100 * settings.batch_tolerated_failures, 6),
            "ItemReader": {
                "Resource": f"arn:{cdk.Aws.PARTITION}:states:::s3:listObjectsV2",
                "Arguments": {
                    "Bucket": "{% $states.input.bucket %}",
                    "Prefix": "{% $states.input.prefix %}",
                },
            },
            "ItemSelector": {
                "key": "{% $states.context.Map.Item.Value.Key %}",
                "etag": "{% $states.context.Map.Item.Value.Etag %}",
                "size": "{% $states.context.Map.Item.Value.Size %}",
            },
            "ItemBatcher": {
                "MaxItemsPerBatch": PHOTOS_OF_A_PART,
                "BatchInput": {
                    "batch": "{% $states.input.batch %}",
                    "bucket": "{% $states.input.bucket %}",
                    "execution": "{% $states.context.Execution.Id %}",
                    "started_at": "{% $states.context.Execution.StartTime %}",
                },
            },
            "ItemProcessor": {
                # Standard: an Express one ends after five minutes, and cannot be looked at or redriven.
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Route a part",
                "States": {
                    "Route a part": {
                        **_invoke(route, "{% $states.input %}"),
                        "Retry": RETRIES,
                        "End": True,
                    }
                },
            },
            "ResultWriter": {
                "Resource": f"arn:{cdk.Aws.PARTITION}:states:::s3:putObject",
                "Arguments": {
                    "Bucket": bucket.name,
                    "Prefix": f"{{% {_compose(places.batch_results_prefix)} %}}",
                },
            },
        },
    )
    written = sfn.CustomState(
        scope,
        "Write the routes",
        state_json=_invoke(
            summarise,
            {
                **{name: f"{{% {INPUT}.{name} %}}" for name in ("batch", "bucket", "prefix", "source")},
                "execution": "{% $states.context.Execution.Id %}",
                "started_at": "{% $states.context.Execution.StartTime %}",
                "redrives": "{% $states.context.Execution.RedriveCount %}",
                "manifest": "{% $states.input.ResultWriterDetails.Key %}",
            },
        ),
    )
    written.add_retry(
        errors=["States.TaskFailed"],
        interval=cdk.Duration.seconds(5),
        backoff_rate=2,
        max_attempts=4,
        jitter_strategy=sfn.JitterType.FULL,
    )
    return sfn.Chain.start(photos).next(written).next(sfn.Succeed.jsonata(scope, "Batch is routed"))


def _compose(name_place: Callable[[str], str]) -> str:
    """Returns the expression of a place of a batch, whose id the input names."""
    before, after = name_place("\0").split("\0")
    return f"'{before}' & $states.input.batch & '{after}'"


def _invoke(function: lambda_.IFunction, payload: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"arn:{cdk.Aws.PARTITION}:states:::lambda:invoke",
        "Arguments": {"FunctionName": function.function_arn, "Payload": payload},
        "Output": "{% $states.result.Payload %}",
    }
