"""The metrics that alarms and the dashboard look at: AWS's own, and those that the functions tell."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from lambdas.workflow import measures, places
from stacks.configuration.settings import Settings

# All functions share the account's concurrency; these are called for each photo, or for parts of a batch.
THROTTLED = ("serialize", "classify", "filter", "upload", "batch")
WATCHING = ("watch", "drift")
"""What measures what others do not, and fails unseen."""
UPLOADS, DEAD_LETTERS = "uploads", "uploads-dead-letters"
"""The queues of uploads, without the deployment's name."""


def measure_endpoint(settings: Settings, metric: str, statistic: str, minutes: int) -> cloudwatch.Metric:
    """Returns a metric of the endpoint."""
    return cloudwatch.Metric(
        namespace="AWS/SageMaker",
        metric_name=metric,
        dimensions_map={
            "EndpointName": places.endpoint_name(settings.name, settings.endpoint_mode),
            "VariantName": places.name_variant(settings.model_classes),
        },
        statistic=statistic,
        period=cdk.Duration.minutes(minutes),
    )


def measure_photos(
    settings: Settings, metric: str, statistic: str, minutes: int, dimension: tuple[str, str] | None = None
) -> cloudwatch.Metric:
    """Returns one of the metrics that the project's functions tell."""
    return cloudwatch.Metric(
        namespace=measures.NAMESPACE,
        metric_name=metric,
        dimensions_map={"service": settings.name, **dict([dimension] if dimension else [])},
        statistic=statistic,
        period=cdk.Duration.minutes(minutes),
    )


def measure_queue(settings: Settings, queue: str) -> cloudwatch.Metric:
    """Returns how many messages wait in a queue."""
    return cloudwatch.Metric(
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions_map={"QueueName": f"{settings.name}-{queue}"},
        statistic="Maximum",
        period=cdk.Duration.minutes(5),
    )


def measure_throttles(settings: Settings) -> dict[str, cloudwatch.Metric]:
    """Returns how many calls of each function Lambda turned away, by the function's purpose."""
    return {purpose: _measure_function(settings, purpose, "Throttles", 5) for purpose in THROTTLED}


def measure_watching(settings: Settings) -> dict[str, cloudwatch.Metric]:
    """Returns how many calls of each function that watches failed, by the function's purpose."""
    return {purpose: _measure_function(settings, purpose, "Errors", 60) for purpose in WATCHING}


def _measure_function(settings: Settings, purpose: str, metric: str, minutes: int) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name=metric,
        dimensions_map={"FunctionName": f"{settings.name}-{purpose}"},
        statistic="Sum",
        period=cdk.Duration.minutes(minutes),
    )
