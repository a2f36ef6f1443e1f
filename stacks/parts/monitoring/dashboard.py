"""The dashboard that answers "is it well?" on one screen: the alarms' states, and six graphs below them."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from lambdas.workflow import measures
from stacks.configuration.settings import Settings
from stacks.parts.monitoring.alarms import measure_endpoint, measure_photos

MINUTES = 5
# A dashboard is 24 wide: three graphs in a row.
WIDTH, HEIGHT = 8, 5


def add_dashboard(
    scope: Construct, *, settings: Settings, alarms: Sequence[cloudwatch.Alarm]
) -> cloudwatch.Dashboard:
    """Adds the dashboard, which has the deployment's name."""
    routed = [
        measure_photos(settings, measures.ROUTED, "Sum", MINUTES, ("class", name))
        for name in settings.classes
    ]
    refused, failed = (
        measure_photos(settings, metric, "Sum", MINUTES) for metric in (measures.REFUSED, measures.FAILED)
    )
    steps = [
        measure_photos(settings, measures.STEP, "p90", MINUTES, ("step", step))
        for step in ("serialize", "classify", "filter")
    ]
    graphs: list[tuple[str, list[cloudwatch.IMetric]]] = [
        ("Photos routed, by class", [*routed]),
        ("Photos refused and failed", [refused, failed]),
        ("Confidence, average", [measure_photos(settings, measures.CONFIDENCE, "Average", MINUTES)]),
        ("Milliseconds of nine photos in ten, by step", [*steps]),
        (
            "Endpoint: share of errors",
            [measure_endpoint(settings, "Invocation5XXErrors", "Average", MINUTES)],
        ),
        (
            "Hours that the oldest review waits",
            [measure_photos(settings, measures.OLDEST_REVIEW, "Maximum", 15)],
        ),
    ]
    widgets = [
        cloudwatch.GraphWidget(title=title, left=metrics, width=WIDTH, height=HEIGHT)
        for title, metrics in graphs
    ]
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=settings.name,
        widgets=[
            [cloudwatch.AlarmStatusWidget(title="Is it well?", alarms=[*alarms], width=24, height=3)],
            widgets[:3],
            widgets[3:],
        ],
    )
