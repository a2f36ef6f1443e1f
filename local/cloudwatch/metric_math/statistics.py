"""Which statistics and periods an alarm, or a query, may have.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

import re

STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
PERCENTILE = re.compile(r"p(100|\d{1,2}(\.\d{1,10})?)")
HIGH_PERIODS = (10, 20, 30)


def find_statistic_fault(statistic: str) -> str | None:
    """Returns what is wrong with the statistic of a metric; None where nothing is."""
    if statistic in STATISTICS or PERCENTILE.fullmatch(statistic):
        return None
    return (
        f"The statistic is {statistic!r}; in the embedded cloud it must be one of {', '.join(STATISTICS)}, "
        "or a percentile such as p99"
    )


def find_period_fault(period: int | None) -> str | None:
    """Returns what is wrong with the length of a period in seconds; None where nothing is."""
    if period in HIGH_PERIODS or (period and period > 0 and period % 60 == 0):
        return None
    return f"Period is {period}; it must be 10, 20, 30, or a multiple of 60"
