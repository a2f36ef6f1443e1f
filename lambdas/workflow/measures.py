"""What the functions measure: values gathered during an invocation, and told CloudWatch by lines of its log.

The lines have the embedded metric format, of which CloudWatch makes metrics; no request is sent for it.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from aws_lambda_powertools.metrics import EphemeralMetrics

NAMESPACE = "SconesUnlimited"
"""Of all metrics of the project; their dimension ``service`` is the deployment's name."""

ROUTED = "PhotosRouted"
REFUSED = "PhotosRefused"
FAILED = "PhotosFailed"
CONFIDENCE = "Confidence"
STEP = "StepMilliseconds"
REVIEWS_WAITING = "ReviewsWaiting"
OLDEST_REVIEW = "OldestReviewHours"
DRIFT = "Drift"
DRIFT_ABOVE_NOISE = "DriftAboveNoise"

UNITS = {
    ROUTED: "Count",
    REFUSED: "Count",
    FAILED: "Count",
    CONFIDENCE: "None",
    STEP: "Milliseconds",
    REVIEWS_WAITING: "Count",
    OLDEST_REVIEW: "None",
    DRIFT: "None",
    DRIFT_ABOVE_NOISE: "Count",
}
"""The unit of each metric."""

STEPS = ("serialize", "classify", "filter")
"""The values of the dimension ``step``."""
DRIFTING = ("confidence", "class_mix", "brightness", "contrast", "sharpness")
"""The values of the dimension ``measure``: what may drift."""
DRIFT_HOUR = 3
"""When each day the photos of the day before are judged: that ends at midnight in UTC, as this hour is, and
SageMaker writes what it captured within the hour."""

Dimension = tuple[str, str]
"""Name and value of what divides a metric beside the service."""

# A batch measures on several threads at once: what they add is put into lines when they are done.
_values: list[tuple[str, float, Dimension | None]] = []


def add(metric: str, value: float = 1, dimension: Dimension | None = None) -> None:
    """Adds a value, which ``tell`` tells.

    Args:
        metric: Its name.
        value: The value, in the metric's unit.
        dimension: Its dimension beside the service, of few values: each makes a metric to be paid for.
    """
    _values.append((metric, value, dimension))


@contextmanager
def time_step(step: str) -> Iterator[None]:
    """Adds how long a step takes, one that fails too."""
    began = perf_counter()
    try:
        yield
    finally:
        add(STEP, (perf_counter() - began) * 1000, ("step", step))


def tell() -> None:
    """Writes all that was added since, a line for each dimension."""
    values, _values[:] = _values[:], []
    lines: dict[Dimension | None, EphemeralMetrics] = {}
    for metric, value, dimension in values:
        if dimension not in lines:
            lines[dimension] = EphemeralMetrics(namespace=NAMESPACE)
            if dimension:
                lines[dimension].add_dimension(*dimension)
        lines[dimension].add_metric(metric, UNITS[metric], value)
    for line in lines.values():
        # A hundred values of a metric are written as soon as they are there.
        if line.metric_set:
            line.flush_metrics()
