"""The alarms of a deployment: what each watches, what it means, and what is to be done about it.

docs/runbook.md has a chapter of each, which begins with the same two sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from lambdas.workflow import measures
from stacks.configuration.settings import Settings
from stacks.parts.monitoring.metrics import (
    DEAD_LETTERS,
    measure_endpoint,
    measure_photos,
    measure_queue,
    measure_throttles,
    measure_watching,
)

# Endpoints tell a 0 or a 1 for each call: the average is the share of calls that failed.
FAILED_SHARE = 0.05
# So often Lambda tries a call of the rule of drift; a single failed one mends itself.
TRIES = 3
_NOT_BREACHING = cloudwatch.TreatMissingData.NOT_BREACHING


@dataclass(frozen=True)
class Watched:
    """What an alarm watches.

    Attributes:
        what: The alarm's name without the deployment's, and the heading in the runbook.
        means: A sentence of what is wrong.
        do: A sentence of what to do first.
        metric: A metric, or the sum of some, in periods.
        threshold: The value at which, or above which, a period is a bad one.
        periods: How many periods in a row are looked at.
        bad: How many of them have to be bad.
        comparison: How values are compared with the threshold.
        missing: What periods without a value count as.
        passes: Whether it may be over without anybody's doing: then the topic is told of that too.
    """

    what: str
    means: str
    do: str
    metric: cloudwatch.IMetric
    threshold: float
    periods: int = 1
    bad: int = 1
    comparison: cloudwatch.ComparisonOperator = (
        cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
    )
    missing: cloudwatch.TreatMissingData = _NOT_BREACHING
    passes: bool = False


def add_alarms(scope: Construct, *, settings: Settings, topic: sns.ITopic) -> list[cloudwatch.Alarm]:
    """Adds the alarms that the settings ask for; each tells the topic when it goes off.

    Those alone that pass by themselves tell when they are over: for CloudWatch a new alarm, which comes from
    INSUFFICIENT_DATA to OK at its first evaluation, is over too, and each would be a mail for nothing.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    made = []
    for watched in [*_watch_endpoint(settings), *_watch_photos(settings), *_watch_account(scope, settings)]:
        alarm = cloudwatch.Alarm(
            scope,
            f"{watched.what.title().replace('-', '')}Alarm",
            alarm_name=f"{settings.name}-{watched.what}",
            alarm_description=f"{watched.means} {watched.do}",
            metric=watched.metric,
            threshold=watched.threshold,
            evaluation_periods=watched.periods,
            datapoints_to_alarm=watched.bad,
            comparison_operator=watched.comparison,
            treat_missing_data=watched.missing,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
        if watched.passes:
            alarm.add_ok_action(actions.SnsAction(topic))
        made.append(alarm)
    return made


def _watch_endpoint(settings: Settings) -> Sequence[Watched]:
    above = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
    watched = [
        Watched(
            "endpoint-errors",
            "The endpoint answers more than one call in twenty with an error of its own.",
            "Read its log group, and go back to the former model if a new one is at fault.",
            measure_endpoint(settings, "Invocation5XXErrors", "Average", 5),
            FAILED_SHARE,
            periods=3,
            bad=2,
            comparison=above,
            passes=True,
        ),
        Watched(
            "endpoint-latency",
            f"One photo in ten takes the model more than {settings.alarm_latency_ms} milliseconds.",
            "Give the endpoint more instances or a larger type.",
            # In microseconds.
            measure_endpoint(settings, "ModelLatency", "p90", 5),
            settings.alarm_latency_ms * 1000,
            periods=3,
            bad=2,
            comparison=above,
            passes=True,
        ),
    ]
    if hours := settings.alarm_no_traffic_hours:
        watched.append(
            Watched(
                "no-traffic",
                f"No photo has reached the endpoint for {hours} hours.",
                "Look whether uploads still come, and whether the endpoint is on.",
                measure_endpoint(settings, "Invocations", "Sum", 60),
                1,
                periods=hours,
                bad=hours,
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                missing=cloudwatch.TreatMissingData.BREACHING,
                passes=True,
            )
        )
    return watched


def _watch_photos(settings: Settings) -> Sequence[Watched]:
    return [
        Watched(
            "photos-failed",
            f"{settings.alarm_failed_photos} photos or more failed within a quarter of an hour.",
            "Open one of the failed executions on the page and read its error.",
            measure_photos(settings, measures.FAILED, "Sum", 15),
            settings.alarm_failed_photos,
        ),
        Watched(
            "oldest-review",
            f"A refused photo has waited more than {settings.alarm_review_hours} hours for a person.",
            "Decide the oldest ones on the page's Review.",
            measure_photos(settings, measures.OLDEST_REVIEW, "Maximum", 15),
            settings.alarm_review_hours,
            comparison=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            # Every five minutes there is a value: without any it is not known.
            missing=cloudwatch.TreatMissingData.MISSING,
        ),
        Watched(
            "drift",
            "What the model sees or answers is no longer what it was validated with.",
            "Read the last report on the page's Confidence, and train anew with photos of today.",
            measure_photos(settings, measures.DRIFT_ABOVE_NOISE, "Maximum", 24 * 60),
            1,
            # A value a day: what the last one said stands until the next.
            missing=cloudwatch.TreatMissingData.IGNORE,
        ),
    ]


def _watch_account(scope: Construct, settings: Settings) -> Sequence[Watched]:
    name = settings.name
    maker = f"{name}-evaluation" if settings.model_artifact else f"{name}-training"
    return [
        Watched(
            "throttles",
            "Lambda has turned calls of this deployment's functions away for ten minutes.",
            "Have the account's concurrency raised, or route fewer photos at once.",
            _add_up(measure_throttles(settings), "Throttles", 5),
            1,
            periods=2,
            bad=2,
        ),
        Watched(
            "dead-letters",
            "An upload has started nothing, whatever was tried.",
            "Look at the queue of dead letters, mend the cause, and send them back.",
            measure_queue(settings, DEAD_LETTERS),
            1,
        ),
        Watched(
            "training-failed",
            "A deploy's model was not accepted: its training or evaluation failed, or it is below the gate.",
            "Read the reason in the execution of its state machine; the former model still serves.",
            _add_up(
                {
                    "failed": _measure_executions(scope, maker, "ExecutionsFailed"),
                    "timedOut": _measure_executions(scope, maker, "ExecutionsTimedOut"),
                },
                "Failed",
                5,
            ),
            1,
        ),
        Watched(
            "photos-timed-out",
            "A photo's execution was ended by its time limit, and its photo has no outcome.",
            "Open it on the page, see which step took the time, and run it again.",
            _measure_executions(scope, name, "ExecutionsTimedOut"),
            1,
        ),
        Watched(
            "watching-failed",
            "What watches photos, reviews and drift fails: other alarms may stay silent.",
            "Read the logs of the two functions, and mend what they say.",
            _add_up(measure_watching(settings), "Errors", 60),
            TRIES,
        ),
    ]


def _add_up(metrics: Mapping[str, cloudwatch.IMetric], label: str, minutes: int) -> cloudwatch.IMetric:
    return cloudwatch.MathExpression(
        expression="SUM(METRICS())",
        using_metrics=dict(metrics),
        label=label,
        period=cdk.Duration.minutes(minutes),
    )


def _measure_executions(scope: Construct, machine: str, metric: str) -> cloudwatch.IMetric:
    arn = cdk.Stack.of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=machine,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    return cloudwatch.Metric(
        namespace="AWS/States",
        metric_name=metric,
        dimensions_map={"StateMachineArn": arn},
        statistic="Sum",
        period=cdk.Duration.minutes(5),
    )
