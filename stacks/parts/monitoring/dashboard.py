"""The dashboard: its first row answers "is it well?", and what its graphs show says since when and why.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from lambdas.workflow import measures
from stacks.configuration.settings import Settings
from stacks.parts.monitoring.metrics import (
    DEAD_LETTERS,
    UPLOADS,
    measure_endpoint,
    measure_photos,
    measure_queue,
    measure_throttles,
)

MINUTES = 5
# A dashboard is 24 wide: four graphs in a row. All of it, 14 high, is seen without scrolling.
COLUMNS, WIDTH, HEIGHT = 4, 6, 5
# A value a day: fewer days than two weeks are no curve.
DRIFT_SHOWN = "-P2W"
DAY = 24 * 60


def add_dashboard(
    scope: Construct, *, settings: Settings, alarms: Sequence[cloudwatch.Alarm]
) -> cloudwatch.Dashboard:
    """Adds the dashboard, which has the deployment's name."""
    graphs = _draw(settings)
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=settings.name,
        # Each graph keeps its period, however long a time is looked at.
        default_interval=cdk.Duration.days(1),
        period_override=cloudwatch.PeriodOverride.INHERIT,
        widgets=[
            [
                cloudwatch.AlarmStatusWidget(title="Is it well?", alarms=[*alarms], width=12, height=4),
                *_tell(settings),
            ],
            *(graphs[first : first + COLUMNS] for first in range(0, len(graphs), COLUMNS)),
        ],
    )


def _tell(settings: Settings) -> list[cloudwatch.IWidget]:
    """Returns the single values: what became of the photos of the time shown, and what waits now."""
    # A confidence is measured for each photo that the model answers.
    answered = measure_photos(settings, measures.CONFIDENCE, "SampleCount", MINUTES)
    refused, failed = (
        measure_photos(settings, metric, "Sum", MINUTES) for metric in (measures.REFUSED, measures.FAILED)
    )
    reviews = measure_photos(settings, measures.REVIEWS_WAITING, "Maximum", MINUTES)
    uploads, dead = (measure_queue(settings, queue) for queue in (UPLOADS, DEAD_LETTERS))
    return [
        cloudwatch.SingleValueWidget(
            title="Photos in the time shown",
            metrics=[
                answered.with_(label="answered"),
                refused.with_(label="refused"),
                failed.with_(label="failed"),
            ],
            set_period_to_time_range=True,
            width=6,
            height=4,
        ),
        cloudwatch.SingleValueWidget(
            title="Waiting now",
            metrics=[
                reviews.with_(label="reviews"),
                uploads.with_(label="uploads"),
                dead.with_(label="dead letters"),
            ],
            width=6,
            height=4,
        ),
    ]


def _draw(settings: Settings) -> list[cloudwatch.IWidget]:
    photos = [
        *(
            measure_photos(settings, measures.ROUTED, "Sum", MINUTES, ("class", name)).with_(label=name)
            for name in settings.classes
        ),
        *(
            measure_photos(settings, metric, "Sum", MINUTES).with_(label=label)
            for metric, label in ((measures.REFUSED, "refused"), (measures.FAILED, "failed"))
        ),
    ]
    steps = [
        measure_photos(settings, measures.STEP, "p90", MINUTES, ("step", step)).with_(label=step)
        for step in measures.STEPS
    ]
    drift = [
        measure_photos(settings, measures.DRIFT, "Maximum", DAY, ("measure", measure)).with_(label=measure)
        for measure in measures.DRIFTING
    ]
    throttles = [metric.with_(label=purpose) for purpose, metric in measure_throttles(settings).items()]
    return [
        _graph("Photos routed, by class, refused and failed", photos),
        _graph("Confidence, average", [measure_photos(settings, measures.CONFIDENCE, "Average", MINUTES)]),
        _graph("Milliseconds of nine photos in ten, by step", steps),
        _graph(
            "Endpoint: share of errors, and milliseconds",
            [measure_endpoint(settings, "Invocation5XXErrors", "Average", MINUTES).with_(label="errors")],
            right=[_measure_latency(settings)],
        ),
        _graph(
            "Uploads waiting, and dead letters",
            [
                measure_queue(settings, queue).with_(label=label)
                for queue, label in ((UPLOADS, "uploads"), (DEAD_LETTERS, "dead letters"))
            ],
        ),
        _graph(
            "Hours that the oldest review waits",
            [measure_photos(settings, measures.OLDEST_REVIEW, "Maximum", 15)],
        ),
        _graph("Calls that Lambda turned away, by function", throttles),
        _graph("Drift of each day, by measure", drift, start=DRIFT_SHOWN),
    ]


def _measure_latency(settings: Settings) -> cloudwatch.IMetric:
    return cloudwatch.MathExpression(
        expression="latency / 1000",
        using_metrics={"latency": measure_endpoint(settings, "ModelLatency", "p90", MINUTES)},
        label="milliseconds of nine in ten",
        period=cdk.Duration.minutes(MINUTES),
    )


def _graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    *,
    right: Sequence[cloudwatch.IMetric] = (),
    start: str | None = None,
) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=title, left=[*left], right=[*right], start=start, width=WIDTH, height=HEIGHT
    )
