"""What looks once a day whether the photos have moved away from those that the model was judged by."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from lambdas.workflow import measures, places
from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction
from stacks.parts.monitoring.outcomes import allow_queries
from stacks.parts.parameters import SharedBucket, format_parameter_arn, read_parameter


def add_drift(scope: Construct, *, settings: Settings, functions: FunctionAsset) -> None:
    """Adds the function drift, and the rule that calls it each day."""
    name, stack = settings.name, cdk.Stack.of(scope)
    bucket = SharedBucket(scope, name)
    table = read_parameter(scope, name, "outcomes")
    function = LoggedFunction(
        scope,
        "Drift",
        settings=settings,
        purpose="drift",
        handler="lambdas.operations.drift.handler",
        code=functions,
        # It decodes a photo of whatever size, as serialize does.
        memory_mb=1024,
        timeout_seconds=900,
        environment={
            "BUCKET": bucket.name,
            "OUTCOMES_TABLE": table,
            "CLASSES": ",".join(settings.model_classes),
            **({"OTHER_CLASS": settings.other_class} if settings.other_class else {}),
            "ENDPOINT_NAME": read_parameter(scope, name, "endpoint"),
            "MODEL_PARAMETER": places.parameter(name, "model"),
        },
    )
    function.allow(["ssm:GetParameter"], format_parameter_arn(stack, name, "model"))
    # Listing: what was captured of a day, the kept answers, the validation pictures.
    function.allow(["s3:ListBucket"], bucket.arn)
    # An uploaded photo may lie anywhere in the bucket.
    function.allow(["s3:GetObject", "s3:GetObjectVersion"], *bucket.arns_for_objects(""))
    function.allow(["s3:PutObject"], *bucket.arns_for_objects(places.DRIFT_REPORTS, places.VALIDATION_LOOKS))
    allow_queries(function, table)
    events.Rule(
        scope,
        "DriftDaily",
        rule_name=f"{name}-drift",
        description="Compares the photos of the day before with those that the model was judged by",
        schedule=events.Schedule.cron(minute="0", hour=str(measures.DRIFT_HOUR)),
        targets=[targets.LambdaFunction(function, retry_attempts=2)],
    )
