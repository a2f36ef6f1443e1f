"""Decides which state an alarm's data points put it into.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Sequence

EXTRA_PERIODS = 2
"""How many periods beyond its own an alarm asks data for; AWS says no number, its examples have this one."""
COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
"""What may be made of missing data."""


def decide(points: Sequence[bool | None], periods: int, needed: int, missing: str) -> str | None:
    """Returns the state that data points put an alarm into; None where it keeps the one that it has.

    Args:
        points: Whether each point of the evaluation range breaches, the oldest first; None for missing data.
        periods: How many points the alarm evaluates.
        needed: How many of them must breach.
        missing: What is made of missing data: missing, ignore, breaching or notBreaching.
    """
    real = [breaches for breaches in points if breaches is not None][-periods:]
    # As few as possible are filled in: real data from farther back come first.
    filled = periods - len(real)
    if sum(real) + (filled if missing == "breaching" else 0) >= needed:
        return "ALARM"
    if missing in ("breaching", "notBreaching") or False in real:
        return "OK"
    if missing == "ignore":
        return None
    if not real:
        return "INSUFFICIENT_DATA"
    # All that is known breaches. Where it has only begun, the next point may say otherwise; once it is as old
    # as the number that is needed, AWS waits no longer.
    age = len(points) - points.index(True)
    return "ALARM" if age >= needed else "OK"
