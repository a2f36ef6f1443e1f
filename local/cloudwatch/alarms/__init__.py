"""CloudWatch's alarms as AWS documents them: dimensions, M out of N, missing data, time, and their actions.

MiniStack looks at an alarm only when data are put, and then at all data that have its metric's name.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Alarms.html
"""

from local.cloudwatch.alarms import actions, changes, composite, records, ticker


def install() -> None:
    """Replaces MiniStack's alarms."""
    changes.install(ticker.hold)
    actions.install()
    records.install()
    composite.install()
    ticker.install()
